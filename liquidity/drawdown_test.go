package liquidity

import (
	"errors"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// Losses widen the price from half of their limit on, and stop every pair at it: a quote is
// refused and a rate not told, both with the reason.
func TestLossesWidenAndStop(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	used := int64(0)
	s.desk.drawdown = func() int64 { return used }
	s.desk.config.Market.DrawdownMostPPM = 2000
	pair := s.desk.config.Pairs[0]
	first := func() asset.Units {
		t.Helper()
		curve, err := s.desk.curve(pair)
		if err != nil {
			t.Fatal(err)
		}
		gross, err := asset.NewUnits(1e8).MulDiv(curve.Ratio.Num, curve.Ratio.Den, asset.Down)
		if err != nil {
			t.Fatal(err)
		}
		return gross
	}
	whole := first()
	for _, c := range []struct{ used, takenPPM int64 }{{500_000, 0}, {750_000, 1000}, {999_999, 1999}} {
		used = c.used
		if got := drawdown(used, 2000); got != c.takenPPM {
			t.Errorf("at %d millionths %d are taken, want %d", used, got, c.takenPPM)
		}
		if got := first(); (c.takenPPM == 0) != (got == whole) || whole.Less(got) {
			t.Errorf("at %d millionths a coin is worth %s, at none %s", used, got, whole)
		}
	}
	used = ppmWhole
	const why = "Ferry has reached its own limit of losses and takes no new swaps for now."
	_, err := s.desk.Lock(t.Context(), Request{Pair: pair.Pair, Deposit: amount(t, asset.BTC, "0.01"), Client: "alice"})
	var refusal *swap.Error
	if !errors.As(err, &refusal) || refusal.Code != swap.CodePriceUnavailable || refusal.Message != why {
		t.Errorf("a lock: %v", err)
	}
	for _, rate := range (&Engine{desks: newDesks(s.desk)}).Rates() {
		if rate.Unavailable != why {
			t.Errorf("a rate: %+v", rate)
		}
	}
}
