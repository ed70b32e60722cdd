package ledger_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"ferry/swap/asset"
	"ferry/swap/ledger"
)

func btc(n uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(n)} }
func eth(n uint64) asset.Amount { return asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(n)} }

func TestValidate(t *testing.T) {
	t.Parallel()
	exchange := ledger.Entry{Key: "k", Kind: "exchange", Postings: []ledger.Posting{
		ledger.Debit("a", btc(5)), ledger.Credit("b", btc(5)), ledger.Debit("b", eth(7)), ledger.Credit("c", eth(4)), ledger.Credit("d", eth(3))}}
	if err := exchange.Validate(); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		entry ledger.Entry
		off   bool
	}{
		"off by one":     {ledger.Entry{Key: "k", Kind: "x", Postings: []ledger.Posting{ledger.Debit("a", btc(5)), ledger.Credit("b", btc(4))}}, true},
		"across assets":  {ledger.Entry{Key: "k", Kind: "x", Postings: []ledger.Posting{ledger.Debit("a", btc(5)), ledger.Credit("b", eth(5))}}, true},
		"one posting":    {ledger.Entry{Key: "k", Kind: "x", Postings: []ledger.Posting{ledger.Debit("a", btc(5))}}, true},
		"both sides":     {ledger.Entry{Key: "k", Kind: "x", Postings: []ledger.Posting{ledger.Debit("a", btc(5)), ledger.Debit("b", btc(5))}}, true},
		"zero":           {ledger.Transfer("k", "x", "", "a", "b", btc(0)), false},
		"no key":         {ledger.Transfer("", "x", "", "a", "b", btc(1)), false},
		"no kind":        {ledger.Transfer("k", "", "", "a", "b", btc(1)), false},
		"no account":     {ledger.Transfer("k", "x", "", "", "b", btc(1)), false},
		"unknown asset":  {ledger.Transfer("k", "x", "", "a", "b", asset.Amount{Asset: "XXX", Units: asset.NewUnits(1)}), false},
		"nothing at all": {ledger.Entry{}, false},
	} {
		err := c.entry.Validate()
		if err == nil || c.off != errors.Is(err, ledger.ErrUnbalanced) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An entry and its reverse leave every account where it was.
func TestReverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		e := ledger.Entry{Key: "k", Kind: "x", SwapID: "s"}
		for range rapid.IntRange(1, 5).Draw(r, "transfers") {
			a := btc(rapid.Uint64Min(1).Draw(r, "units"))
			e.Postings = append(e.Postings, ledger.Transfer("k", "x", "", "a", "b", a).Postings...)
		}
		back := e.Reverse("k2", "undo")
		if e.Validate() != nil || back.Validate() != nil || back.SwapID != e.SwapID || back.Key != "k2" {
			r.Fatalf("reverse is %+v", back)
		}
		for i, p := range e.Postings {
			if sum := p.Signed(); sum.Add(sum, back.Postings[i].Signed()).Sign() != 0 {
				r.Fatalf("posting %d and its reverse sum to %s", i, sum)
			}
		}
	})
}

func TestPerSwap(t *testing.T) {
	t.Parallel()
	if !ledger.SwapDeposit("s").PerSwap() || !ledger.SwapPayout("s").PerSwap() || !ledger.SwapRefund("s").PerSwap() || ledger.Inventory.PerSwap() {
		t.Error("accounts of a swap are not told from the house's")
	}
}
