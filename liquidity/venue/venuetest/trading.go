package venuetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/simulator"
)

// AnswerWithin bounds a request of a trader in tests: no test reaches it.
const AnswerWithin = 30 * time.Second

// deadlineIn is how far ahead orders' deadlines are.
const deadlineIn = 30 * time.Second

// floor is the account of a trader in a test.
type floor struct {
	Exchange
	trader trade.Venue
	i      liquidity.Instrument
}

// Trading runs a venue's trader against every fault of orders. open makes one of the
// exchange at an address "host:port".
func Trading(t *testing.T, venue string, open func(t *testing.T, address string) trade.Venue) {
	t.Helper()
	begin := func(t *testing.T) floor {
		x := Simulate(t, venue)
		return floor{x, open(t, x.Address), Market(t).Instrument}
	}
	for name, test := range map[string]func(t *testing.T, f floor){
		"an order and all that is told of it": fillAndAsk, "faults": faults, "asked again": blind, "what it has": standing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, begin(t))
		})
	}
}

// order is for some size at a price that is filled at once.
func (f floor) order(t *testing.T, side trade.Side, size uint64) trade.Order {
	t.Helper()
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	price := Market(t).Start / 2
	if side == trade.Buy {
		price = Market(t).Start * 3 / 2
	}
	return trade.Order{ClientID: hex.EncodeToString(raw), Instrument: f.i, Side: side, Size: size, Price: price, Deadline: time.Now().Add(deadlineIn)}
}

// whole is what is told of an order in the end, with its fills.
func (f floor) whole(t *testing.T, o trade.Order, since time.Time) (trade.Report, []trade.Fill) {
	t.Helper()
	report, err := f.trader.Find(t.Context(), o, since)
	if err != nil {
		t.Fatal(err)
	}
	all, err := f.trader.Fills(t.Context(), f.i, since)
	if err != nil {
		t.Fatal(err)
	}
	var fills []trade.Fill
	for _, fill := range all {
		if fill.Of(o, report.VenueID) {
			fills = append(fills, fill)
		}
	}
	return report, fills
}

// Setup: an order of either side. Test: the report, the fills and what they cost agree
// with the exchange's account.
func fillAndAsk(t *testing.T, f floor) {
	since := time.Now().Add(-time.Minute)
	for _, side := range []trade.Side{trade.Buy, trade.Sell} {
		before := f.Holdings(f.trader.Name())
		o := f.order(t, side, 1_2345_0000)
		if _, err := f.trader.Place(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		report, fills := f.whole(t, o, since)
		if !report.Over || report.Filled != o.Size || report.VenueID == "" || len(fills) == 0 {
			t.Fatalf("%s: reported %+v with %d fills", side, report, len(fills))
		}
		sum := uint64(0)
		for _, fill := range fills {
			sum += fill.Size
			if fill.Side != side || fill.Price == 0 || fill.ID == "" || fill.At.Before(since) {
				t.Errorf("fill %+v", fill)
			}
		}
		after := f.Holdings(f.trader.Name())
		if sum != o.Size || side == trade.Sell && before[f.i.Base]-after[f.i.Base] != sum {
			t.Errorf("%s: fills are of %d, the account went from %d to %d", side, sum, before[f.i.Base], after[f.i.Base])
		}
	}
	missing := f.order(t, trade.Buy, 1)
	if _, err := f.trader.Find(t.Context(), missing, since); !errors.Is(err, trade.ErrNoOrder) {
		t.Errorf("an order that was never placed: %v", err)
	}
	late := f.order(t, trade.Buy, 1_0000_0000)
	late.Deadline = time.Now().Add(-time.Second)
	if _, err := f.trader.Place(t.Context(), late); !errors.Is(err, trade.ErrNotPlaced) {
		t.Errorf("an order whose deadline has passed: %v", err)
	}
}

// Setup: an order that meets a fault. Test: it is told as not placed exactly where it can't
// have been filled.
func faults(t *testing.T, f floor) {
	for kind, want := range map[simulator.Kind]struct{ placed, certain bool }{
		simulator.OrderRefused: {false, true}, simulator.OrderLost: {false, false},
		simulator.OrderFailure: {false, false}, simulator.OrderCut: {true, false}, simulator.OrderReset: {true, false}, simulator.OrderHang: {true, false}, simulator.OrderUnsure: {true, false},
	} {
		f.Fault(kind, 1, 1)
		o := f.order(t, trade.Buy, 1_0000_0000)
		ctx, giveUp := context.WithCancel(t.Context())
		if kind == simulator.OrderHang {
			go f.when(ctx, o, giveUp)
		}
		_, err := f.trader.Place(ctx, o)
		giveUp()
		if err == nil || errors.Is(err, trade.ErrNotPlaced) != want.certain {
			t.Errorf("%s: %v", kind, err)
		}
		if placed := f.Orders(f.trader.Name(), o.ClientID) == 1; placed != want.placed {
			t.Errorf("%s: placed is %t", kind, placed)
		}
	}
	f.Fault(simulator.OrderPartial, 1, 0)
	since, o := time.Now().Add(-time.Minute), f.order(t, trade.Sell, 2_0000_0000)
	if _, err := f.trader.Place(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if report, _ := f.whole(t, o, since); !report.Over || report.Filled != o.Size/2 {
		t.Errorf("half of it: %+v", report)
	}
	for _, kind := range []simulator.Kind{simulator.OrderThrottle, simulator.OrderBan} {
		f.Fault(kind, 1, 1)
		_, err := f.trader.Place(t.Context(), f.order(t, trade.Buy, 1_0000_0000))
		if !errors.Is(err, trade.ErrWait) || !errors.Is(err, trade.ErrNotPlaced) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// when calls what once the order was placed.
func (f floor) when(ctx context.Context, o trade.Order, what func()) {
	ticker := time.NewTicker(Pace)
	defer ticker.Stop()
	for f.Orders(f.trader.Name(), o.ClientID) == 0 {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	what()
}

// Setup: lookups that fail or show too little. Test: they are never told as an answer
// that they are not.
func blind(t *testing.T, f floor) {
	since, o := time.Now().Add(-time.Minute), f.order(t, trade.Buy, 1_0000_0000)
	if _, err := f.trader.Place(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	f.Fault(simulator.LookupFailure, 1, 0)
	if _, err := f.trader.Find(t.Context(), o, since); err == nil || errors.Is(err, trade.ErrNoOrder) {
		t.Errorf("an internal error is told as %v", err)
	}
	f.Fault(simulator.LookupFailure, 1, 0)
	if _, err := f.trader.Fills(t.Context(), f.i, since); err == nil {
		t.Error("an internal error is told as a list of fills")
	}
	f.Fault(simulator.LookupBlind, 1, 0)
	if _, err := f.trader.Find(t.Context(), o, since); !errors.Is(err, trade.ErrNoOrder) {
		t.Errorf("a blind lookup: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.trader.Place(ctx, f.order(t, trade.Buy, 1_0000_0000)); err == nil {
		t.Error("a request that was given up is told as done")
	}
	f.Fault(simulator.LookupThrottle, 1, 1)
	if _, err := f.trader.Find(t.Context(), o, since); err == nil || errors.Is(err, trade.ErrNoOrder) {
		t.Errorf("too many questions are told as %v", err)
	}
}

// Setup: an account. Test: balances, rules and book are read as they are.
func standing(t *testing.T, f floor) {
	rules, err := f.trader.Rules(t.Context(), f.i)
	if err != nil || rules.PriceStep != 1 || rules.SizeStep == 0 || rules.MinSize == 0 && rules.MinCost == 0 {
		t.Errorf("rules %+v: %v", rules, err)
	}
	depth, err := f.trader.Depth(t.Context(), f.i)
	if err != nil || len(depth.Bids) < 10 || len(depth.Asks) < 10 || depth.Bids[0].Price >= depth.Asks[0].Price || depth.Bids[1].Price >= depth.Bids[0].Price {
		t.Errorf("depth %+v: %v", depth, err)
	}
	balances, err := f.trader.Balances(t.Context())
	if err != nil || balances[f.i.Base].String() != "1000000000000000000000" || balances[f.i.Quote].String() != "100000000000" {
		t.Errorf("balances %v: %v", balances, err)
	}
}
