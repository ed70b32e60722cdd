package liquidity

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

var (
	btcToEth = asset.Pair{From: asset.BTC, To: asset.ETH}
	ethToBtc = asset.Pair{From: asset.ETH, To: asset.BTC}
	ethBtc   = Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
)

func amount(t interface{ Fatal(...any) }, id asset.ID, text string) asset.Amount {
	a, err := asset.ParseDecimal(id, text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// top is a book with plenty on both sides.
func top(bid, ask uint64) Top {
	return Top{Instrument: ethBtc, Bid: Level{Price: bid, Size: 1e10}, Ask: Level{Price: ask, Size: 1e10}}
}

// The formulas, worked by hand.
func TestPricingByHand(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name                         string
		pair                         asset.Pair
		spread, fee                  int64
		network                      string
		deposit                      string
		gross, service, payout, rate string
	}{
		// 2 ETH × 0.035 = 0.07; 1 % of it; 0.07 − 0.0007 − 0.0001.
		{"sell at the bid", ethToBtc, 0, 100, "0.0001", "2", "0.07", "0.0007", "0.0692", "0.035"},
		// 0.036 BTC ÷ 0.036 = 1 ETH.
		{"buy at the ask", btcToEth, 0, 50, "0.001", "0.036", "1", "0.005", "0.994", "27.777777777777"},
		// 1 ETH × 0.035 × 0.99 = 0.03465.
		{"spread", ethToBtc, 100, 0, "0", "1", "0.03465", "0", "0.03465", "0.03465"},
		// 1 ÷ 0.036 = 27.777…, cut; the fee 0.277777777… up.
		{"rounding", btcToEth, 0, 100, "0", "1", "27.77777777", "0.27777778", "27.49999999", "27.77777777"},
		// 18 places are echoed; 0.035 BTC and a bit is cut to 8 places.
		{"exact wei", ethToBtc, 0, 0, "0", "1.000000000000000001", "0.035", "0", "0.035", "0.034999999999"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ratio, err := NewRatio(top(3_500_000, 3_600_000), c.pair, c.spread*ppmPerBPS)
			if err != nil {
				t.Fatal(err)
			}
			p := Pricing{Pair: c.pair, Ratio: ratio, FeeBPS: c.fee, NetworkFee: amount(t, c.pair.To, c.network)}
			o, err := p.ByDeposit(amount(t, c.pair.From, c.deposit))
			if err != nil {
				t.Fatal(err)
			}
			gross, err := o.Gross()
			if err != nil {
				t.Fatal(err)
			}
			rate, err := o.Rate()
			if err != nil {
				t.Fatal(err)
			}
			got := []string{o.Deposit.Decimal(), asset.Amount{Asset: c.pair.To, Units: gross}.Decimal(), o.ServiceFee.Decimal(), o.Payout.Decimal(), rate}
			for i, want := range []string{c.deposit, c.gross, c.service, c.payout, c.rate} {
				if got[i] != want {
					t.Errorf("part %d is %s, want %s (all: %v)", i, got[i], want, got)
				}
			}
		})
	}
}

// drawPricing draws any market and any fees for either direction.
func drawPricing(t *rapid.T) Pricing {
	pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBtc}).Draw(t, "pair")
	bid := rapid.Uint64Range(10_000, 10_000_000_000).Draw(t, "bid")
	ask := bid + rapid.Uint64Range(0, bid/10).Draw(t, "width")
	ratio, err := NewRatio(top(bid, ask), pair, rapid.Int64Range(0, maxBPS).Draw(t, "spread")*ppmPerBPS)
	if err != nil {
		t.Fatal(err)
	}
	fee := drawAmount(t, pair.To, 1_000_000, "network fee")
	refund := drawAmount(t, pair.From, 1_000_000, "refund fee")
	return Pricing{Pair: pair, Ratio: ratio, FeeBPS: rapid.Int64Range(0, maxBPS).Draw(t, "fee"), NetworkFee: fee, RefundFeeMax: refund}
}

// drawAmount draws a multiple of 10^-8 coins.
func drawAmount(t *rapid.T, id asset.ID, most uint64, label string) asset.Amount {
	n := rapid.Uint64Range(0, most).Draw(t, label)
	units, err := asset.NewUnits(n).MulDiv(quoteStep(id).Big(), big.NewInt(1), asset.Down)
	if err != nil {
		t.Fatal(err)
	}
	return asset.Amount{Asset: id, Units: units}
}

const manyCoins = 1_000_000 * 100_000_000

// skipFees leaves out deposits that are all fees: they are refused, not priced.
func skipFees(t *rapid.T, err error) {
	if errors.Is(err, ErrFees) {
		t.SkipNow()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkOffer is what every offer keeps: the parts are whole steps of at most 8
// places, and the gross is worth no more than the deposit.
func checkOffer(t *rapid.T, p Pricing, o Offer, computed ...asset.Amount) asset.Units {
	for _, a := range computed {
		if rounded, err := a.RoundPlaces(asset.Down); err != nil || rounded != a {
			t.Fatalf("%s has more than 8 places (%v)", a, err)
		}
	}
	gross, err := o.Gross()
	if err != nil {
		t.Fatal(err)
	}
	sum := new(big.Int).Add(o.Payout.Units.Big(), o.ServiceFee.Units.Big())
	if sum.Add(sum, p.NetworkFee.Units.Big()).Cmp(gross.Big()) != 0 {
		t.Fatalf("gross %s is not payout %s + service %s + network %s", gross, o.Payout, o.ServiceFee, p.NetworkFee)
	}
	worth := new(big.Int).Mul(o.Deposit.Units.Big(), p.Ratio.Num)
	if new(big.Int).Mul(gross.Big(), p.Ratio.Den).Cmp(worth) > 0 {
		t.Fatalf("deposit %s is worth less than gross %s: liquidity loses", o.Deposit, gross)
	}
	share := new(big.Int).Mul(gross.Big(), big.NewInt(p.FeeBPS))
	if new(big.Int).Mul(o.ServiceFee.Units.Big(), big.NewInt(bpsWhole)).Cmp(share) < 0 {
		t.Fatalf("service fee %s is less than %d bps of %s", o.ServiceFee, p.FeeBPS, gross)
	}
	return gross
}

func TestByDepositKeepsTheSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		deposit := drawAmount(t, p.Pair.From, manyCoins, "deposit")
		o, err := p.ByDeposit(deposit)
		skipFees(t, err)
		if o.Deposit != deposit {
			t.Fatalf("deposit %s became %s", deposit, o.Deposit)
		}
		gross := checkOffer(t, p, o, o.Payout, o.ServiceFee)
		// One step more of gross would be more than the deposit is worth.
		next, err := gross.Add(quoteStep(p.Pair.To))
		if err != nil {
			t.Fatal(err)
		}
		worth := new(big.Int).Mul(deposit.Units.Big(), p.Ratio.Num)
		if new(big.Int).Mul(next.Big(), p.Ratio.Den).Cmp(worth) <= 0 {
			t.Fatalf("gross %s is more than one step below what %s is worth: the user loses", gross, deposit)
		}
	})
}

func TestByPayoutKeepsTheSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		// A payout is echoed with all its places, be it to the wei.
		payout := asset.Amount{Asset: p.Pair.To, Units: asset.NewUnits(rapid.Uint64Min(1).Draw(t, "payout"))}
		o, err := p.ByPayout(payout)
		if err != nil {
			t.Fatal(err)
		}
		if o.Payout != payout {
			t.Fatalf("payout %s became %s", payout, o.Payout)
		}
		gross := checkOffer(t, p, o, o.Deposit, o.ServiceFee)
		step := quoteStep(p.Pair.From)
		less, err := o.Deposit.Units.Sub(step)
		if err != nil {
			t.Fatal(err)
		}
		worth := new(big.Int).Mul(less.Big(), p.Ratio.Num)
		if new(big.Int).Mul(gross.Big(), p.Ratio.Den).Cmp(worth) <= 0 {
			t.Fatalf("a step less than %s would do for %s: the user loses", o.Deposit, gross)
		}
	})
}

func TestPayoutIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		small := asset.NewUnits(rapid.Uint64().Draw(t, "deposit"))
		more, err := small.Add(asset.NewUnits(rapid.Uint64().Draw(t, "more")))
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.ByDeposit(asset.Amount{Asset: p.Pair.From, Units: small})
		skipFees(t, err)
		b, err := p.ByDeposit(asset.Amount{Asset: p.Pair.From, Units: more})
		if err != nil {
			t.Fatalf("%s is priced and the greater %s is not: %v", small, more, err)
		}
		if b.Payout.Units.Less(a.Payout.Units) {
			t.Fatalf("depositing %s pays %s, but the greater %s only %s", small, a.Payout, more, b.Payout)
		}
	})
}

// A payout bought and its deposit priced again: at least the payout, and less than
// one more step of the deposit would buy.
func TestByPayoutThenByDeposit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		payout := drawAmount(t, p.Pair.To, manyCoins, "payout")
		bought, err := p.ByPayout(payout)
		skipFees(t, err)
		again, err := p.ByDeposit(bought.Deposit)
		if err != nil {
			t.Fatal(err)
		}
		if again.Payout.Units.Less(payout.Units) {
			t.Fatalf("%s was asked to pay out %s, but is priced at %s", bought.Deposit, payout, again.Payout)
		}
		less, err := bought.Deposit.Units.Sub(quoteStep(p.Pair.From))
		if err != nil {
			t.Fatal(err)
		}
		// The same, one step cheaper, must not do: else the deposit was too much.
		cheaper, err := p.ByDeposit(asset.Amount{Asset: p.Pair.From, Units: less})
		if err == nil && payout.Units.Less(cheaper.Payout.Units) {
			t.Fatalf("%s was asked for %s, but one step less pays %s", bought.Deposit, payout, cheaper.Payout)
		}
	})
}

// A deposit priced and its payout bought never costs more than the deposit.
func TestByDepositThenByPayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		deposit := drawAmount(t, p.Pair.From, manyCoins, "deposit")
		sold, err := p.ByDeposit(deposit)
		skipFees(t, err)
		again, err := p.ByPayout(sold.Payout)
		if err != nil {
			t.Fatal(err)
		}
		if deposit.Units.Less(again.Deposit.Units) {
			t.Fatalf("%s pays %s, which costs %s", deposit, sold.Payout, again.Deposit)
		}
	})
}

// There and back again is never a gain, whatever the book, and without spread and
// fees on a book without width it costs two roundings at most.
func TestPairsAreSymmetrical(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bid := rapid.Uint64Range(10_000, 10_000_000_000).Draw(t, "bid")
		width := rapid.Uint64Range(0, 1000).Draw(t, "width")
		spread := rapid.Int64Range(0, maxBPS).Draw(t, "spread")
		pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBtc}).Draw(t, "pair")
		back := asset.Pair{From: pair.To, To: pair.From}
		price := func(p asset.Pair) Pricing {
			ratio, err := NewRatio(top(bid, bid+width), p, spread*ppmPerBPS)
			if err != nil {
				t.Fatal(err)
			}
			return Pricing{Pair: p, Ratio: ratio, NetworkFee: asset.Amount{Asset: p.To}}
		}
		deposit := drawAmount(t, pair.From, manyCoins, "deposit")
		there, err := price(pair).ByDeposit(deposit)
		skipFees(t, err)
		again, err := price(back).ByDeposit(there.Payout)
		skipFees(t, err)
		if deposit.Units.Less(again.Payout.Units) {
			t.Fatalf("%s became %s became %s", deposit, there.Payout, again.Payout)
		}
		if width != 0 || spread != 0 {
			return
		}
		// What was cut off there is less than a step of To; at the rate, and with a
		// step of the way back, that bounds the loss.
		r := price(back).Ratio
		lost, err := quoteStep(pair.To).MulDiv(r.Num, r.Den, asset.Up)
		if err != nil {
			t.Fatal(err)
		}
		bound := new(big.Int).Add(lost.Big(), quoteStep(pair.From).Big())
		if new(big.Int).Sub(deposit.Units.Big(), again.Payout.Units.Big()).Cmp(bound) > 0 {
			t.Fatalf("%s became %s: more than %s lost in rounding", deposit, again.Payout, bound)
		}
	})
}

func TestDecimalRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.SampledFrom([]asset.ID{asset.BTC, asset.ETH}).Draw(t, "asset")
		units, err := asset.UnitsFromBig(new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "units")))
		if err != nil {
			t.Fatal(err)
		}
		a := asset.Amount{Asset: id, Units: units}
		again, err := asset.ParseDecimal(id, a.Decimal())
		if err != nil || again != a {
			t.Fatalf("%s read back is %s (%v)", a, again, err)
		}
	})
}

func TestPricingOutOfRange(t *testing.T) {
	t.Parallel()
	most, err := asset.UnitsFromBig(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	if err != nil {
		t.Fatal(err)
	}
	ratio, err := NewRatio(top(3_500_000, 3_600_000), btcToEth, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := Pricing{Pair: btcToEth, Ratio: ratio, NetworkFee: amount(t, asset.ETH, "0.001")}
	if _, err := p.ByDeposit(asset.Amount{Asset: asset.BTC, Units: most}); !errors.Is(err, asset.ErrRange) {
		t.Errorf("deposit of everything: %v, want ErrRange", err)
	}
	if _, err := p.ByPayout(asset.Amount{Asset: asset.ETH, Units: most}); !errors.Is(err, asset.ErrRange) {
		t.Errorf("payout of everything: %v, want ErrRange", err)
	}
	if _, err := p.ByPayout(asset.Amount{Asset: asset.ETH}); !errors.Is(err, ErrFees) {
		t.Errorf("payout of nothing: %v, want ErrFees", err)
	}
	if _, err := p.ByDeposit(amount(t, asset.BTC, "0.00001")); !errors.Is(err, ErrFees) {
		t.Errorf("deposit below the fees: %v, want ErrFees", err)
	}
	for _, bad := range []Top{top(0, 1), top(1, 0)} {
		if _, err := NewRatio(bad, btcToEth, 0); err == nil {
			t.Errorf("a price of bid %d ask %d was accepted", bad.Bid.Price, bad.Ask.Price)
		}
	}
}
