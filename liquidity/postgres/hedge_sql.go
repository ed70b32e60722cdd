package postgres

import _ "embed"

// The statements of the hedges, one a file.
var (
	//go:embed hedge_wait.sql
	hedgeWaitSQL string
	//go:embed hedge_promises.sql
	hedgePromisesSQL string
	//go:embed hedge_exposures.sql
	hedgeExposuresSQL string
	//go:embed hedge_unconfirmed.sql
	hedgeUnconfirmedSQL string
	//go:embed hedge_expose.sql
	hedgeExposeSQL string
	//go:embed hedge_move.sql
	hedgeMoveSQL string
	//go:embed hedge_entry.sql
	hedgeEntrySQL string
	//go:embed hedge_posting.sql
	hedgePostingSQL string
	//go:embed hedge_lot_add.sql
	hedgeLotAddSQL string
	//go:embed hedge_lots.sql
	hedgeLotsSQL string
	//go:embed hedge_lot_set.sql
	hedgeLotSetSQL string
	//go:embed hedge_lot_drop.sql
	hedgeLotDropSQL string
	//go:embed hedge_flows.sql
	hedgeFlowsSQL string
	//go:embed hedge_positions.sql
	hedgePositionsSQL string
	//go:embed hedge_open.sql
	hedgeOpenSQL string
	//go:embed hedge_round.sql
	hedgeRoundSQL string
	//go:embed hedge_intend.sql
	hedgeIntendSQL string
	//go:embed hedge_settle.sql
	hedgeSettleSQL string
	//go:embed hedge_fill.sql
	hedgeFillSQL string
	//go:embed hedge_venue_orders.sql
	hedgeVenueOrdersSQL string
)
