package liquidity

import (
	"errors"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// Losses widen the price from half of their limit on, and stop every pair at it: a quote is
// refused and a rate not told, both with the reason. Losses that are not known stop them, too,
// and nobody is told of losses then.
func TestLossesWidenAndStop(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	used, known := int64(0), true
	s.desk.drawdown = func() (int64, bool) { return used, known }
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
	for _, c := range []struct {
		used  int64
		known bool
		why   string
	}{
		{ppmWhole, true, "Ferry has reached its own limit of losses and takes no new swaps for now."},
		{0, false, "Ferry does not know what it has lost today, and takes no new swaps until it does."},
	} {
		used, known = c.used, c.known
		stops(t, s, c.why)
	}
}

// stops checks that nothing is sold, for that reason.
func stops(t *testing.T, s *shop, why string) {
	t.Helper()
	pair := s.desk.config.Pairs[0]
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
