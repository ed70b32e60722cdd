package postgres_test

import (
	"testing"

	"ferry/liquidity"
)

// Setup: a booking before, so that what follows is booked at once. Test: whatever a client is
// called, its locks are stored under that name and counted as its.
func TestAnyClientIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	for _, client := range []string{`"`, `\`, `a"b\"c\\`, `{a,b}`, `NULL`, ` `, `'`, `é ☃`, `$1 @client`} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.mustBook(t, b.lock(client))
			l := b.lock(client)
			b.mustBook(t, l)
			var stored string
			if err := b.pool.QueryRow(t.Context(), "SELECT client FROM lock WHERE quote_id = $1", l.Quote.ID).Scan(&stored); err != nil || stored != client {
				t.Fatalf("stored as %q: %v", stored, err)
			}
			bounds := b.bounds(1000)
			bounds.MaxLocks = 2
			if booking := b.book(t, b.lock(client), bounds); booking.Booked || booking.Stop != liquidity.StopClient {
				t.Errorf("a third lock of two: %+v", booking)
			}
		})
	}
}

// Setup: a database whose commits of bookings fail. Test: nothing is booked, at once or
// measured, and the next booking, which does not fail, is.
func TestACommitThatFailsBooksNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mustBook(t, b.lock("alice"))
	if _, err := b.pool.Exec(t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON lock DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if booking, err := b.store.Book(t.Context(), b.lock("alice"), b.bounds(1000)); err == nil || booking.Booked {
			t.Fatalf("booked by a commit that failed: %+v, %v", booking, err)
		}
	}
	if _, err := b.pool.Exec(t.Context(), "DROP TRIGGER refused ON lock"); err != nil {
		t.Fatal(err)
	}
	if got := b.reserved(t); got != "1" {
		t.Errorf("%s ETH are reserved, want 1", got)
	}
	b.mustBook(t, b.lock("alice"))
	if got := b.reserved(t); got != "2" {
		t.Errorf("%s ETH are reserved, want 2", got)
	}
}
