package stream_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"ferry/gateway/stream"
	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
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
	return swap.Rate{Pair: p, Price: price, Min: coins(t, p.From, least), Max: coins(t, p.From, most), NetworkFee: coins(t, p.To, fee)}
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
	r.Price = "0"
	if _, err := stream.Indicate(r, stream.Ask{Pair: btcToEth, Deposit: coins(t, asset.BTC, "1")}); swap.ErrorCode(err) != swap.CodePriceUnavailable {
		t.Errorf("a price of nothing: %v", err)
	}
}

// What is indicated for a deposit is what liquidityd would lock at the same price,
// but for one last place (10^-8 coin): the package's promise.
func TestIndicateIsNearTheLock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.SampledFrom([]asset.Pair{btcToEth, ethToBTC}).Draw(t, "pair")
		bid := rapid.Uint64Range(1_000, 10_000_000).Draw(t, "bid") // 0.01 to 100 ETH... in 10^-5 BTC
		spread, fee := rapid.Int64Range(0, 300).Draw(t, "spread"), rapid.Int64Range(0, 300).Draw(t, "fee")
		instrument := liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8}
		top := liquidity.Top{Instrument: instrument, Bid: liquidity.Level{Price: bid}, Ask: liquidity.Level{Price: bid + rapid.Uint64Range(0, 1000).Draw(t, "width")}}
		ratio, err := liquidity.NewRatio(top, pair, spread)
		if err != nil {
			t.Fatal(err)
		}
		price := publishedPrice(top, pair, spread, fee)
		r := rate(t, pair, price, "0.00000001", "10000", "0.0001")
		deposit := coins(t, pair.From, asset.FormatUnits(asset.NewUnits(rapid.Uint64Range(1, 1_000_000_000_000).Draw(t, "deposit")), 8))
		locked, lockErr := liquidity.Pricing{Pair: pair, Ratio: ratio, FeeBPS: fee, NetworkFee: r.NetworkFee,
			RefundFeeMax: asset.Amount{Asset: pair.From}}.ByDeposit(deposit)
		shown, err := stream.Indicate(r, stream.Ask{Pair: pair, Deposit: deposit})
		if lockErr != nil || err != nil {
			if !errors.Is(lockErr, liquidity.ErrFees) && swap.ErrorCode(err) != swap.CodeAmountTooSmall {
				t.Fatalf("%v, %v", lockErr, err)
			}
			return
		}
		step := new(big.Int).Set(asset.Pow10(asset.MustLookup(pair.To).Decimals - asset.QuotePlaces))
		apart := new(big.Int).Sub(shown.Payout.Units.Big(), locked.Payout.Units.Big())
		if apart.CmpAbs(step) > 0 {
			t.Fatalf("indicated %s, locked %s at %s for %s", shown.Payout, locked.Payout, price, deposit)
		}
	})
}

// publishedPrice is the price liquidityd publishes: the ratio less the fee, cut
// after 12 places.
func publishedPrice(top liquidity.Top, p asset.Pair, spread, fee int64) string {
	num, den := new(big.Int).SetUint64(top.Bid.Price), asset.Pow10(top.Instrument.PriceDecimals)
	if p.From == top.Instrument.Quote {
		num, den = den, new(big.Int).SetUint64(top.Ask.Price)
	}
	num = new(big.Int).Mul(num, big.NewInt((10_000-spread)*(10_000-fee)))
	den = new(big.Int).Mul(den, big.NewInt(10_000*10_000))
	cut := num.Mul(num, asset.Pow10(12)).Quo(num, den)
	units, err := asset.UnitsFromBig(cut)
	if err != nil {
		panic(err)
	}
	return asset.FormatUnits(units, 12)
}
