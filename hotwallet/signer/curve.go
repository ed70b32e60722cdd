package signer

import (
	"bytes"
	stdecdsa "crypto/ecdsa"
	"fmt"
	"math/big"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/sync/errgroup"
)

// signDigest signs a digest and returns the signature in DER, with the low s. The nonce is RFC
// 6979's, so the same transaction gives the same signature. Where there is cgo it is libsecp256k1
// that signs, in the same time whatever key and nonce are; btcec's own, which is taken
// elsewhere, does not promise that, and takes nearly twice as long.
func signDigest(key *btcec.PrivateKey, digest []byte) ([]byte, error) {
	plain := key.Serialize()
	defer clear(plain)
	private := &stdecdsa.PrivateKey{PublicKey: stdecdsa.PublicKey{Curve: crypto.S256()}}
	private.D = new(big.Int).SetBytes(plain) //nolint:staticcheck // what replaces it works out the public key too, which takes longer than signing

	defer clear(private.D.Bits()) //nolint:staticcheck // wiping is the one use of D that nothing replaces
	signed, err := crypto.Sign(digest, private)
	if err != nil {
		return nil, fmt.Errorf("sign a digest: %w", err)
	}
	var r, s btcec.ModNScalar
	if r.SetByteSlice(signed[:32]) || s.SetByteSlice(signed[32:64]) {
		return nil, errSignature
	}
	return ecdsa.NewSignature(&r, &s).Serialize(), nil
}

// verifySignature accepts a signature in DER, in its one encoding and with the low s, that
// a compressed key has made over a digest. The key was derived without the private one that has
// signed, and by another library.
func verifySignature(public, digest, der []byte) error {
	signature, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		return fmt.Errorf("%w: %w", errSignature, err)
	}
	r, s := signature.R(), signature.S()
	var compact [64]byte
	r.PutBytesUnchecked(compact[:32])
	s.PutBytesUnchecked(compact[32:])
	// Serialize writes the low s: any other is not what was parsed.
	if !bytes.Equal(signature.Serialize(), der) || !crypto.VerifySignature(public, digest, compact[:]) {
		return errSignature
	}
	return nil
}

// sideBySide is how many inputs of a transaction are worked on at a time, where there are many.
const sideBySide = 4

// eachInput does something for each of n inputs, in parts side by side where that is worth it: a
// transaction of a hundred signed by one core would keep the others waiting.
func eachInput(n int, do func(i int) error) error {
	part := max(1, n)
	if n > 2*sideBySide {
		part = (n + sideBySide - 1) / sideBySide
	}
	var parts errgroup.Group
	for first := 0; first < n; first += part {
		parts.Go(func() error {
			for i := first; i < min(first+part, n); i++ {
				if err := do(i); err != nil {
					return fmt.Errorf("input %d: %w", i, err)
				}
			}
			return nil
		})
	}
	return parts.Wait()
}
