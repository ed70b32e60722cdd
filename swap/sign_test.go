package swap_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"ferry/swap"
	"ferry/swap/swaptest"
)

// A document is, byte for byte, the JWS that a library makes of the same payload, and what
// the library makes is accepted.
func TestDocumentIsAJWS(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	terms := swaptest.NewTerms(t, keys, nil)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(terms.SignedQuote, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	pub, ok := keys.Quote.Public().(ed25519.PublicKey)
	if !ok {
		t.Fatal("not an Ed25519 key")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: keys.Quote, KeyID: swap.KeyID(pub)}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(swap.TypeQuote)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if compact != terms.SignedQuote {
		t.Errorf("the library writes\n%s, not\n%s", compact, terms.SignedQuote)
	}
	if _, err := swap.VerifyQuote(compact, keys.QuoteKeys()); err != nil {
		t.Error(err)
	}
}

// Whatever is changed, added or written otherwise is refused, and so is every document
// where no key is trusted or a key is none.
func TestOtherTextsAreRefused(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	compact := swaptest.NewTerms(t, keys, nil).SignedQuote
	parts := strings.Split(compact, ".")
	id := func() string {
		for id := range keys.QuoteKeys() {
			return id
		}
		return ""
	}()
	texts := map[string]string{
		"nothing":            "",
		"a header alone":     parts[0] + ".",
		"no signature":       parts[0] + "." + parts[1],
		"an empty one":       parts[0] + "." + parts[1] + ".",
		"four parts":         compact + "." + parts[2],
		"a line break":       parts[0] + "." + parts[1][:8] + "\n" + parts[1][8:] + "." + parts[2],
		"padding":            compact + "==",
		"a longer signature": compact + "AA",
		"no payload":         parts[0] + ".." + parts[2],
	}
	for i := range compact {
		for _, other := range []byte{'A', 'B', '_'} {
			if compact[i] != other && i%7 == 0 {
				texts[fmt.Sprintf("%c at %d", other, i)] = compact[:i] + string(other) + compact[i+1:]
			}
		}
	}
	for name, text := range texts {
		if _, err := swap.VerifyQuote(text, keys.QuoteKeys()); !errors.Is(err, swap.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, trusted := range map[string]swap.PublicKeys{"no key": nil, "a key that is none": {id: nil}} {
		if _, err := swap.VerifyQuote(compact, trusted); !errors.Is(err, swap.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
