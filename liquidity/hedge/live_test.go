package hedge_test

import (
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/liquidity/venue/simulator"
	"ferry/swap/asset"
)

// Setup: a swap has left a position within a wide band. Test: it stays open; with a narrower
// band the next rounds bring it back, and with the wide one again the next position stays open.
func TestAnotherBandIsObeyedAtTheNextRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Binance)
	h := w.process(&life{})
	narrow, wide := config().Policies(), config().Policies()
	wide.Assets = with(wide, func(p *hedge.Policy) { p.Band = units("5000000000000000000") })
	w.change(h, wide)
	if err := w.deliver(h, w.batch(w.settled(150))); err != nil {
		t.Fatal(err)
	}
	w.stays(h, "1500000000000000000")
	w.change(h, narrow)
	for n := 0; ; n++ {
		w.round(h)
		position, open := w.position(asset.ETH)
		if position.CmpAbs(big.NewInt(1e16)) <= 0 && open == 0 {
			break
		}
		if n == roundsMost {
			t.Fatalf("in a narrow band the position is %s with %d orders open", position, open)
		}
	}
	w.change(h, wide)
	left, _ := w.position(asset.ETH)
	if err := w.deliver(h, w.batch(w.settled(-200))); err != nil {
		t.Fatal(err)
	}
	w.stays(h, left.Sub(left, big.NewInt(2e18)).String())
	w.audit()
}

// change has a process go by other policies.
func (w *world) change(h *hedge.Hedger, p hedge.Policies) {
	w.t.Helper()
	take, err := h.Prepare(p)
	if err != nil {
		w.t.Fatal(err)
	}
	take()
}

// round is one, a second after the last; what it could not do the next one does.
func (w *world) round(h *hedge.Hedger) {
	if err := h.Round(w.t.Context()); err != nil {
		w.t.Log(err)
	}
	w.clock.pass(time.Second)
}

// stays plays some rounds, in which nothing may be traded.
func (w *world) stays(h *hedge.Hedger, want string) {
	w.t.Helper()
	for range 3 {
		w.round(h)
		if n, open := w.position(asset.ETH); n.String() != want || open > 0 {
			w.t.Fatalf("in a wide band the position is %s with %d orders open, want %s", n, open, want)
		}
	}
}

// with is the policies' assets, with ether's changed.
func with(p hedge.Policies, change func(*hedge.Policy)) map[asset.ID]hedge.Policy {
	assets := maps.Clone(p.Assets)
	ether := assets[asset.ETH]
	change(&ether)
	assets[asset.ETH] = ether
	return assets
}

// Test: what can't be run is refused, with what is wrong, and what was goes on.
func TestPoliciesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Binance)
	h := w.process(&life{})
	for want, p := range map[string]hedge.Policies{
		"no asset is to be hedged":       {SlipBPS: 30},
		"501 basis points":               {Assets: config().Assets, SlipBPS: 501},
		"without a cap":                  {Assets: with(config().Policies(), func(p *hedge.Policy) { p.UnconfirmedMost = asset.Units{} }), SlipBPS: 30},
		"ETH has no target, or no size":  {Assets: with(config().Policies(), func(p *hedge.Policy) { p.OrderMost = asset.Units{} }), SlipBPS: 30},
		"other assets, instruments or":   {Assets: with(config().Policies(), func(p *hedge.Policy) { p.Target = big.NewInt(1) }), SlipBPS: 30},
		"instruments or targets than":    {Assets: with(config().Policies(), func(p *hedge.Policy) { p.Instrument.PriceDecimals = 5 }), SlipBPS: 30},
		"than those that hedging began ": {Assets: map[asset.ID]hedge.Policy{asset.LTC: litecoin()}, SlipBPS: 30},
	} {
		if take, err := h.Prepare(p); err == nil || !strings.Contains(err.Error(), want) || take != nil {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// litecoin is a policy of another asset.
func litecoin() hedge.Policy {
	return hedge.Policy{Instrument: liquidity.Instrument{Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}, Target: new(big.Int), OrderMost: units("1")}
}
