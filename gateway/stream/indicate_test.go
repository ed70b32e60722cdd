package stream_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ferry/gateway/stream"
	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
	"ferry/swap/swaptest"
)

func coins(t rapid.TB, id asset.ID, text string) asset.Amount {
	t.Helper()
	a, err := asset.ParseDecimal(id, text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var (
	btcToEth = asset.Pair{From: asset.BTC, To: asset.ETH}
	ethToBTC = asset.Pair{From: asset.ETH, To: asset.BTC}
)

func rate(t rapid.TB, p asset.Pair, price, least, most, fee string) swap.Rate {
	t.Helper()
	return swaptest.Price(t, swap.Rate{Pair: p, Min: coins(t, p.From, least), Max: coins(t, p.From, most), NetworkFee: coins(t, p.To, fee)}, price)
}

func TestIndicate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, price, deposit, payout string
		wantDeposit, wantPayout      string
	}{
		{"whole", "27.5", "0.1", "", "0.1", "2.748"},
		{"down", "3", "0.33333333", "", "0.33333333", "0.99799999"},
		{"cut at eight places", "0.000000123457", "1", "", "", ""},
		{"up", "3", "", "1", "0.334", "1"},
		{"up to the last place", "7", "", "1", "0.14314286", "1"},
		{"least", "2", "0.001", "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ask := stream.Ask{Pair: btcToEth, Deposit: asset.Amount{Asset: asset.BTC}, Payout: asset.Amount{Asset: asset.ETH}}
			if row.deposit != "" {
				ask.Deposit = coins(t, asset.BTC, row.deposit)
			} else {
				ask.Payout = coins(t, asset.ETH, row.payout)
			}
			offer, err := stream.Indicate(rate(t, btcToEth, row.price, "0.001", "2", "0.002"), ask)
			if row.wantDeposit == "" {
				if swap.ErrorCode(err) != swap.CodeAmountTooSmall {
					t.Errorf("%v, want amount_too_small: fees eat it", err)
				}
				return
			}
			if err != nil || offer.Deposit.Decimal() != row.wantDeposit || offer.Payout.Decimal() != row.wantPayout {
				t.Errorf("%s for %s, %v; want %s for %s", offer.Payout, offer.Deposit, err, row.wantPayout, row.wantDeposit)
			}
		})
	}
}

func TestIndicateRefuses(t *testing.T) {
	t.Parallel()
	r := rate(t, btcToEth, "20", "0.01", "2", "0.002")
	for _, row := range []struct {
		name            string
		deposit, payout string
		code            swap.Code
		field, limit    string
	}{
		{"below", "0.00999999", "", swap.CodeAmountTooSmall, "deposit_amount", "0.01 BTC"},
		{"above", "2.00000001", "", swap.CodeAmountTooLarge, "deposit_amount", "2 BTC"},
		{"payout below", "", "0.1", swap.CodeAmountTooSmall, "payout_amount", "0.198 ETH"},
		{"payout above", "", "40", swap.CodeAmountTooLarge, "payout_amount", "39.998 ETH"},
		{"beyond 256 bits", "", "115792089237316195423570985008687907853269984665640564039457.584007913129639935", swap.CodeAmountTooLarge, "payout_amount", "39.998 ETH"},
	} {
		ask := stream.Ask{Pair: btcToEth, Deposit: asset.Amount{Asset: asset.BTC}, Payout: asset.Amount{Asset: asset.ETH}}
		if row.deposit != "" {
			ask.Deposit = coins(t, asset.BTC, row.deposit)
		} else {
			ask.Payout = coins(t, asset.ETH, row.payout)
		}
		_, err := stream.Indicate(r, ask)
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Code != row.code || refusal.Field != row.field || refusal.Limit != row.limit {
			t.Errorf("%s: %v (%+v)", row.name, err, refusal)
		}
	}
	r.RatioNum = asset.Units{}
	if _, err := stream.Indicate(r, stream.Ask{Pair: btcToEth, Deposit: coins(t, asset.BTC, "1")}); swap.ErrorCode(err) != swap.CodePriceUnavailable {
		t.Errorf("a price of nothing: %v", err)
	}
}

// Whatever the book, the fees and the amount, typed on either side: what is indicated
// from the rate, as Kafka carries it, is to the last unit what liquidityd locks at the
// same price. Near the limits too, since either may refuse only what the other does.
func TestIndicateIsTheLock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBTC}).Draw(t, "pair")
		bid := rapid.Uint64Range(1, 100_000_000_000).Draw(t, "bid")
		top := liquidity.Top{Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8},
			Bid: liquidity.Level{Price: bid}, Ask: liquidity.Level{Price: bid + rapid.Uint64Range(0, 1000).Draw(t, "width")}}
		ratio, err := liquidity.NewRatio(top, pair, rapid.Int64Range(0, 30_000).Draw(t, "margin"))
		if err != nil {
			t.Fatal(err)
		}
		curve := drawCurve(t, ratio)
		pricing := liquidity.Pricing{Pair: pair, Ratio: ratio, Curve: curve, FeeBPS: rapid.Int64Range(0, 300).Draw(t, "fee"),
			NetworkFee: coins(t, pair.To, "0.0001"), RefundFeeMax: asset.Amount{Asset: pair.From}}
		raw, err := json.Marshal(swap.Rate{Pair: pair, Price: "1", RatioNum: units(t, ratio.Num), RatioDen: units(t, ratio.Den), FeeBPS: pricing.FeeBPS, Curve: curve,
			Min: asset.Amount{Asset: pair.From}, Max: asset.Amount{Asset: pair.From, Units: asset.MustUnits(most)}, NetworkFee: pricing.NetworkFee})
		if err != nil {
			t.Fatal(err)
		}
		var r swap.Rate
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		ask := stream.Ask{Pair: pair, Deposit: asset.Amount{Asset: pair.From}, Payout: asset.Amount{Asset: pair.To}}
		amount := asset.NewUnits(rapid.Uint64Min(1).Draw(t, "units"))
		var locked liquidity.Offer
		var lockErr error
		if rapid.Bool().Draw(t, "by payout") {
			ask.Payout.Units = amount
			locked, lockErr = pricing.ByPayout(ask.Payout)
		} else {
			ask.Deposit.Units = amount
			locked, lockErr = pricing.ByDeposit(ask.Deposit)
		}
		shown, err := stream.Indicate(r, ask)
		if errors.Is(lockErr, liquidity.ErrFees) && swap.ErrorCode(err) == swap.CodeAmountTooSmall {
			return
		}
		if errors.Is(lockErr, price.ErrDepth) && swap.ErrorCode(err) == swap.CodeAmountTooLarge {
			return
		}
		if lockErr != nil || err != nil || shown.Deposit != locked.Deposit || shown.Payout != locked.Payout {
			t.Fatalf("indicated %s for %s (%v), locked %s for %s (%v)", shown.Payout, shown.Deposit, err, locked.Payout, locked.Deposit, lockErr)
		}
	})
}

// drawCurve draws what a book may lead to above its first level, or nothing.
func drawCurve(t *rapid.T, head price.Ratio) price.Curve {
	var curve price.Curve
	deposit, gross := uint64(0), new(big.Int)
	for i := range rapid.IntRange(0, 4).Draw(t, "points") {
		more := rapid.Uint64Range(1, 1<<61).Draw(t, "deposit")
		deposit += more
		worth := new(big.Int).Mul(new(big.Int).SetUint64(more), head.Num)
		worth.Quo(worth, head.Den)
		if i > 0 {
			worth.Mul(worth, big.NewInt(rapid.Int64Range(0, 1000).Draw(t, "thousandths"))).Quo(worth, big.NewInt(1000))
		}
		if gross.Add(gross, worth); gross.Sign() == 0 {
			return nil
		}
		curve = append(curve, price.Point{Deposit: asset.NewUnits(deposit), Gross: units(t, gross)})
	}
	return curve
}

// most is more base units than there are of anything.
const most = "1000000000000000000000000000000000000000000000000000000000000"

func units(t rapid.TB, n *big.Int) asset.Units {
	t.Helper()
	u, err := asset.UnitsFromBig(n)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
