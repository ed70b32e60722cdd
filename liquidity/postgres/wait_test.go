package postgres_test

import (
	"errors"
	"testing"
	"time"

	"ferry/liquidity"
)

// assetLock is the key on which bookings and acceptances against ETH meet.
const assetLock = "hashtextextended(current_schema() || '/lock/asset/ETH', 0)"

// Whoever had to wait for a booking judges by the clock after the wait: a lock
// that the booking saw lapsed is not accepted, and a quote that went stale in the
// queue is not booked.
func TestClockIsReadAfterTheWait(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*testing.T, bench, liquidity.Lock) bool{
		"accept": func(t *testing.T, b bench, l liquidity.Lock) bool {
			t.Helper()
			err := b.store.Accept(t.Context(), l.Quote, l.Signed, newSwap(), liquidity.Bounds{})
			if err != nil && !errors.Is(err, liquidity.ErrLockLapsed) {
				t.Error(err)
			}
			return err == nil
		},
		"book": func(t *testing.T, b bench, _ liquidity.Lock) bool {
			t.Helper()
			booking, err := b.store.Book(t.Context(), b.lock("bob"), b.bounds(1000))
			if err != nil {
				t.Error(err)
			}
			return booking.Booked
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			l := b.lock("alice")
			b.mustBook(t, l)
			holder, err := b.pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_xact_lock("+assetLock+")"); err != nil {
				t.Fatal(err)
			}
			done := make(chan bool, 1)
			go func() { done <- call(t, b, l) }()
			b.awaitWaiter(t, assetLock)
			b.clock.forward(time.Minute)
			if err := holder.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if <-done {
				t.Error("judged by a clock from before the wait")
			}
		})
	}
}

// awaitWaiter returns when somebody waits for assetLock, or for the gate.
func (b bench) awaitWaiter(t *testing.T, key string) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 12000 {
		var waiting bool
		err := b.pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND ((classid::bigint << 32) | objid::bigint) = `+key+")").Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
		<-ticker.C
	}
	t.Fatalf("nobody waits for %s", key)
}
