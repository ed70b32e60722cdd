package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// What all cases start from.
const (
	quoteID   = "quote_01kdyak348ysd8ajrjmmt8xec4"
	swapID    = "swap_01kdyak348a7090ngaqtqy19ym"
	otherID   = "swap_01kdyak348a7090ngaqtqy19yn"
	secret    = "what only the owner knows"
	deposit   = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"
	refund    = "sb1qdassnmuntgqt8zdhcvk8j4kv2qwhhf30wl2vjt"
	payout    = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	stranger  = "0x52908400098527886E0F7030069857D2E4169EE7"
	zeroHash  = "0000000000000000000000000000000000000000000000000000000000000000"
	otherHash = "1111111111111111111111111111111111111111111111111111111111111111"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// set collects cases around one honest quote and its receipt.
type set struct {
	quoteKey, attestKey, foreignKey ed25519.PrivateKey
	quote                           swap.Quote
	receipt                         swap.Receipt
	signedQuote, signedReceipt      string
	cases                           []Case
}

func newSet() (*set, error) {
	s := &set{quoteKey: seedKey("quote"), attestKey: seedKey("attest"), foreignKey: seedKey("foreign")}
	btc := func(sat uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(sat)} }
	eth := func(wei uint64) asset.Amount { return asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(wei)} }
	s.quote = swap.Quote{ID: quoteID, Pair: asset.Pair{From: asset.BTC, To: asset.ETH}, Deposit: btc(1_000_000),
		Payout: eth(280_000_000_000_000_000), Rate: "28.2", ServiceFee: eth(1_500_000_000_000_000), NetworkFee: eth(500_000_000_000_000),
		RefundFeeMax: btc(2000), IssuedAt: start, AcceptBy: start.Add(time.Minute), DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
	at := start.Add(1500 * time.Millisecond)
	var err error
	if s.signedQuote, err = swap.SignQuote(s.quote, s.quoteKey); err != nil {
		return nil, err
	}
	s.receipt = swap.Receipt{SwapID: swapID, QuoteID: quoteID, QuoteHash: swap.HashDocument(s.signedQuote), DepositChain: asset.Bitcoin,
		DepositAsset: asset.BTC, DepositAddress: deposit, DepositPath: "m/84'/1'/0'/0/0", PayoutAddress: payout, RefundAddress: refund,
		Policy: swap.RefundPolicy(), SecretHash: swap.HashDocument(secret), IssuedAt: at,
		DepositBy: at.Add(1200 * time.Second), ConfirmBy: at.Add(7200 * time.Second)}
	if s.signedReceipt, err = swap.SignReceipt(s.receipt, s.attestKey); err != nil {
		return nil, err
	}
	if again := sign(header(swap.TypeQuote, s.quoteKey), payload(s.signedQuote), s.quoteKey); again != s.signedQuote {
		return nil, fmt.Errorf("these cases are signed otherwise than documents are: %s and %s", again, s.signedQuote)
	}
	return s, nil
}

// sign makes a compact JWS of any texts.
func sign(header, payload string, key ed25519.PrivateKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(header)) + "." + encode([]byte(payload))
	return input + "." + encode(ed25519.Sign(key, []byte(input)))
}

func header(typ swap.DocumentType, key ed25519.PrivateKey) string {
	return fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"typ":%q}`, swap.KeyID(public(key)), string(typ))
}

// payload is the text that a document signs. The document is one of ours.
func payload(compact string) string {
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[1])
	if err != nil {
		panic("vectors: a document of ours does not decode: " + err.Error())
	}
	return string(raw)
}

// part replaces one of the three parts of a compact JWS.
func part(compact string, n int, text string) string {
	parts := strings.Split(compact, ".")
	parts[n] = text
	return strings.Join(parts, ".")
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// replaced exchanges a text that must be there.
func replaced(text, old, by string) string {
	if !strings.Contains(text, old) {
		panic(fmt.Sprintf("vectors: %q is not in %s", old, text))
	}
	return strings.Replace(text, old, by, 1)
}

func (s *set) quoteAsk() Ask {
	pair, amount := s.quote.Pair, s.quote.Deposit
	return Ask{Pair: &pair, Deposit: &amount}
}

func (s *set) receiptAsk() Ask {
	policy := s.receipt.Policy
	return Ask{PayoutAddress: payout, RefundAddress: refund, Policy: &policy, Secret: secret}
}

// quoteCase adds a case on a quote; refused is "" where it verifies.
func (s *set) quoteCase(name, refused, signed string, change ...func(*Case)) {
	s.add(Case{Name: "quote: " + name, Document: "quote", Now: start.Add(time.Second), SignedQuote: signed, Ask: s.quoteAsk(), Refused: refused},
		signed, change)
}

func (s *set) receiptCase(name, refused, signed string, change ...func(*Case)) {
	s.add(Case{Name: "receipt: " + name, Document: "receipt", Now: start.Add(2 * time.Second), SignedQuote: s.signedQuote, SignedReceipt: signed,
		Ask: s.receiptAsk(), Refused: refused}, signed, change)
}

func (s *set) add(c Case, signed string, change []func(*Case)) {
	for _, f := range change {
		f(&c)
	}
	if c.Refused == "" {
		c.Verified = json.RawMessage(payload(signed))
	}
	s.cases = append(s.cases, c)
}

// idOf is a member of a document, as it is written.
func idOf(name, id string) string { return fmt.Sprintf("%q:%q", name, id) }

// forms adds what any document is refused for, whatever it says. member is one of
// its own, as idOf writes it.
func (s *set) forms(add func(name, refused, signed string, change ...func(*Case)), field string, typ, other swap.DocumentType, good string, key, otherKey ed25519.PrivateKey, member string) {
	text, last := payload(good), len(good)-1
	refuse := func(name, signed string) { add(name, field, signed) }
	refuse("empty", "")
	refuse("no JWS", "a.b")
	refuse("four parts", good+".")
	refuse("larger than 8192 bytes", strings.Repeat("a", swap.MaxDocument+1))
	refuse("signed by a foreign key", sign(header(typ, s.foreignKey), text, s.foreignKey))
	refuse("signed by a foreign key under our key's id", sign(header(typ, key), text, s.foreignKey))
	refuse("signed by Ferry's other key", sign(header(typ, otherKey), text, otherKey))
	refuse("no signature", part(good, 2, ""))
	refuse("a signature of zeros", part(good, 2, strings.Repeat("A", 86)))
	refuse("a signature cut short", good[:last])
	refuse("algorithm none", part(part(good, 0, encoded(replaced(header(typ, key), "EdDSA", "none"))), 2, ""))
	refuse("algorithm HS256 with the public key as secret", part(good, 0, encoded(replaced(header(typ, key), "EdDSA", "HS256"))))
	refuse("another type, signed", sign(header(other, key), text, key))
	refuse("no type, signed", sign(replaced(header(typ, key), fmt.Sprintf(`,"typ":%q`, string(typ)), ""), text, key))
	refuse("no key id, signed", sign(replaced(header(typ, key), fmt.Sprintf(`"kid":%q,`, swap.KeyID(public(key))), ""), text, key))
	refuse("a header member too many, signed", sign(replaced(header(typ, key), "{", `{"jku":"https://example.org",`), text, key))
	refuse("a header member twice, signed", sign(replaced(header(typ, key), "{", `{"alg":"none",`), text, key))
	refuse("its own key in the header", sign(replaced(header(typ, s.foreignKey), "{", fmt.Sprintf(`{"jwk":{"kty":"OKP","crv":"Ed25519","x":%q},`, publicText(s.foreignKey))), text, s.foreignKey))
	refuse("unused bits set in the last letter", good[:last]+spare(good[last]))
	refuse("a line break in the base64", good[:20]+"\n"+good[20:])
	refuse("padding", good+"==")
	refuse("an extra member, signed", sign(header(typ, key), replaced(text, "{", `{"bonus":"1000 BTC",`), key))
	refuse("a member twice, signed", sign(header(typ, key), replaced(text, "{", "{"+member+","), key))
	refuse("a member in another case, signed", sign(header(typ, key), replaced(text, member, strings.ToUpper(member[:2])+member[2:]), key))
	refuse("a member missing, signed", sign(header(typ, key), replaced(text, member+",", ""), key))
	refuse("trailing data, signed", sign(header(typ, key), text+"{}", key))
	refuse("a space in the payload, signed", sign(header(typ, key), replaced(text, ",", ", "), key))
	refuse("no object, signed", sign(header(typ, key), "null", key))
}

// spare changes a bit of a letter that stands for no bit of the data: of 64 bytes,
// the last letter holds two bits in its upper part.
func spare(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}
