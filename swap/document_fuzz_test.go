package swap_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"ferry/swap"
	"ferry/swap/swaptest"
)

// kind is a type of document with how it is verified and signed again.
type kind struct {
	typ   swap.DocumentType
	again func(compact string, k swaptest.Keys) (string, error)
}

func kindOf[T any](typ swap.DocumentType, verify func(string, swap.PublicKeys) (T, error)) kind {
	return kind{typ, func(compact string, k swaptest.Keys) (string, error) {
		document, err := verify(compact, k.QuoteKeys())
		if err != nil {
			return "", err
		}
		return swap.Sign(typ, document, k.Quote)
	}}
}

var kinds = []kind{
	kindOf(swap.TypeQuote, swap.VerifyQuote), kindOf(swap.TypeReceipt, swap.VerifyReceipt), kindOf(swap.TypeRequote, swap.VerifyRequote),
	kindOf(swap.TypeConsent, swap.VerifyConsent), kindOf(swap.TypeRefundAddress, swap.VerifyRefundAddress),
	kindOf(swap.TypeWrongAssetRefund, swap.VerifyWrongAssetRefund), kindOf(swap.TypeDeposit, swap.VerifyDepositAttestation),
	kindOf(swap.TypeDeath, swap.VerifyDeathAttestation),
}

// What a trusted key has signed is no longer protected by the signature: any
// payload is refused, or is byte for byte what the document it stands for is
// signed as. So a document has one text, whoever wrote it.
func FuzzSignedPayload(f *testing.F) {
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(f, keys, nil)
	for i, compact := range []string{terms.SignedQuote, terms.SignedReceipt} {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[1])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), payload)
	}
	for i := range kinds {
		f.Add(uint8(i), []byte(`{}`))
		f.Add(uint8(i), []byte(`null`))
	}
	f.Fuzz(func(t *testing.T, which uint8, payload []byte) {
		k := kinds[int(which)%len(kinds)]
		compact, err := swap.Sign(k.typ, json.RawMessage(payload), keys.Quote)
		if err != nil {
			return // no JSON
		}
		again, err := k.again(compact, keys)
		if err == nil && again != compact {
			t.Fatalf("%s verifies and is signed as\n%s, not as\n%s", payload, again, compact)
		}
		for _, other := range kinds {
			if _, err := other.again(compact, keys); err == nil && other.typ != k.typ {
				t.Fatalf("%s of type %s verifies as %s", payload, k.typ, other.typ)
			}
		}
	})
}
