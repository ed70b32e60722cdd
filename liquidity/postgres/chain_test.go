package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap/asset"
)

// gate is the key on which commits of bookings for the client "slow" wait, and then fail.
const gate = "hashtextextended(current_schema() || '/test/gate', 0)"

// gated makes such commits wait until the function that it returns is called.
func (b bench) gated(t *testing.T) (open func()) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF NEW.client = 'slow' THEN PERFORM pg_advisory_xact_lock(`+gate+`); RAISE 'not today'; END IF; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON lock DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	holder, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // a test that fails must not keep the others waiting
		if err := holder.Rollback(context.Background()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
	})
	if _, err := holder.Exec(t.Context(), "SELECT pg_advisory_xact_lock("+gate+")"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := holder.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// outcome is what became of a booking.
type outcome struct {
	booking liquidity.Booking
	err     error
}

// begin books in the background.
func begin(ctx context.Context, s *postgres.Store, l liquidity.Lock, bounds liquidity.Bounds) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		booking, err := s.Book(ctx, l, bounds)
		done <- outcome{booking, err}
	}()
	return done
}

// awaitSent returns when so many bookings are sent and not answered.
func (b bench) awaitSent(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for b.store.Sent(asset.ETH) != n {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("%d bookings are under way, want %d", b.store.Sent(asset.ETH), n)
		}
	}
}

// chained is a booking whose commit waits at the gate and then fails, and one that was sent
// behind it, as if the first had been booked.
func (b bench) chained(t *testing.T, bounds liquidity.Bounds) (first, second <-chan outcome) {
	t.Helper()
	first = begin(t.Context(), b.store, b.lock("slow"), bounds)
	b.awaitSent(t, 1)
	b.awaitWaiter(t, gate) // it has its turn: nobody else comes first
	second = begin(t.Context(), b.store, b.lock("alice"), bounds)
	b.awaitSent(t, 2)
	return first, second
}

func mustFail(t *testing.T, first <-chan outcome) {
	t.Helper()
	if got := <-first; got.err == nil || got.booking.Booked {
		t.Errorf("booked by a commit that failed: %+v", got)
	}
}

// Setup: a booking whose commit fails, and one behind it that was decided as if it would
// not. Test: the second is booked, measured against what is stored, and so is a third.
func TestABookingBehindOneThatFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.Within(patience)
	b.mustBook(t, b.lock("alice"))
	open := b.gated(t)
	first, second := b.chained(t, b.bounds(3))
	open()
	mustFail(t, first)
	if got := <-second; got.err != nil || !got.booking.Booked {
		t.Errorf("behind a booking that failed: %+v", got)
	}
	if booking := b.book(t, b.lock("alice"), b.bounds(3)); !booking.Booked {
		t.Errorf("a third of three: %+v", booking)
	}
	if booking := b.book(t, b.lock("alice"), b.bounds(3)); booking.Booked || booking.Stop != liquidity.StopFunds {
		t.Errorf("a fourth of three: %+v", booking)
	}
	if got := b.reserved(t); got != "3" {
		t.Errorf("%s ETH are reserved, want 3", got)
	}
}

// Setup: as before, and somebody who promises two ETH when the first booking has failed,
// before the second, and counts the turn on by one. Test: the second does not take that for
// the first: what it does not leave room for is refused.
func TestAStrangerInPlaceOfOneThatFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.Within(patience)
	b.mustBook(t, b.lock("alice"))
	open := b.gated(t)
	first, second := b.chained(t, b.bounds(3))
	stranger := make(chan error, 1)
	go func() { stranger <- b.promise(t.Context(), b.lock("bob"), "1900000000000000000") }()
	b.awaitWaiter(t, assetLock)
	open()
	mustFail(t, first)
	if err := <-stranger; err != nil {
		t.Fatal(err)
	}
	if got := <-second; got.err != nil || got.booking.Booked || got.booking.Stop != liquidity.StopFunds {
		t.Errorf("behind a stranger who took all: %+v", got)
	}
	if got := b.reserved(t); got != "3" {
		t.Errorf("%s ETH are reserved, want 3", got)
	}
}

// promise stores a lock that pays so much, in one turn, as another process does.
func (b bench) promise(ctx context.Context, l liquidity.Lock, payout string) error {
	return pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		for _, sql := range []string{"SELECT pg_advisory_xact_lock(" + assetLock + ")", "UPDATE booking_turn SET turn = turn + 1 WHERE payout_asset = 'ETH'"} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		q := l.Quote
		_, err := tx.Exec(ctx, `INSERT INTO lock (quote_id, pair, payout_asset, deposit_units, payout_units, service_fee_units, network_fee_units,
				refund_fee_max_units, client, issued_at, accept_by, deposit_by, signed_quote)
			VALUES ($1, 'BTC-ETH', 'ETH', 1, $2, 0, $3, 0, $4, $5, $6, $6, $7)`, q.ID, payout, q.NetworkFee.Units, l.Client, q.IssuedAt, q.AcceptBy, l.Signed)
		return err
	})
}

// Setup: two bookings under way, whose connection is ended by the database. Test: both say
// that it is not known what became of them, neither is booked, and the next is.
func TestAConnectionThatEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.Within(patience)
	b.mustBook(t, b.lock("alice"))
	open := b.gated(t)
	defer open()
	first, second := b.chained(t, b.bounds(3))
	b.endWaiter(t)
	mustFail(t, first)
	mustFail(t, second)
	b.awaitSent(t, 0)
	for range 2 {
		if booking := b.book(t, b.lock("alice"), b.bounds(3)); !booking.Booked {
			t.Errorf("after the connection has ended: %+v", booking)
		}
	}
	if got := b.reserved(t); got != "3" {
		t.Errorf("%s ETH are reserved, want 3", got)
	}
}

// endWaiter ends the connection that waits at the gate, once there is one.
func (b bench) endWaiter(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		tag, err := b.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_locks
			WHERE locktype = 'advisory' AND NOT granted AND ((classid::bigint << 32) | objid::bigint) = `+gate)
		if err != nil {
			t.Fatal(err)
		}
		if tag.RowsAffected() > 0 {
			return
		}
		<-ticker.C
	}
}

// Setup: two processes, and requests for prices that take turns of their own, with 16 clients
// that book at once. Test: all there is gets promised, and nothing twice.
func TestTwoProcessesNeverPromiseTooMuch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const clients, each, room = 16, 12, 100
	stores := []*postgres.Store{b.store, postgres.New(b.pool, b.clock.now)}
	var booked atomic.Int64
	parallel(t, clients, func(ctx context.Context, n int) error {
		for i := range each {
			if n == 0 && i%4 == 3 { // as whoever answers such a request does
				if _, err := b.pool.Exec(ctx, `INSERT INTO booking_turn AS b (payout_asset, turn) VALUES (@asset, 1)
					ON CONFLICT (payout_asset) DO UPDATE SET turn = b.turn + 1`, pgx.NamedArgs{"asset": "ETH"}); err != nil {
					return err
				}
			}
			booking, err := stores[n%2].Book(ctx, b.lock(fmt.Sprint("client ", n)), b.bounds(room))
			if err != nil {
				return err
			}
			if booking.Booked {
				booked.Add(1)
			} else if booking.Stop != liquidity.StopFunds {
				return fmt.Errorf("refused for %q", booking.Stop)
			}
		}
		return nil
	})
	if got := booked.Load(); got != room {
		t.Errorf("%d of %d were booked", got, room)
	}
	if got := b.reserved(t); got != fmt.Sprint(room) {
		t.Errorf("%s ETH are reserved, want %d", got, room)
	}
}
