package verify_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
	"ferry/swap/verify"
)

const (
	secret = "what only the owner knows"
	refund = "sb1qdassnmuntgqt8zdhcvk8j4kv2qwhhf30wl2vjt"
)

var ask = verify.ReceiptAsk{PayoutAddress: swaptest.EthereumAddress, RefundAddress: refund,
	Policy: swap.RefundPolicy(), SecretHash: swap.HashDocument(secret)}

func verifier() verify.Verifier {
	keys := swaptest.NewKeys()
	return verify.Verifier{Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys(),
		Now: func() time.Time { return swaptest.Start.Add(time.Second) }}
}

func terms(t testing.TB) swap.Terms {
	t.Helper()
	return swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
		r.DepositAddress, r.RefundAddress, r.SecretHash = swaptest.BitcoinAddress, refund, swap.HashDocument(secret)
	})
}

// The many cases that other languages can run too are in vectors; here is what
// they can't say. Whatever character of either text is changed, it is refused, and
// the refusal names that text.
func TestEveryCharacterCounts(t *testing.T) {
	t.Parallel()
	v, good := verifier(), terms(t)
	if _, err := v.Receipt(good.SignedQuote, good.SignedReceipt, ask); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		texts := map[string][]byte{"signed_quote": []byte(good.SignedQuote), "signed_receipt": []byte(good.SignedReceipt)}
		field := rapid.SampledFrom([]string{"signed_quote", "signed_receipt"}).Draw(r, "document")
		at := rapid.IntRange(0, len(texts[field])-1).Draw(r, "position")
		by := rapid.Byte().Filter(func(b byte) bool { return b != texts[field][at] }).Draw(r, "character")
		texts[field][at] = by
		_, err := v.Receipt(string(texts["signed_quote"]), string(texts["signed_receipt"]), ask)
		var refusal *verify.Refusal
		if !errors.As(err, &refusal) || refusal.Field != field {
			r.Fatalf("changed %s at %d to %q: %v", field, at, by, err)
		}
	})
}

func TestRefusalsCarryTheirCause(t *testing.T) {
	t.Parallel()
	v, good := verifier(), terms(t)
	v.AttestKeys = v.QuoteKeys
	if _, err := v.Receipt(good.SignedQuote, good.SignedReceipt, ask); !errors.Is(err, swap.ErrSignature) {
		t.Errorf("%v does not wrap ErrSignature", err)
	}
	if _, err := verifier().Receipt(good.SignedQuote, good.SignedReceipt, verify.ReceiptAsk{}); err == nil {
		t.Error("a caller who says nothing of what was asked gets terms all the same")
	}
}

// Without a clock of its own a verifier uses the machine's, by which these
// documents have lapsed.
func TestTheClock(t *testing.T) {
	t.Parallel()
	v, good := verifier(), terms(t)
	v.Now = nil
	var refusal *verify.Refusal
	_, err := v.Quote(good.SignedQuote, verify.QuoteAsk{Pair: asset.Pair{From: asset.BTC, To: asset.ETH}})
	if !errors.As(err, &refusal) || refusal.Field != "signed_quote.accept_by" {
		t.Errorf("an old quote: %v", err)
	}
	_, err = v.Receipt(good.SignedQuote, good.SignedReceipt, ask)
	if !errors.As(err, &refusal) || refusal.Field != "signed_receipt.deposit_by" {
		t.Errorf("an old receipt: %v", err)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	if err := verifier().Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*verify.Verifier){
		"quote keys":  func(v *verify.Verifier) { v.QuoteKeys = nil },
		"attest keys": func(v *verify.Verifier) { v.AttestKeys = nil },
		"network":     func(v *verify.Verifier) { v.Networks.Bitcoin = "moon" },
	} {
		v := verifier()
		spoil(&v)
		if v.Validate() == nil {
			t.Errorf("a verifier without %s is valid", name)
		}
	}
}
