package postgres

import (
	"maps"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// An argument that nobody gave is no NULL, and nothing is queued then; one that is NULL on
// purpose is.
func TestAStatementLacksNoArgument(t *testing.T) {
	t.Parallel()
	s := newStatement("test", "SELECT @client, @most_open, @client", "client", "most_open")
	whole := pgx.NamedArgs{"client": "alice", "most_open": nil, "unused": 1}
	for name := range maps.Keys(whole) {
		args, batch := maps.Clone(whole), &pgx.Batch{}
		delete(args, name)
		err := s.queue(batch, args)
		if name == "unused" {
			if err != nil || batch.Len() != 1 || len(batch.QueuedQueries[0].Arguments) != 2 {
				t.Errorf("nothing is missing: %v, %d queued", err, batch.Len())
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), name) || batch.Len() != 0 {
			t.Errorf("without %s: %v, %d queued", name, err, batch.Len())
		}
	}
}
