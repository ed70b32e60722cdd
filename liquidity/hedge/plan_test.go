package hedge

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/trade"
	"ferry/swap/asset"
)

// stand is a venue with one ask.
type stand struct {
	trade.Venue
	name string
	ask  uint64
	err  error
}

func (s stand) Name() string { return s.name }

func (stand) Rules(context.Context, liquidity.Instrument) (trade.Rules, error) {
	return trade.Rules{PriceStep: 1, SizeStep: 1}, nil
}

func (s stand) Depth(context.Context, liquidity.Instrument) (trade.Depth, error) {
	return trade.Depth{Asks: []book.Level{{Price: s.ask, Size: 1_0000_0000}}}, s.err
}

func planner(venues ...Trader) *Hedger {
	c := policies()
	c.SlipBPS = 30
	return &Hedger{config: c, paused: map[string]time.Time{}, rules: map[string]trade.Rules{},
		Parts: Parts{Now: time.Now, Venues: venues, Trusts: func(venue string, _ liquidity.Instrument) bool { return venue != "unfollowed" },
			Fair: func(liquidity.Instrument) (bid, ask uint64, ok bool) { return 1_000_000, 1_000_000, true }}}
}

// short is a position that ether has to be bought for.
func short() Position {
	units, _ := new(big.Int).SetString("-1000000000000000000", 10)
	return Position{Asset: asset.ETH, Units: units}
}

// oneEther is the most that one order trades.
func oneEther() Policy {
	p := policies().Assets[asset.ETH]
	p.OrderMost = asset.MustUnits("1000000000000000000")
	return p
}

// Test: where nothing is traded although there is too much, each venue's reason is told.
func TestNoHedgeIsMadeWithoutAWord(t *testing.T) {
	t.Parallel()
	h := planner(Trader{Venue: stand{name: "paused", ask: 1_000_000}}, Trader{Venue: stand{name: "unfollowed", ask: 1_000_000}}, Trader{Venue: stand{name: "cheap", ask: 900_000}},
		Trader{Venue: stand{name: "dear", ask: 1_100_000}}, Trader{Venue: stand{name: "mute", err: errors.New("no route")}})
	h.pause("paused", ethBTC)
	h.paused["paused"] = time.Now().Add(time.Hour)
	policy := oneEther()
	err := h.hedge(t.Context(), h.current(), short(), policy)
	for _, want := range []string{"paused: left alone", "unfollowed: swaps are not priced from its book", "cheap: its best price 900000 is too good",
		"dear: nothing within 30 basis points", "mute: no route"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	h.Venues = append(h.Venues, Trader{Venue: stand{name: "fair", ask: 1_000_000}})
	if orders, err := h.plan(t.Context(), h.current(), short(), policy, short().Units, 1_000_000); err != nil || len(orders) != 1 || orders[0].Venue != "fair" {
		t.Errorf("planned %+v: %v", orders, err)
	}
}

// Test: a book that pricing judges may be better than the fair price by as much as pricing lets
// it, and is traded with; one that nobody judges by no more than it may be worse.
func TestABetterBookIsTradedWith(t *testing.T) {
	t.Parallel()
	policy := oneEther()
	for _, c := range []struct {
		ask    uint64
		judged bool
		want   string
	}{{991_000, true, "better"}, {989_000, true, "fair"}, {991_000, false, "fair"}, {998_000, false, "better"}} {
		h := planner(Trader{Venue: stand{name: "fair", ask: 1_000_000}}, Trader{Venue: stand{name: "better", ask: c.ask}, Judged: c.judged})
		orders, err := h.plan(t.Context(), h.current(), short(), policy, short().Units, 1_000_000)
		if err != nil || len(orders) != 1 || orders[0].Venue != c.want {
			t.Errorf("%d, judged %t: planned %+v, want %s: %v", c.ask, c.judged, orders, c.want, err)
		}
	}
}
