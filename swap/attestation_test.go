package swap_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// attestation is one of the deposit that the terms ask for.
func attestation(t swap.Terms) (swap.DepositAttestation, swap.OrderDeposit) {
	d := swap.OrderDeposit{ID: "bitcoin:" + strings.Repeat("0a", 32) + ":1", Amount: t.Quote.Deposit}
	return swap.DepositAttestation{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt), Chain: asset.Bitcoin,
		DepositID: d.ID, Address: t.Receipt.DepositAddress, Amount: d.Amount, Height: 9, BlockHash: strings.Repeat("0b", 32), Depth: 3,
		Software: "btcd", SecondSoftware: "Satoshi", IssuedAt: swaptest.Start}, d
}

func TestDepositAttestationRoundTrip(t *testing.T) {
	t.Parallel()
	k := swaptest.NewKeys()
	terms := swaptest.NewTerms(t, k, nil)
	a, d := attestation(terms)
	signed, err := swap.SignDepositAttestation(a, k.Attest)
	if err != nil {
		t.Fatal(err)
	}
	got, err := swap.VerifyDepositAttestation(signed, k.AttestKeys())
	if err != nil || got != a {
		t.Fatalf("read back as %+v, %v", got, err)
	}
	if err := terms.Attested(got, d); err != nil {
		t.Error(err)
	}
	if _, err := swap.VerifyDepositAttestation(signed, k.QuoteKeys()); !errors.Is(err, swap.ErrSignature) {
		t.Errorf("by a key that is not trusted for it: %v", err)
	}
}

func TestDepositAttestationValidate(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), nil)
	for name, spoil := range map[string]func(a *swap.DepositAttestation){
		"swap":            func(a *swap.DepositAttestation) { a.SwapID = "swap_1" },
		"receipt":         func(a *swap.DepositAttestation) { a.ReceiptHash = "ab" },
		"deposit":         func(a *swap.DepositAttestation) { a.DepositID = "" },
		"long deposit":    func(a *swap.DepositAttestation) { a.DepositID = strings.Repeat("x", 3000) },
		"address":         func(a *swap.DepositAttestation) { a.Address = "" },
		"amount":          func(a *swap.DepositAttestation) { a.Amount.Units = asset.Units{} },
		"asset":           func(a *swap.DepositAttestation) { a.Amount.Asset = "DOGE" },
		"asset elsewhere": func(a *swap.DepositAttestation) { a.Amount.Asset = asset.ETH },
		"chain":           func(a *swap.DepositAttestation) { a.Chain = "dogecoin" },
		"block":           func(a *swap.DepositAttestation) { a.BlockHash = "" },
		"height":          func(a *swap.DepositAttestation) { a.Height = -1 },
		"depth":           func(a *swap.DepositAttestation) { a.Depth = 0 },
		"software":        func(a *swap.DepositAttestation) { a.Software = "" },
		"the same twice":  func(a *swap.DepositAttestation) { a.SecondSoftware = a.Software },
	} {
		a, _ := attestation(terms)
		if err := a.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&a)
		if _, err := swap.SignDepositAttestation(a, swaptest.NewKeys().Attest); err == nil {
			t.Errorf("%s: it was signed", name)
		}
	}
}

func TestDepositRules(t *testing.T) {
	t.Parallel()
	a, _ := attestation(swaptest.NewTerms(t, swaptest.NewKeys(), nil))
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 3},
		SecondAbove: map[asset.ID]asset.Units{asset.BTC: a.Amount.Units}}
	if err := rules.Validate(); err != nil {
		t.Fatal(err)
	}
	more, err := a.Amount.Units.Add(asset.NewUnits(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(a *swap.DepositAttestation)
		now  time.Duration
		want string
	}{
		"as it is":               {func(*swap.DepositAttestation) {}, 0, ""},
		"one kind at the limit":  {func(a *swap.DepositAttestation) { a.SecondSoftware = "" }, 0, ""},
		"one kind above it":      {func(a *swap.DepositAttestation) { a.SecondSoftware, a.Amount.Units = "", more }, 0, "two kinds of software"},
		"two kinds above it":     {func(a *swap.DepositAttestation) { a.Amount.Units = more }, 0, ""},
		"shallow":                {func(a *swap.DepositAttestation) { a.Depth = 2 }, 0, "3 are needed"},
		"another chain":          {func(a *swap.DepositAttestation) { a.Chain = asset.Litecoin }, 0, "do not count"},
		"at its end":             {func(*swap.DepositAttestation) {}, swap.AttestationAge, ""},
		"after its end":          {func(*swap.DepositAttestation) {}, swap.AttestationAge + time.Millisecond, "more than"},
		"a clock that is behind": {func(*swap.DepositAttestation) {}, -swap.AttestationAge, ""},
		"a clock far behind":     {func(*swap.DepositAttestation) {}, -swap.AttestationAge - time.Millisecond, "more than"},
	} {
		b := a
		c.edit(&b)
		err := rules.Meets(b, swaptest.Start.Add(c.now))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
