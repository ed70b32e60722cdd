package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// history is what several clients did at once, in the order of a counter.
type history struct {
	ticks atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// do notes one call with its result.
func (h *history) do(client int, input any, call func() any) any {
	from := h.ticks.Add(1)
	output := call()
	to := h.ticks.Add(1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: input, Call: from, Output: output, Return: to})
	return output
}

// check fails the test unless the calls can have happened one after the other.
func (h *history) check(t *testing.T, m porcupine.Model) {
	t.Helper()
	if got := porcupine.CheckOperationsTimeout(m, h.ops, patience); got != porcupine.Ok {
		t.Fatalf("%d calls at once are %s: they can't have happened one after the other", len(h.ops), got)
	}
}

const patience = time.Minute

// claim is a swap that claims a lock, by their numbers.
type claim struct{ lock, swap int }

// claims is the model: which swap has which lock. 0 is none.
type claims [3]int

func (c claims) of(swap int) int {
	for lock, by := range c {
		if by == swap {
			return lock
		}
	}
	return -1
}

// claimModel says that a lock goes to the first swap that claims it and has no other, which
// gets the same answer again, and everybody else is told so.
var claimModel = porcupine.Model{
	Init: func() any { return claims{} },
	Step: func(state, input, output any) (bool, any) {
		held, c := state.(claims), input.(claim)
		err, _ := output.(error)
		switch by := held[c.lock]; {
		case by == c.swap:
			return err == nil, held
		case by != 0:
			return errors.Is(err, liquidity.ErrLockUsed), held
		case held.of(c.swap) >= 0:
			return errors.Is(err, liquidity.ErrSwapHasQuote), held
		}
		held[c.lock] = c.swap
		return err == nil, held
	},
}

// Setup: three locks, and swaps that claim them at once, in two processes. Test: whatever
// the order, one swap claims one lock.
func TestClaimsAreLinear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stores := []*postgres.Store{b.store, postgres.New(b.pool, b.clock.now)}
	for range 4 {
		var locks [3]liquidity.Lock
		var swaps [5]string
		for i := range locks {
			locks[i] = b.lock("alice")
			b.mustBook(t, locks[i])
		}
		for i := range swaps {
			swaps[i] = newSwap()
		}
		var h history
		parallel(t, 6, func(ctx context.Context, n int) error {
			for range 6 {
				c := claim{lock: rand.N(len(locks)), swap: 1 + rand.N(len(swaps))}
				l := locks[c.lock]
				got := h.do(n, c, func() any {
					return stores[n%2].Accept(ctx, l.Quote, l.Signed, swaps[c.swap-1], liquidity.Bounds{})
				})
				if err, _ := got.(error); err != nil && !errors.Is(err, liquidity.ErrLockUsed) && !errors.Is(err, liquidity.ErrSwapHasQuote) {
					return err
				}
			}
			return nil
		})
		h.check(t, claimModel)
	}
}

// What reservations are measured against: a balance in whole ETH, and half as much again
// while nobody has accepted.
const (
	balanceETH = 10
	promiseETH = 15
)

// step is a call that changes what is reserved: a booking, an acceptance or the end of so
// many ETH.
type step struct {
	kind string
	eth  uint64
}

// held is what is reserved, and what of it is accepted.
type held struct{ all, firm uint64 }

// heldModel says that a booking is refused exactly if it would exceed the promise, and an
// acceptance exactly if it would exceed the balance.
var heldModel = porcupine.Model{
	Init: func() any { return held{} },
	Step: func(state, input, output any) (bool, any) {
		h, s := state.(held), input.(step)
		done, _ := output.(bool)
		switch s.kind {
		case "book":
			if fits := h.all+s.eth <= promiseETH; fits != done {
				return false, h
			}
			if done {
				h.all += s.eth
			}
		case "accept":
			if fits := h.firm+s.eth <= balanceETH; fits != done {
				return false, h
			}
			if done {
				h.firm += s.eth
			}
		case "end":
			h.all, h.firm = h.all-s.eth, h.firm-s.eth
		}
		return true, h
	},
}

// Setup: two processes, whose clients book, accept and end promises of one oversubscribed
// balance. Test: what is promised is never above the balance × the oversubscription, what
// is accepted never above the balance, and nothing that fits is refused.
func TestReservationsAreLinear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stores := []*postgres.Store{b.store, postgres.New(b.pool, b.clock.now)}
	// The balance is told after all ends, so that these count no more.
	bounds := b.bounds(balanceETH)
	bounds.OversubscribePPM, bounds.BalanceAt = 1_500_000, b.clock.now().Add(time.Second)
	var h history
	parallel(t, 6, func(ctx context.Context, n int) error {
		w := worker{bench: b, store: stores[n%2], bounds: bounds, history: &h, number: n}
		for range 12 {
			if err := w.act(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	h.check(t, heldModel)
}

// worker is one client of TestReservationsAreLinear with what it holds.
type worker struct {
	bench
	store   *postgres.Store
	bounds  liquidity.Bounds
	history *history
	number  int
	booked  []liquidity.Lock
	swaps   []string
	eths    []uint64
}

// act ends what it has accepted, accepts what it has booked, or books.
func (w *worker) act(ctx context.Context) error {
	switch pick := rand.N(3); {
	case pick == 0 && len(w.swaps) > 0:
		id, eth := w.swaps[0], w.eths[0]
		w.swaps, w.eths = w.swaps[1:], w.eths[1:]
		got := w.history.do(w.number, step{"end", eth}, func() any {
			batch := bus.Batch{Topic: bus.TopicUpdates, From: 0, Next: 1}
			_, err := w.store.Close(ctx, "g"+id, batch, over(id))
			return err
		})
		err, _ := got.(error)
		return err
	case pick == 1 && len(w.booked) > 0:
		return w.accept(ctx)
	}
	eth := 1 + rand.Uint64N(3)
	l := w.sized(eth)
	var err error
	got := w.history.do(w.number, step{"book", eth}, func() any {
		var booking liquidity.Booking
		booking, err = w.store.Book(ctx, l, w.bounds)
		return booking.Booked
	})
	if done, _ := got.(bool); done {
		w.booked = append(w.booked, l)
	}
	return err
}

func (w *worker) accept(ctx context.Context) error {
	l, id := w.booked[0], newSwap()
	eth := w.eth(l)
	var err error
	got := w.history.do(w.number, step{"accept", eth}, func() any {
		err = w.store.Accept(ctx, l.Quote, l.Signed, id, w.bounds)
		return err == nil
	})
	if errors.Is(err, liquidity.ErrLockUnfunded) {
		return nil
	}
	if done, _ := got.(bool); done {
		w.booked, w.swaps, w.eths = w.booked[1:], append(w.swaps, id), append(w.eths, eth)
	}
	return err
}

// sized is a lock that reserves so many ETH.
func (w *worker) sized(eth uint64) liquidity.Lock {
	l := w.lock("alice")
	whole := w.bench.bounds(int(eth)).Available
	payout, err := whole.Sub(l.Quote.NetworkFee.Units)
	if err != nil {
		panic(err)
	}
	l.Quote.Payout.Units = payout
	return l
}

func (w *worker) eth(l liquidity.Lock) uint64 {
	sum, err := l.Quote.Payout.Units.Add(l.Quote.NetworkFee.Units)
	if err != nil {
		panic(err)
	}
	whole, err := sum.MulDiv(asset.Pow10(0), asset.Pow10(18), asset.Down)
	if err != nil {
		panic(err)
	}
	n, _ := whole.Uint64()
	return n
}

// The models find what must not be: two swaps that claim one lock, a booking above the
// promise, one that was refused though it fits, an acceptance above the balance.
func TestModelsFindFaults(t *testing.T) {
	t.Parallel()
	in := func(m porcupine.Model, pairs ...any) bool {
		var h history
		for i := 0; i < len(pairs); i += 2 {
			h.do(0, pairs[i], func() any { return pairs[i+1] })
		}
		return porcupine.CheckOperations(m, h.ops)
	}
	for name, c := range map[string]struct {
		model porcupine.Model
		calls []any
		want  bool
	}{
		"claimed once":          {claimModel, []any{claim{0, 1}, nil, claim{0, 2}, liquidity.ErrLockUsed, claim{0, 1}, nil}, true},
		"claimed twice":         {claimModel, []any{claim{0, 1}, nil, claim{0, 2}, nil}, false},
		"two locks for a swap":  {claimModel, []any{claim{0, 1}, nil, claim{1, 1}, nil}, false},
		"fits":                  {heldModel, []any{step{"book", 15}, true, step{"book", 1}, false}, true},
		"promised too much":     {heldModel, []any{step{"book", 15}, true, step{"book", 1}, true}, false},
		"refused though it fit": {heldModel, []any{step{"book", 14}, true, step{"book", 1}, false}, false},
		"accepted too much":     {heldModel, []any{step{"book", 11}, true, step{"accept", 11}, true}, false},
	} {
		if got := in(c.model, c.calls...); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
