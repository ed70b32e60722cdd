package swap_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func TestVerifiedTermsAreWhatWasSigned(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(t, keys, nil)
	again, err := swap.VerifyTerms(terms.SignedQuote, terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys())
	if err != nil || !reflect.DeepEqual(again, terms) {
		t.Errorf("verified %+v, %v", again, err)
	}
	decoded, err := swap.DecodeTerms(terms.SignedQuote, terms.SignedReceipt)
	if err != nil || !reflect.DeepEqual(decoded, terms) {
		t.Errorf("decoded %+v, %v", decoded, err)
	}
	if repeat, err := swap.SignQuote(terms.Quote, keys.Quote); err != nil || repeat != terms.SignedQuote {
		t.Errorf("signing again gives another text (%v)", err)
	}
}

// Every character of a signed document matters, and neither key can stand in for
// the other.
func TestTamperedDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(t, keys, nil)
	rapid.Check(t, func(r *rapid.T) {
		text := []byte(terms.SignedQuote)
		i := rapid.IntRange(0, len(text)-1).Draw(r, "position")
		text[i] = rapid.SampledFrom([]byte("AZaz09-_.")).Draw(r, "character")
		q, err := swap.VerifyQuote(string(text), keys.QuoteKeys())
		if err == nil && !reflect.DeepEqual(q, terms.Quote) {
			r.Fatalf("a changed quote verifies as %+v", q)
		}
	})
	for name, c := range map[string]struct {
		quote, receipt string
		quoteKeys      swap.PublicKeys
		attestKeys     swap.PublicKeys
	}{
		"quote by the attestor's key":     {terms.SignedQuote, terms.SignedReceipt, keys.AttestKeys(), keys.AttestKeys()},
		"receipt by the quote key":        {terms.SignedQuote, terms.SignedReceipt, keys.QuoteKeys(), keys.QuoteKeys()},
		"a receipt as a quote":            {terms.SignedReceipt, terms.SignedReceipt, keys.AttestKeys(), keys.AttestKeys()},
		"nobody trusted":                  {terms.SignedQuote, terms.SignedReceipt, nil, nil},
		"receipt of another quote":        {swaptest.NewTerms(t, keys, nil).SignedQuote, terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys()},
		"empty":                           {"", "", keys.QuoteKeys(), keys.AttestKeys()},
		"larger than is read":             {strings.Repeat("a", swap.MaxDocument+1), terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys()},
		"unsigned (algorithm none)":       {none(terms.SignedQuote), terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys()},
		"another signature on the quote":  {cutSignature(terms.SignedQuote) + "." + strings.Repeat("A", 86), terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys()},
		"signature of the receipt reused": {cutSignature(terms.SignedQuote) + terms.SignedReceipt[strings.LastIndex(terms.SignedReceipt, "."):], terms.SignedReceipt, keys.QuoteKeys(), keys.AttestKeys()},
	} {
		if _, err := swap.VerifyTerms(c.quote, c.receipt, c.quoteKeys, c.attestKeys); !errors.Is(err, swap.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
}

func cutSignature(compact string) string { return compact[:strings.LastIndex(compact, ".")] }

func none(compact string) string {
	payload := strings.Split(compact, ".")[1]
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"ferry-quote+jws"}`)) + "." + payload + "."
}

// A trusted key does not make nonsense of a document acceptable.
func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(t, keys, nil)
	var fields map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(terms.SignedQuote, ".")[1])
	if err != nil || json.Unmarshal(raw, &fields) != nil {
		t.Fatal(err)
	}
	fields["bonus"] = "1000 BTC"
	signed, err := swap.Sign(swap.TypeQuote, fields, keys.Quote)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := swap.VerifyQuote(signed, keys.QuoteKeys()); err == nil || !strings.Contains(err.Error(), "bonus") {
		t.Errorf("an unknown field: %v", err)
	}
}

// A document has one text: every other spelling of it is refused, even one that a
// trusted key has signed.
func TestADocumentHasOneText(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	good := swaptest.NewTerms(t, keys, nil).SignedQuote
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(good, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	header, payload := `{"alg":"EdDSA","kid":"`+swap.KeyID(keys.Quote.Public().(ed25519.PublicKey))+`","typ":"ferry-quote+jws"}`, string(raw)
	if again := compact(header, payload, keys.Quote); again != good {
		t.Fatalf("the test signs %s, want %s", again, good)
	}
	for name, text := range map[string]string{
		"a member twice":             compact(header, strings.Replace(payload, `{`, `{"rate":"1",`, 1), keys.Quote),
		"a member in another case":   compact(header, strings.Replace(payload, `"payout"`, `"Payout"`, 1), keys.Quote),
		"a member missing":           compact(header, strings.Replace(payload, `"rate":"28.2",`, ``, 1), keys.Quote),
		"space in the payload":       compact(header, strings.Replace(payload, `,`, `, `, 1), keys.Quote),
		"something after it":         compact(header, payload+`{}`, keys.Quote),
		"an escape for a letter":     compact(header, strings.Replace(payload, `"BTC"`, `"\u0042TC"`, 1), keys.Quote),
		"a time in another zone":     compact(header, strings.Replace(payload, `04:05Z`, `04:05+00:00`, 1), keys.Quote),
		"leading zeros":              compact(header, strings.Replace(payload, `"1000000"`, `"01000000"`, 1), keys.Quote),
		"another header member":      compact(strings.Replace(header, `{`, `{"jku":"x",`, 1), payload, keys.Quote),
		"header members swapped":     compact(strings.TrimSuffix(strings.Replace(header, `"alg":"EdDSA",`, ``, 1), `}`)+`,"alg":"EdDSA"}`, payload, keys.Quote),
		"a line break in the base64": good[:10] + "\n" + good[10:],
		"another last letter":        good[:len(good)-1] + lastLetter(good),
	} {
		if q, err := swap.VerifyQuote(text, keys.QuoteKeys()); err == nil {
			t.Errorf("%s: verifies as %+v", name, q)
		}
	}
}

// compact signs any texts as header and payload.
func compact(header, payload string, key ed25519.PrivateKey) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(input)))
}

// lastLetter differs from the text's last in bits that stand for nothing.
func lastLetter(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, text[len(text)-1])^1:][:1]
}

func TestQuotesThatContradictThemselves(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	good := swaptest.NewTerms(t, keys, nil).Quote
	for name, edit := range map[string]func(*swap.Quote){
		"id":             func(q *swap.Quote) { q.ID = "quote_x" },
		"same asset":     func(q *swap.Quote) { q.Pair.To = q.Pair.From },
		"deposit asset":  func(q *swap.Quote) { q.Deposit.Asset = asset.ETH },
		"payout asset":   func(q *swap.Quote) { q.Payout.Asset = asset.BTC },
		"no deposit":     func(q *swap.Quote) { q.Deposit.Units = asset.Units{} },
		"no payout":      func(q *swap.Quote) { q.Payout.Units = asset.Units{} },
		"never valid":    func(q *swap.Quote) { q.AcceptBy = q.IssuedAt },
		"no window":      func(q *swap.Quote) { q.DepositWindowSeconds = 0 },
		"windows mixed":  func(q *swap.Quote) { q.ConfirmWindowSeconds = 1 },
		"refund asset":   func(q *swap.Quote) { q.RefundFeeMax.Asset = asset.ETH },
		"fee asset":      func(q *swap.Quote) { q.ServiceFee.Asset = asset.BTC },
		"unknown assets": func(q *swap.Quote) { q.Pair.From, q.Deposit.Asset, q.RefundFeeMax.Asset = "XXX", "XXX", "XXX" },
	} {
		q := good
		edit(&q)
		if _, err := swap.SignQuote(q, keys.Quote); err == nil {
			t.Errorf("%s: signed all the same", name)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	pub, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := swap.ParsePublicKeys([]string{swap.FormatPublicKey(pub)})
	if err != nil || !pub.Equal(keys[swap.KeyID(pub)]) {
		t.Errorf("keys %v, %v", keys, err)
	}
	for _, bad := range []string{"", "abc", swap.FormatPublicKey(pub) + "=", swap.FormatPublicKey(pub[:31])} {
		if _, err := swap.ParsePublicKeys([]string{bad}); err == nil {
			t.Errorf("%q was read as a key", bad)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	earlier, later := swap.NewID(swap.SwapPrefix, swaptest.Start), swap.NewID(swap.SwapPrefix, swaptest.Start.Add(time.Second))
	if earlier >= later {
		t.Errorf("%s does not sort before %s", earlier, later)
	}
	if !swap.ValidID(swap.SwapPrefix, earlier) || swap.ValidID(swap.QuotePrefix, earlier) {
		t.Error("an id is taken for what it is not")
	}
	for _, bad := range []string{"", "swap_", strings.ToUpper(earlier), earlier + "0", earlier[:20], "swap_ilou" + earlier[9:]} {
		if swap.ValidID(swap.SwapPrefix, bad) {
			t.Errorf("%q is taken for an id", bad)
		}
	}
}

func TestErrorCode(t *testing.T) {
	t.Parallel()
	refusal := swap.Refuse(swap.CodeQuoteUsed, "signed_quote", "", "The quote is used.")
	if swap.ErrorCode(nil) != "" || swap.ErrorCode(errors.New("x")) != swap.CodeInternal ||
		swap.ErrorCode(errors.Join(errors.New("x"), refusal)) != swap.CodeQuoteUsed {
		t.Error("codes are not what the errors carry")
	}
}

// Facts and orders that can't be acted on are refused where they are made.
func TestFactsAndOrdersValidate(t *testing.T) {
	t.Parallel()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), nil)
	id := terms.Receipt.SwapID
	for name, f := range map[string]swap.Fact{
		"no time":        {Kind: swap.FactDeadlinePassed, SwapID: id, Deadline: &swap.DeadlineFact{Name: "x"}},
		"no swap":        {Kind: swap.FactDeadlinePassed, At: swaptest.Start, Deadline: &swap.DeadlineFact{Name: "x"}},
		"no body":        {Kind: swap.FactDeadlinePassed, SwapID: id, At: swaptest.Start},
		"another body":   {Kind: swap.FactDeadlinePassed, SwapID: id, At: swaptest.Start, Deposit: &swap.DepositFact{}},
		"two bodies":     {Kind: swap.FactDeadlinePassed, SwapID: id, At: swaptest.Start, Deadline: &swap.DeadlineFact{Name: "x"}, Payment: &swap.PaymentFact{OrderID: "y"}},
		"unknown kind":   {Kind: "moon.landed", SwapID: id, At: swaptest.Start, Deadline: &swap.DeadlineFact{Name: "x"}},
		"empty deposit":  {Kind: swap.FactDepositSeen, SwapID: id, At: swaptest.Start, Deposit: &swap.DepositFact{DepositID: "d"}},
		"empty creation": {Kind: swap.FactSwapCreated, SwapID: id, At: swaptest.Start, Created: &swap.CreatedFact{}},
	} {
		if f.Validate() == nil {
			t.Errorf("%s: validates", name)
		}
	}
	largest, err := asset.UnitsFromBig(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	if err != nil {
		t.Fatal(err)
	}
	good := swap.Order{ID: swap.PayoutOrderID(id), SwapID: id, Purpose: swap.PurposePayout, Chain: asset.Ethereum,
		Deposits: []swap.OrderDeposit{{ID: "bitcoin:t:0", Amount: terms.Quote.Deposit}, {ID: "bitcoin:t:1", Amount: terms.Quote.Deposit}}, Amount: terms.Quote.Payout, Destination: terms.Receipt.PayoutAddress,
		SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt, At: swaptest.Start}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, edit := range map[string]func(*swap.Order){
		"another id":      func(o *swap.Order) { o.ID = "payout:other" },
		"another purpose": func(o *swap.Order) { o.Purpose = swap.PurposeRefund },
		"sweep":           func(o *swap.Order) { o.Purpose = "sweep" },
		"another chain":   func(o *swap.Order) { o.Chain = asset.Bitcoin },
		"nothing to pay":  func(o *swap.Order) { o.Amount.Units = asset.Units{} },
		"nowhere":         func(o *swap.Order) { o.Destination = "" },
		"no authority":    func(o *swap.Order) { o.SignedReceipt = "" },
		"no deposit":      func(o *swap.Order) { o.Deposits = nil },
		"a nameless one":  func(o *swap.Order) { o.Deposits[0].ID = "" },
		"one of nothing":  func(o *swap.Order) { o.Deposits[1].Amount.Units = asset.Units{} },
		"unsorted":        func(o *swap.Order) { slices.Reverse(o.Deposits) },
		"one twice":       func(o *swap.Order) { o.Deposits[1].ID = o.Deposits[0].ID },
		"two assets":      func(o *swap.Order) { o.Deposits[1].Amount = terms.Quote.Payout },
		"no sum":          func(o *swap.Order) { o.Deposits[1].Amount.Units = largest },
		"too many": func(o *swap.Order) {
			for n := range swap.MaxOrderDeposits {
				o.Deposits = append(o.Deposits, swap.OrderDeposit{ID: fmt.Sprintf("bitcoin:u:%03d", n), Amount: terms.Quote.Deposit})
			}
		},
		"a refund of two": func(o *swap.Order) {
			o.ID, o.Purpose = swap.RefundOrderID(o.Deposits[0].ID), swap.PurposeRefund
			o.Chain, o.Amount = asset.Bitcoin, terms.Quote.Deposit
		},
	} {
		o := good
		o.Deposits = slices.Clone(good.Deposits)
		edit(&o)
		if o.Validate() == nil {
			t.Errorf("%s: validates", name)
		}
	}
}

// No text makes verification panic, and what passes is what the key's holder signs:
// byte for byte the text that signing the document gives. (The seeds are of this
// process: a fuzzer's workers have other ids.)
func FuzzVerifyQuote(f *testing.F) {
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(f, keys, nil)
	f.Add(terms.SignedQuote)
	f.Add(terms.SignedReceipt)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, compact string) {
		q, err := swap.VerifyQuote(compact, keys.QuoteKeys())
		if err != nil {
			return
		}
		if again, err := swap.SignQuote(q, keys.Quote); err != nil || again != compact {
			t.Errorf("%q verifies as %+v, which is signed as %q (%v)", compact, q, again, err)
		}
	})
}
