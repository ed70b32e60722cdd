package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// clock is a clock that only a test moves.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return start.Add(time.Duration(c.offset.Load())) }
func (c *clock) forward(d time.Duration) { c.offset.Add(int64(d)) }

type bench struct {
	pool  *pgxpool.Pool
	store *postgres.Store
	clock *clock
}

func setup(t *testing.T) bench {
	t.Helper()
	c := &clock{}
	pool := pgtest.New(t, "liquidity")
	return bench{pool: pool, store: postgres.New(pool, c.now), clock: c}
}

// lock is a promise of 0.9 ETH and 0.1 ETH of network fee: 1 ETH reserved.
func (b bench) lock(client string) liquidity.Lock {
	now := b.clock.now()
	eth := func(units string) asset.Amount {
		return asset.Amount{Asset: asset.ETH, Units: asset.MustUnits(units)}
	}
	q := swap.Quote{
		ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: asset.BTC, To: asset.ETH},
		Deposit: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(3_500_000)}, Payout: eth("900000000000000000"),
		ServiceFee: eth("5000000000000000"), NetworkFee: eth("100000000000000000"),
		RefundFeeMax: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(3000)},
		IssuedAt:     now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 60, ConfirmWindowSeconds: 60,
	}
	return liquidity.Lock{Quote: q, Signed: "signed " + q.ID, Client: client}
}

// bounds leave room for n locks as above.
func (b bench) bounds(n int) liquidity.Bounds {
	return liquidity.Bounds{Available: asset.MustUnits(fmt.Sprintf("%d000000000000000000", n)), BalanceAt: b.clock.now(), MaxLocks: 1000}
}

func (b bench) book(t *testing.T, l liquidity.Lock, bounds liquidity.Bounds) liquidity.Booking {
	t.Helper()
	booking, err := b.store.Book(t.Context(), l, bounds)
	if err != nil {
		t.Fatal(err)
	}
	return booking
}

func (b bench) mustBook(t *testing.T, l liquidity.Lock) {
	t.Helper()
	if booking := b.book(t, l, b.bounds(1000)); !booking.Booked {
		t.Fatalf("not booked: %+v", booking)
	}
}

func (b bench) accept(t *testing.T, l liquidity.Lock, swapID string) error {
	t.Helper()
	return b.store.Accept(t.Context(), l.Quote, l.Signed, swapID, liquidity.Bounds{})
}

func (b bench) mustAccept(t *testing.T, l liquidity.Lock, swapID string) {
	t.Helper()
	if err := b.accept(t, l, swapID); err != nil {
		t.Fatal(err)
	}
}

// reserved is the sum in whole ETH, as seen from a balance of now.
func (b bench) reserved(t *testing.T) string {
	t.Helper()
	units, err := b.store.Reserved(t.Context(), asset.ETH, b.clock.now())
	if err != nil {
		t.Fatal(err)
	}
	return asset.Amount{Asset: asset.ETH, Units: units}.Decimal()
}

// over are updates that the swaps are settled.
func over(ids ...string) []swap.Update {
	updates := make([]swap.Update, len(ids))
	for i, id := range ids {
		updates[i] = swap.Update{SwapID: id, State: swap.Settled, At: start}
	}
	return updates
}

func newSwap() string { return swap.NewID(swap.SwapPrefix, start) }

func TestBookKeepsTheWholeLock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lock("alice")
	b.mustBook(t, l)
	var got liquidity.Lock
	var pair, payoutAsset string
	q := &got.Quote
	err := b.pool.QueryRow(t.Context(), `SELECT quote_id, pair, payout_asset, deposit_units, payout_units, service_fee_units,
		network_fee_units, refund_fee_max_units, client, issued_at, accept_by, signed_quote FROM lock`).Scan(
		&q.ID, &pair, &payoutAsset, &q.Deposit.Units, &q.Payout.Units, &q.ServiceFee.Units,
		&q.NetworkFee.Units, &q.RefundFeeMax.Units, &got.Client, &q.IssuedAt, &q.AcceptBy, &got.Signed)
	if err != nil {
		t.Fatal(err)
	}
	want := l.Quote
	if pair != "BTC-ETH" || payoutAsset != "ETH" || got.Client != "alice" || got.Signed != l.Signed || q.ID != want.ID ||
		q.Deposit.Units != want.Deposit.Units || q.Payout.Units != want.Payout.Units || q.ServiceFee.Units != want.ServiceFee.Units ||
		q.NetworkFee.Units != want.NetworkFee.Units || q.RefundFeeMax.Units != want.RefundFeeMax.Units ||
		!q.IssuedAt.Equal(want.IssuedAt) || !q.AcceptBy.Equal(want.AcceptBy) {
		t.Errorf("stored %+v of %s to %s, want %+v", got, pair, payoutAsset, l)
	}
	if _, err := b.store.Book(t.Context(), l, b.bounds(1000)); err == nil {
		t.Error("the same quote was booked twice")
	}
}

func TestBookBounds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.mustBook(t, b.lock("alice"))
	b.mustBook(t, b.lock("alice"))
	cases := []struct {
		name   string
		lock   liquidity.Lock
		change func(*liquidity.Bounds)
		booked bool
	}{
		{"balance one unit short", b.lock("bob"), func(x *liquidity.Bounds) { x.Available = asset.MustUnits("2999999999999999999") }, false},
		{"balance of nothing", b.lock("bob"), func(x *liquidity.Bounds) { x.Available = asset.Units{} }, false},
		{"client's last lock taken", b.lock("alice"), func(x *liquidity.Bounds) { x.MaxLocks = 2 }, false},
		{"other client", b.lock("bob"), func(x *liquidity.Bounds) { x.MaxLocks = 1 }, true},
		{"balance just enough", b.lock("alice"), func(x *liquidity.Bounds) { x.Available = asset.MustUnits("4000000000000000000") }, true},
	}
	for _, c := range cases {
		bounds := b.bounds(1000)
		c.change(&bounds)
		before := b.reserved(t)
		booking := b.book(t, c.lock, bounds)
		if booking.Booked != c.booked {
			t.Errorf("%s: %+v, want booked %t", c.name, booking, c.booked)
		}
		if after := b.reserved(t); (after != before) != c.booked {
			t.Errorf("%s: reserved was %s, is %s", c.name, before, after)
		}
	}
	late := b.lock("carol")
	b.clock.forward(time.Minute)
	if booking := b.book(t, late, b.bounds(1000)); booking.Booked {
		t.Error("a quote was booked that had lapsed")
	}
}

// What a promise reserves, from its booking to its end.
func TestReservationsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lapses, settles := b.lock("alice"), b.lock("alice")
	b.mustBook(t, lapses)
	b.mustBook(t, settles)
	settled := newSwap()
	b.mustAccept(t, settles, settled)
	if got := b.reserved(t); got != "2" {
		t.Errorf("open and accepted: %s, want 2", got)
	}
	if booking := b.book(t, b.lock("alice"), liquidity.Bounds{}); booking.OpenLocks != 1 {
		t.Errorf("%d open locks, want 1: an accepted one is not open", booking.OpenLocks)
	}
	b.clock.forward(time.Minute)
	if got := b.reserved(t); got != "1" {
		t.Errorf("one lapsed: %s, want 1", got)
	}
	before := b.clock.now()
	b.clock.forward(time.Hour)
	batch := bus.Batch{Topic: bus.TopicUpdates, From: 0, Next: 1}
	closed, err := b.store.Close(t.Context(), "g", batch, over(settled, newSwap()))
	if err != nil || closed != 1 {
		t.Fatalf("closed %d, %v; want the one known", closed, err)
	}
	old, err := b.store.Reserved(t.Context(), asset.ETH, before)
	if err != nil || old != asset.MustUnits("1000000000000000000") {
		t.Errorf("seen from a balance older than the end: %s, %v; want it counted still", old, err)
	}
	if booking := b.book(t, b.lock("bob"), liquidity.Bounds{Available: asset.MustUnits("1500000000000000000"), BalanceAt: before, MaxLocks: 9}); booking.Booked {
		t.Error("booked against a balance that does not show the payment yet")
	}
	b.clock.forward(time.Microsecond)
	if got := b.reserved(t); got != "0" {
		t.Errorf("after its end: %s, want 0", got)
	}
}

// Parallel bookings exceed neither the balance nor a client's locks.
func TestParallelBookings(t *testing.T) {
	t.Parallel()
	const tries, room = 40, 7
	cases := []struct {
		name   string
		bounds func(bench) liquidity.Bounds
		client func(int) string
	}{
		{"balance", func(b bench) liquidity.Bounds { return b.bounds(room) }, func(n int) string { return fmt.Sprint(n) }},
		{"client", func(b bench) liquidity.Bounds {
			bounds := b.bounds(1000)
			bounds.MaxLocks = room
			return bounds
		}, func(int) string { return "alice" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var booked atomic.Int64
			parallel(t, tries, func(ctx context.Context, n int) error {
				booking, err := b.store.Book(ctx, b.lock(c.client(n)), c.bounds(b))
				if booking.Booked {
					booked.Add(1)
				}
				return err
			})
			if booked.Load() != room {
				t.Errorf("%d of %d were booked, want %d", booked.Load(), tries, room)
			}
			if got := b.reserved(t); got != fmt.Sprint(room) {
				t.Errorf("reserved %s, want %d", got, room)
			}
		})
	}
}

// Of many swaps that race for one quote exactly one wins, and wins again.
func TestParallelAcceptances(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lock("alice")
	b.mustBook(t, l)
	var mu sync.Mutex
	var winners []string
	parallel(t, 32, func(ctx context.Context, _ int) error {
		id := newSwap()
		err := b.store.Accept(ctx, l.Quote, l.Signed, id, liquidity.Bounds{})
		if errors.Is(err, liquidity.ErrLockUsed) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		winners = append(winners, id)
		return err
	})
	if len(winners) != 1 {
		t.Fatalf("%d swaps won the quote: %v", len(winners), winners)
	}
	b.mustAccept(t, l, winners[0])
	if got := b.reserved(t); got != "1" {
		t.Errorf("reserved %s, want 1", got)
	}
}

// parallel runs f n times at once.
func parallel(t *testing.T, n int, f func(ctx context.Context, n int) error) {
	t.Helper()
	var wg sync.WaitGroup
	ready := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-ready
			if err := f(t.Context(), i); err != nil {
				t.Error(err)
			}
		})
	}
	close(ready)
	wg.Wait()
}

func TestAcceptGuards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l, other, late := b.lock("alice"), b.lock("alice"), b.lock("alice")
	for _, x := range []liquidity.Lock{l, other, late} {
		b.mustBook(t, x)
	}
	first := newSwap()
	b.mustAccept(t, l, first)
	if err := b.accept(t, l, newSwap()); !errors.Is(err, liquidity.ErrLockUsed) {
		t.Errorf("another swap: %v", err)
	}
	if err := b.accept(t, other, first); !errors.Is(err, liquidity.ErrSwapHasQuote) {
		t.Errorf("a second quote for the swap: %v", err)
	}
	if err := b.accept(t, b.lock("alice"), newSwap()); !errors.Is(err, liquidity.ErrLockUnknown) {
		t.Errorf("a quote that was never booked: %v", err)
	}
	changed := other
	changed.Signed += "."
	if err := b.accept(t, changed, newSwap()); !errors.Is(err, liquidity.ErrLockUnknown) {
		t.Errorf("another text under the quote's id: %v", err)
	}
	b.clock.forward(time.Minute - time.Microsecond)
	b.mustAccept(t, other, newSwap())
	b.clock.forward(time.Microsecond)
	if err := b.accept(t, late, newSwap()); !errors.Is(err, liquidity.ErrLockLapsed) {
		t.Errorf("at accept_by: %v", err)
	}
	// The retry of an acceptance that succeeded is answered however late.
	b.mustAccept(t, l, first)
}

func TestLapse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	accepted := b.lock("alice")
	b.mustBook(t, accepted)
	b.mustAccept(t, accepted, newSwap())
	for range 3 {
		b.mustBook(t, b.lock("alice"))
	}
	lapse := func(want int64) {
		t.Helper()
		if n, err := b.store.Lapse(t.Context(), 2); err != nil || n != want {
			t.Errorf("%d lapsed (%v), want %d", n, err, want)
		}
	}
	lapse(0)
	b.clock.forward(time.Minute)
	fresh := b.lock("alice")
	b.mustBook(t, fresh)
	lapse(2)
	lapse(1)
	lapse(0)
	if got := b.reserved(t); got != "2" {
		t.Errorf("reserved %s, want the accepted and the fresh one", got)
	}
	b.mustAccept(t, fresh, newSwap())
}

// A batch whose offset has moved closes nothing; a repeated update closes nothing
// a second time.
func TestCloseGuards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := []string{newSwap(), newSwap()}
	for _, id := range ids {
		l := b.lock("alice")
		b.mustBook(t, l)
		b.mustAccept(t, l, id)
	}
	closeAt := func(from, next int64, ids ...string) (int64, error) {
		return b.store.Close(t.Context(), "g", bus.Batch{Topic: bus.TopicUpdates, Partition: 1, From: from, Next: next}, over(ids...))
	}
	if n, err := closeAt(0, 3, ids[0], ids[0]); n != 1 || err != nil {
		t.Errorf("first: %d, %v", n, err)
	}
	if n, err := closeAt(0, 3, ids[1]); n != 0 || !errors.Is(err, bus.ErrOffsetMoved) {
		t.Errorf("overtaken batch: %d, %v; want ErrOffsetMoved", n, err)
	}
	if got := b.reserved(t); got != "2" {
		t.Errorf("reserved %s, seen from a balance of the instant of the end; want 2", got)
	}
	b.clock.forward(time.Microsecond)
	if got := b.reserved(t); got != "1" {
		t.Errorf("reserved %s after an overtaken batch, want 1", got)
	}
	if n, err := closeAt(3, 4, ids[0]); n != 0 || err != nil {
		t.Errorf("repeated: %d, %v", n, err)
	}
	if n, err := closeAt(4, 5); n != 0 || err != nil {
		t.Errorf("nothing over: %d, %v", n, err)
	}
	if next, err := b.store.Offset(t.Context(), "g", bus.TopicUpdates, 1); next != 5 || err != nil {
		t.Errorf("offset %d, %v; want 5", next, err)
	}
}

// The table itself refuses what no code should write.
func TestChecks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l := b.lock("alice")
	b.mustBook(t, l)
	for _, change := range []string{
		"payout_units = 0", "deposit_units = -1", "network_fee_units = -1", "client = ''", "client = repeat('x', 101)",
		"accept_by = issued_at", "swap_id = 'x'", "accepted_at = issued_at", "swap_id = 'x', accepted_at = accept_by", "signed_quote = ''",
	} {
		if _, err := b.pool.Exec(t.Context(), "UPDATE lock SET "+change); err == nil {
			t.Errorf("%s was accepted", change)
		}
	}
}
