package liquidity

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
	"ferry/swap/price"
)

// drawUnits draws a count of up to so many bytes, none of them 0.
func drawUnits(t *rapid.T, bytes int, label string) asset.Units {
	n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 1, bytes).Draw(t, label))
	units, err := asset.UnitsFromBig(n.Add(n, big.NewInt(1)))
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// drawCurve draws points that ascend, up to such a size.
func drawCurve(t *rapid.T, bytes int) price.Curve {
	var deposits, grosses []asset.Units
	for range rapid.IntRange(0, price.CurveMost).Draw(t, "points") {
		deposits, grosses = append(deposits, drawUnits(t, bytes, "deposit")), append(grosses, drawUnits(t, bytes, "gross"))
	}
	slices.SortFunc(deposits, asset.Units.Cmp)
	slices.SortFunc(grosses, asset.Units.Cmp)
	deposits = slices.Compact(deposits)
	var c price.Curve
	for i, d := range deposits {
		c = append(c, price.Point{Deposit: d, Gross: grosses[i]})
	}
	return c
}

// Setup: any curve and fee, of amounts that fill all 256 bits or few of them. Test: what
// ByDeposit makes of a deposit is what the exact ratio, in integers of any size, gives.
func TestByDepositIsTheExactRatio(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.SampledFrom([]int{2, 8, 12, 31}).Draw(t, "width")
		pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBtc}).Draw(t, "pair")
		p := price.Formula{Pair: pair, Curve: drawCurve(t, width), FeeBPS: rapid.Int64Range(0, maxBPS).Draw(t, "fee"),
			Ratio:      price.Ratio{Num: drawUnits(t, width, "num").Big(), Den: drawUnits(t, width, "den").Big()},
			NetworkFee: drawAmount(t, pair.To, 1000, "network fee")}
		deposit := drawUnits(t, width, "deposit")
		got, err := p.ByDeposit(asset.Amount{Asset: pair.From, Units: deposit})
		ratio, noRatio := p.Curve.RatioAt(p.Ratio, deposit)
		if noRatio != nil {
			if !errors.Is(err, price.ErrDepth) {
				t.Fatalf("beyond the curve: %v", err)
			}
			return
		}
		step := quoteStep(pair.To).Big()
		gross := new(big.Int).Mul(deposit.Big(), ratio.Num)
		gross.Quo(gross, ratio.Den).Quo(gross, step).Mul(gross, step)
		service := new(big.Int).Mul(gross, big.NewInt(p.FeeBPS))
		service = roundedUp(service, big.NewInt(10_000)) // basis points
		service = roundedUp(service, step)
		service.Mul(service, step)
		want := new(big.Int).Sub(gross, service)
		want.Sub(want, p.NetworkFee.Units.Big())
		switch {
		case gross.BitLen() > 256:
			if !errors.Is(err, asset.ErrRange) {
				t.Fatalf("a gross of %s: %v", gross, err)
			}
		case want.Sign() <= 0:
			if !errors.Is(err, price.ErrFees) {
				t.Fatalf("nothing is left: %v", err)
			}
		case err != nil || got.Payout.Units.Big().Cmp(want) != 0 || got.ServiceFee.Units.Big().Cmp(service) != 0:
			t.Fatalf("%+v, %v; want a payout of %s and a fee of %s", got, err, want, service)
		}
	})
}

func roundedUp(n, den *big.Int) *big.Int {
	q, rest := new(big.Int).QuoRem(n, den, new(big.Int))
	if rest.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}
