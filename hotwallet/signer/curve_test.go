package signer

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// What libsecp256k1 signs is what btcec signs, bit for bit: both take RFC 6979's nonce and the low s.
func TestBothLibrariesGiveTheSameSignature(t *testing.T) {
	t.Parallel()
	for i := range 200 {
		seed := sha256.Sum256([]byte{byte(i), 1})
		key, public := btcec.PrivKeyFromBytes(seed[:])
		digest := sha256.Sum256([]byte{byte(i), 2})
		signed, err := signDigest(key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		if want := ecdsa.Sign(key, digest[:]).Serialize(); !bytes.Equal(signed, want) {
			t.Fatalf("digest %d: %x, want %x", i, signed, want)
		}
		if err := verifySignature(public.SerializeCompressed(), digest[:], signed); err != nil {
			t.Fatalf("digest %d: %v", i, err)
		}
		digest[0] ^= 1
		if err := verifySignature(public.SerializeCompressed(), digest[:], signed); err == nil {
			t.Fatalf("digest %d: verifies for another", i)
		}
	}
}
