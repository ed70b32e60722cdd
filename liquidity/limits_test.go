package liquidity

import (
	"testing"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
)

func TestLimitsByHand(t *testing.T) {
	t.Parallel()
	ratio, err := NewRatio(top(3_500_000, 4_000_000), btcToEth, 0) // 25 ETH per BTC
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name                     string
		configured, refund       string
		depositDust, payoutDust  string
		free, wantMin, wantMax   string
		tooSmall, tooLarge, fits string
	}{
		{"configured", "0.001", "0.0001", "0.0002", "0.001", "1000", "0.001", "10", "0.00099999", "10.00000001", "0.001"},
		// A refund costs up to 0.001 and has to give back as much.
		{"refund economic", "0.001", "0.001", "0.0002", "0", "1000", "0.002", "10", "0.00199999", "10.1", "0.002"},
		{"refund not dust", "0.001", "0.001", "0.005", "0", "1000", "0.006", "10", "0.00599999", "10.1", "0.006"},
		// 0.5 ETH of dust and 0.01 of network fee cost 0.51 ÷ 25 BTC.
		{"payout not dust", "0.001", "0.0001", "0", "0.5", "1000", "0.0204", "10", "0.02039999", "10.1", "0.0204"},
		// 2.51 ETH less 0.01 network fee is the payout of 0.1004 BTC.
		{"free", "0.001", "0.0001", "0", "0", "2.51", "0.001", "0.1004", "0.0009", "0.10040001", "0.1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := Pricing{Pair: btcToEth, Ratio: ratio, NetworkFee: amount(t, asset.ETH, "0.01"), RefundFeeMax: amount(t, asset.BTC, c.refund)}
			limits, err := p.Limits(Conditions{Min: amount(t, asset.BTC, c.configured), Max: amount(t, asset.BTC, "10"),
				DepositDust: amount(t, asset.BTC, c.depositDust).Units, PayoutDust: amount(t, asset.ETH, c.payoutDust).Units,
				Free: amount(t, asset.ETH, c.free).Units})
			if err != nil {
				t.Fatal(err)
			}
			if limits.Min.Decimal() != c.wantMin || limits.Max.Decimal() != c.wantMax {
				t.Errorf("limits are %s to %s, want %s to %s", limits.Min, limits.Max, c.wantMin, c.wantMax)
			}
			for text, want := range map[string]swap.Code{c.tooSmall: swap.CodeAmountTooSmall, c.tooLarge: swap.CodeAmountTooLarge, c.fits: ""} {
				o := Offer{Deposit: amount(t, asset.BTC, text)}
				if err := limits.Check(o, fieldDeposit, p); swap.ErrorCode(err) != want {
					t.Errorf("%s: %v, want %q", text, err, want)
				}
			}
		})
	}
}

// The published greatest deposit fits into what is free, and little more would.
func TestAffordableFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		free := asset.NewUnits(rapid.Uint64().Draw(t, "free"))
		most, err := p.affordable(free)
		if err != nil {
			t.Fatal(err)
		}
		if most.Units.IsZero() {
			t.SkipNow()
		}
		o, err := p.ByDeposit(most)
		skipFees(t, err)
		reserve, err := o.Reserve()
		if err != nil {
			t.Fatal(err)
		}
		if free.Less(reserve) {
			t.Fatalf("%s is offered and takes %s of %s", most, reserve, free)
		}
	})
}

// Whatever limit a refusal names, in deposit or payout, is itself accepted.
func TestNamedLimitsAreAccepted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPricing(t)
		least := drawAmount(t, p.Pair.From, manyCoins, "least")
		limits, err := p.Limits(Conditions{Min: least, Max: drawAmount(t, p.Pair.From, manyCoins, "most"),
			PayoutDust: asset.NewUnits(rapid.Uint64().Draw(t, "dust")), Free: asset.MustUnits("1000000000000000000000000000000")})
		if err != nil {
			t.Fatal(err)
		}
		// Far enough apart that a rounding of one end does not reach the other.
		if limits.Max.Units.Cmp(limits.Min.Units) <= 0 || p.payoutOf(limits.Max).Units.Cmp(p.payoutAtLeast(limits.Min).Units) <= 0 {
			t.SkipNow()
		}
		for _, payout := range []asset.Amount{p.payoutAtLeast(limits.Min), p.payoutOf(limits.Max)} {
			o, err := p.ByPayout(payout)
			if err != nil {
				t.Fatal(err)
			}
			if err := limits.Check(o, fieldPayout, p); err != nil {
				t.Fatalf("payout %s is the limit and refused: %v", payout, err)
			}
		}
		for _, deposit := range []asset.Amount{limits.Min, limits.Max} {
			o, err := p.ByDeposit(deposit)
			if err != nil {
				t.Fatalf("deposit %s is the limit and refused: %v", deposit, err)
			}
			if err := limits.Check(o, fieldDeposit, p); err != nil {
				t.Fatalf("deposit %s is the limit and refused: %v", deposit, err)
			}
		}
	})
}

// A payout below the limit, one step, is refused with that limit.
func TestRefusalNamesPayout(t *testing.T) {
	t.Parallel()
	ratio, err := NewRatio(top(3_500_000, 4_000_000), btcToEth, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := Pricing{Pair: btcToEth, Ratio: ratio, NetworkFee: amount(t, asset.ETH, "0.01"), RefundFeeMax: amount(t, asset.BTC, "0")}
	limits := Limits{Min: amount(t, asset.BTC, "0.001"), Max: amount(t, asset.BTC, "1")}
	for text, want := range map[string]string{"0.0001": "0.015 ETH", "24.991": "24.99 ETH"} {
		o, err := p.ByPayout(amount(t, asset.ETH, text))
		if err != nil {
			t.Fatal(err)
		}
		var refusal *swap.Error
		if err := limits.Check(o, fieldPayout, p); !asRefusal(err, &refusal) || refusal.Limit != want || refusal.Field != fieldPayout {
			t.Errorf("%s: %v with limit %v, want %s", text, err, refusal, want)
		}
	}
}
