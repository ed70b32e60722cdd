package swap

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// DocumentType separates what a key signs, as the JWS "typ" header, so that one
// kind of document can never be passed off as another.
type DocumentType string

// The documents Ferry signs.
const (
	TypeQuote   DocumentType = "ferry-quote+jws"
	TypeReceipt DocumentType = "ferry-receipt+jws"
	// The amendments: what changes the terms of a swap after its receipt.
	TypeRequote       DocumentType = "ferry-requote+jws"
	TypeConsent       DocumentType = "ferry-consent+jws"
	TypeRefundAddress DocumentType = "ferry-refund-address+jws"
	// TypeWrongAssetRefund is the owner's yes to a refund in another asset.
	TypeWrongAssetRefund DocumentType = "ferry-wrong-asset-refund+jws"
	// What a payment rests on besides: that a deposit is in the chain.
	TypeDeposit DocumentType = "ferry-deposit+jws"
	// And what a payment that is made again rests on: that the one before is dead.
	TypeDeath DocumentType = "ferry-death+jws"
)

// MaxDocument is the largest signed document that is read, in bytes.
const MaxDocument = 8 << 10

// ErrSignature means a document is not what a trusted key signed.
var ErrSignature = errors.New("signature does not verify")

// KeyID names an Ed25519 key: the first 8 bytes of the SHA-256 of the public
// key, in hexadecimal.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

// PublicKeys are the keys trusted to sign one type of document, by KeyID.
type PublicKeys map[string]ed25519.PublicKey

// ParsePublicKeys reads keys written as unpadded base64url of 32 bytes (the "x"
// of an RFC 8037 key).
func ParsePublicKeys(texts []string) (PublicKeys, error) {
	keys := PublicKeys{}
	for _, text := range texts {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(raw) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("public key %q is not 32 bytes in base64url", text)
		}
		keys[KeyID(raw)] = raw
	}
	return keys, nil
}

// FormatPublicKey writes a key as ParsePublicKeys reads it.
func FormatPublicKey(pub ed25519.PublicKey) string { return base64.RawURLEncoding.EncodeToString(pub) }

// Sign returns document as JSON in a compact JWS (RFC 7515) signed with Ed25519
// (RFC 8037). The same document and key give the same text.
func Sign(typ DocumentType, document any, key ed25519.PrivateKey) (string, error) {
	payload, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", typ, err)
	}
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", fmt.Errorf("sign %s: not an Ed25519 key", typ)
	}
	signed := headerOf(typ, KeyID(pub)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(signed))), nil
}

// verify checks a compact JWS of the type against the trusted keys and decodes
// its payload strictly into document. A document has one text only: what is
// accepted is, byte for byte, what Sign writes. So nothing is left over for two
// readers to understand differently: no second spelling of the base64, no other
// header, no member that is unknown, missing, in another case or there twice.
func verify(typ DocumentType, compact string, keys PublicKeys, document any) error {
	if len(compact) > MaxDocument {
		return fmt.Errorf("%s of %d bytes, at most %d: %w", typ, len(compact), MaxDocument, ErrSignature)
	}
	// What is accepted begins with one of a few texts, so that no header is to be read.
	for id, key := range keys {
		if payload, ok := opened(compact, headerOf(typ, id), key); ok {
			return decodeStrictly(typ, payload, document)
		}
	}
	return whyNot(typ, compact, keys)
}

// headerOf is the one protected header that is accepted of a type and key, encoded.
func headerOf(typ DocumentType, keyID string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"EdDSA","kid":%q,"typ":%q}`, keyID, string(typ)))
}

// opened is the payload of a document with exactly this header, if the key has signed it
// and it is written in the one form that is accepted.
func opened(compact, header string, key ed25519.PublicKey) (payload []byte, ok bool) {
	rest, ok := strings.CutPrefix(compact, header+".")
	if !ok {
		return nil, false
	}
	body, tail, ok := strings.Cut(rest, ".")
	if !ok {
		return nil, false
	}
	payload, bodyErr := base64.RawURLEncoding.DecodeString(body)
	signature, tailErr := base64.RawURLEncoding.DecodeString(tail)
	encode := base64.RawURLEncoding.EncodeToString
	if bodyErr != nil || tailErr != nil || body != encode(payload) || tail != encode(signature) || len(key) != ed25519.PublicKeySize {
		return nil, false
	}
	return payload, ed25519.Verify(key, []byte(compact[:len(header)+1+len(body)]), signature)
}

// whyNot is what is wrong with a document that was not opened.
func whyNot(typ DocumentType, compact string, keys PublicKeys) error {
	jws, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return fmt.Errorf("%s is not a compact JWS with EdDSA: %w", typ, ErrSignature)
	}
	header := jws.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != string(typ) {
		return fmt.Errorf("document is of type %.60v, not %s: %w", header.ExtraHeaders[jose.HeaderType], typ, ErrSignature)
	}
	key, trusted := keys[header.KeyID]
	if !trusted {
		return fmt.Errorf("%s is signed by key %.20q, which is not trusted: %w", typ, header.KeyID, ErrSignature)
	}
	if _, err := jws.Verify(key); err != nil {
		return fmt.Errorf("%s: %w", typ, ErrSignature)
	}
	return fmt.Errorf("%s has another header or encoding than the one it is signed with: %w", typ, ErrSignature)
}

// decodeStrictly reads what json.Marshal writes of a document, and nothing else.
func decodeStrictly(typ DocumentType, payload []byte, document any) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(document); err != nil {
		return fmt.Errorf("decode %s: %w", typ, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode %s: something follows the document", typ)
	}
	again, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encode %s: %w", typ, err)
	}
	if !bytes.Equal(again, payload) {
		return fmt.Errorf("decode %s: a member is missing, there twice, in another order or written otherwise", typ)
	}
	return nil
}

// checkTimes refuses times in another zone than UTC: one instant has one text.
func checkTimes(typ DocumentType, times ...time.Time) error {
	for _, t := range times {
		if t.Location() != time.UTC {
			return fmt.Errorf("%s: time %s is not in UTC", typ, t.Format(time.RFC3339Nano))
		}
	}
	return nil
}

func decodeUnverified(typ DocumentType, compact string, document any) error {
	jws, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return fmt.Errorf("%s is not a compact JWS with EdDSA: %w", typ, err)
	}
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), document); err != nil {
		return fmt.Errorf("decode %s: %w", typ, err)
	}
	return nil
}

// HashDocument is the SHA-256 of a signed document's text, in hexadecimal. It
// binds one document to another.
func HashDocument(compact string) string {
	sum := sha256.Sum256([]byte(compact))
	return hex.EncodeToString(sum[:])
}

// Millis truncates a time to the precision of documents, topics and rows: UTC
// milliseconds.
func Millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
