package hedge_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"ferry/liquidity/hedge"
	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

// roundsMost bounds how long a world may take to come to rest; a second passes in each.
const roundsMost = 400

// answers are the ways in which a venue may answer, of which each ambiguous one is met with
// each death. Lookups fail besides in some.
var answers = map[string][]simulator.Kind{
	"as it should": nil, "half of it": {simulator.OrderPartial}, "refused": {simulator.OrderRefused}, "throttled": {simulator.OrderThrottle},
	"lost": {simulator.OrderLost}, "failed": {simulator.OrderFailure}, "filled, then cut": {simulator.OrderCut},
	"filled, then an internal error": {simulator.OrderUnsure}, "arrives late": {simulator.OrderLate},
	"half of it, then cut":                          {simulator.OrderPartial, simulator.OrderCut},
	"filled, cut, and not found":                    {simulator.OrderCut, simulator.LookupBlind},
	"filled, cut, and lookups fail":                 {simulator.OrderCut, simulator.LookupFailure},
	"filled, cut, and fills delayed":                {simulator.OrderCut, simulator.FillsBlind},
	"late, and lookups fail":                        {simulator.OrderLate, simulator.LookupFailure},
	"banned":                                        {simulator.OrderBan},
	"lost, never answered":                          {simulator.OrderVanish},
	"filled, never answered":                        {simulator.OrderHang},
	"half of it, never answered":                    {simulator.OrderPartial, simulator.OrderHang},
	"filled, then reset":                            {simulator.OrderReset},
	"filled, never answered, and lookups throttled": {simulator.OrderHang, simulator.LookupThrottle},
	"lost, never answered, and not found":           {simulator.OrderVanish, simulator.LookupBlind},
}

// Setup: a swap whose difference is hedged, at venues that answer in some way. Test: the
// process is killed before and after each of its effects, and another one goes on. In the
// end the exchange's accounts have changed by exactly what the book says, the position is
// within its band, and no client id was sent twice.
func TestNoCrashHedgesTwiceOrNever(t *testing.T) {
	t.Parallel()
	for name, kinds := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, simulator.Binance, simulator.Kraken)
			alive := &life{}
			w.play(alive, kinds, 150)
			if alive.steps < 4 {
				t.Fatalf("only %d effects: nothing was hedged", alive.steps)
			}
			// One more than was seen: a death may lead where the quiet run did not.
			for k := 1; k <= alive.steps+1; k++ {
				for _, after := range []bool{false, true} {
					size := int64(150)
					if k%2 == 0 {
						size = -150
					}
					w.play(&life{killAt: k, after: after}, kinds, size)
				}
			}
			w.audit()
			t.Logf("%d effects, a death before and after each", alive.steps)
		})
	}
}

// play has one swap hedged by a process of that life, and by another when it has died.
func (w *world) play(l *life, kinds []simulator.Kind, hundredths int64) {
	w.t.Helper()
	for _, kind := range kinds {
		w.Fault(kind, 1, 1)
	}
	b := w.batch(w.settled(hundredths))
	h := w.process(l)
	quiet := 0
	var problem error
	for range roundsMost {
		if l.dead {
			l = &life{}
			h = w.process(l)
		}
		if problem = w.deliver(h, b); problem != nil {
			continue
		}
		// What goes wrong is the point; what comes of it is looked at.
		problem = h.Round(w.t.Context())
		w.clock.pass(time.Second)
		if w.atRest() {
			if quiet++; quiet >= 2 && !l.dead {
				return
			}
			continue
		}
		quiet = 0
	}
	position, open := w.position(asset.ETH)
	w.t.Fatalf("it does not come to rest after a death at %d (after %t): %s wei, %d orders open, and at last: %v", l.killAt, l.after, position, open, problem)
}

func (w *world) atRest() bool {
	position, open := w.position(asset.ETH)
	return open == 0 && position.CmpAbs(config().Assets[asset.ETH].Band.Big()) <= 0
}

// audit compares the book with the accounts, and the position with the ledger.
func (w *world) audit() {
	w.t.Helper()
	ctx := w.t.Context()
	var fills, resent int64
	if err := w.pool.QueryRow(ctx, "SELECT count(*) FROM hedge_fill").Scan(&fills); err != nil {
		w.t.Fatal(err)
	}
	now := w.holdings()
	for _, id := range []asset.ID{asset.ETH, asset.BTC} {
		position, _ := w.position(id)
		var booked, swapped string
		err := w.pool.QueryRow(ctx, `SELECT coalesce(sum(units), 0)::text, coalesce(sum(units) FILTER (WHERE entry_key LIKE 'exposure:%'), 0)::text
			FROM posting WHERE account = 'position' AND asset = $1`, string(id)).Scan(&booked, &swapped)
		if err != nil {
			w.t.Fatal(err)
		}
		if booked != position.String() {
			w.t.Errorf("the position of %s is %s, its ledger says %s", id, position, booked)
		}
		hedged := new(big.Int).Sub(position, number(w.t, swapped))
		off := hedged.Sub(hedged, new(big.Int).Sub(now[id], w.start[id]))
		// A cost that is no whole base unit is rounded against the house, once a fill.
		if allowed := map[asset.ID]int64{asset.BTC: fills}[id]; off.CmpAbs(big.NewInt(allowed)) > 0 {
			w.t.Errorf("the book of hedges is off by %s of %s from the accounts, over %d fills", off, id, fills)
		}
	}
	rows, err := w.pool.Query(ctx, "SELECT client_id, venue FROM hedge_order")
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var client, venue string
		if err := rows.Scan(&client, &venue); err != nil {
			w.t.Fatal(err)
		}
		if w.Orders(venue, client) > 1 {
			resent++
		}
	}
	if rows.Err() != nil || resent > 0 {
		w.t.Errorf("%d client ids were used twice: %v", resent, rows.Err())
	}
}

func number(t *testing.T, text string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return n
}

// Setup: random swaps, answers and deaths, several swaps at a time. Test: as in the sweep.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	kinds := []simulator.Kind{simulator.OrderPartial, simulator.OrderRefused, simulator.OrderLost, simulator.OrderFailure, simulator.OrderCut,
		simulator.OrderUnsure, simulator.OrderLate, simulator.LookupBlind, simulator.LookupFailure, simulator.FillsBlind,
		simulator.OrderBan, simulator.OrderVanish, simulator.OrderHang, simulator.OrderReset, simulator.LookupThrottle}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 7))
			w := newWorld(t, simulator.Venues()...)
			for range 12 {
				var faults []simulator.Kind
				for range rng.IntN(3) {
					faults = append(faults, kinds[rng.IntN(len(kinds))])
				}
				w.play(&life{killAt: rng.IntN(12), after: rng.IntN(2) == 0}, faults, 10+rng.Int64N(2000)-1000)
			}
			w.audit()
		})
	}
}

// Setup: a venue that does not know an order any more, though it filled it. Test: the order
// is never held to be void, because of the fill that is nobody's; once the venue remembers,
// it is booked.
func TestAFillThatNobodyExplainsKeepsTheOrderOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Binance, simulator.Kraken)
	w.Fault(simulator.OrderCut, 1, 0)
	w.Fault(simulator.LookupBlind, 1000, 0)
	h := w.process(&life{})
	if err := w.deliver(h, w.batch(w.settled(300))); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		_ = h.Round(t.Context())
		w.clock.pass(time.Second)
	}
	if _, open := w.position(asset.ETH); open == 0 {
		t.Fatal("an order that was filled is held to be void")
	}
	w.Fault(simulator.LookupBlind, 1, 0)
	for n := 0; !w.atRest(); n++ {
		if n == roundsMost {
			t.Fatal("it does not come to rest")
		}
		_ = h.Round(t.Context())
		w.clock.pass(time.Second)
	}
	w.audit()
}

// Setup: two processes that look at one position at the same time. Test: one of them hedges.
func TestTwoProcessesHedgeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Binance, simulator.Kraken)
	a, b := w.process(&life{}), w.process(&life{})
	if err := w.deliver(a, w.batch(w.settled(500))); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	for _, h := range []*hedge.Hedger{a, b} {
		go func() { done <- h.Round(t.Context()) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.play(&life{}, nil, 2)
	w.audit()
}
