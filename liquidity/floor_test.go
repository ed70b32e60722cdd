package liquidity

import (
	"math/big"
	"testing"

	"ferry/swap/asset"
)

// Setup: one bitcoin is 27.777… ether at the books; the house wants to be rid of all its
// ether and to have bitcoin, at any discount. Test: with the fee, what is taken off is never
// less than the pair's floor; without a floor the discount takes all of it.
func TestNoDiscountGoesBelowTheFloor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.desk.config.Market.SkewMostPPM = 100_000
	band := Target{Aim: asset.NewUnits(100), Band: asset.NewUnits(10)}
	s.desk.stock.targets = map[asset.ID]Target{asset.BTC: band, asset.ETH: band}
	s.desk.stock.held = map[asset.ID]holding{asset.BTC: {position: big.NewInt(0)}, asset.ETH: {position: big.NewInt(1000)}}
	if got := s.desk.stock.skew(btcToEth, 100_000); got != -100_000 {
		t.Fatalf("a skew of %d millionths", got)
	}
	for _, c := range []struct {
		spread, fee, floor int64
		want               string // of 0.01 bitcoin, before the fee
	}{
		{30, 0, 0, "277777777777777777"}, {30, 0, 30, "276944444444444444"}, {30, 10, 30, "277222222222222222"}, {0, 0, 30, "276944444444444444"},
		{30, 50, 30, "277777777777777777"}, {1000, 0, 30, "276944444444444444"},
	} {
		pair := s.desk.config.Pairs[0]
		pair.SpreadBPS, pair.FeeBPS, pair.FloorBPS = c.spread, c.fee, c.floor
		curve, err := s.desk.curve(pair)
		if err != nil {
			t.Fatal(err)
		}
		deposit := amount(t, asset.BTC, "0.01").Units
		ratio, err := curve.Curve.RatioAt(curve.Ratio, deposit)
		if err != nil {
			t.Fatal(err)
		}
		if got := new(big.Int).Div(new(big.Int).Mul(deposit.Big(), ratio.Num), ratio.Den); got.String() != c.want {
			t.Errorf("spread %d, fee %d, floor %d: %s, want %s", c.spread, c.fee, c.floor, got, c.want)
		}
	}
}
