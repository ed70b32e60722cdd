package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/migrations/pgtest"
)

// Setup: an answer is not read in time, and a second transaction is to be sent on the connection.
// Test: it is not, and the answer of the first is not taken for its own. What was sent before that
// has no answer either.
func TestAnAnswerThatCameTooLateIsNobodyElses(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	slow := newStatement("slow", "SELECT pg_sleep(1) WHERE length(@text) > 0", "text")
	s, err := openStream(t.Context(), pool, slow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	c, err := slow.calling(pgx.NamedArgs{"text": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(50*time.Millisecond, c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.read(); !errors.Is(err, errStream) {
		t.Fatalf("%v, want that the connection has failed", err)
	}
	if err := s.send(time.Minute, c); !errors.Is(err, errStream) {
		t.Fatalf("sent a second: %v", err)
	}
	if err := s.conn.Conn().PgConn().Conn().SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if changed, err := s.read(); !errors.Is(err, errStream) {
		t.Fatalf("%d rows were changed by what was never answered: %v", changed, err)
	}
	s.failed = true
}
