package bus

import _ "embed"

// The statements, one a file.
var (
	//go:embed outbox.sql
	putSQL string
	//go:embed relay_read.sql
	relayReadSQL string
	//go:embed relay_advance.sql
	relayAdvanceSQL string
	//go:embed relay_drop.sql
	relayDropSQL string
	//go:embed offset_advance.sql
	offsetAdvanceSQL string
	//go:embed outbox_backlog.sql
	outboxBacklogSQL string
)
