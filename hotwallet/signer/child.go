package signer

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

// branch is the key of an account's branch, ready to derive its children, which are what
// owns coins. hdkeychain works out a public key for each private one and parses the
// parent's each time, which costs more than signing; that these are BIP32's children as
// hdkeychain has them, a test holds, and each signature is verified besides.
type branch struct {
	private btcec.ModNScalar
	public  btcec.JacobianPoint
	// compressed is public, 33 bytes.
	compressed []byte
	chainCode  []byte
}

// newBranch copies what is needed of an extended private key.
func newBranch(from *hdkeychain.ExtendedKey) (*branch, error) {
	private, err := from.ECPrivKey()
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	defer private.Zero()
	public := private.PubKey()
	b := &branch{private: private.Key, compressed: public.SerializeCompressed(), chainCode: from.ChainCode()}
	public.AsJacobian(&b.public)
	return b, nil
}

// tweak is the scalar by which a child differs from its parent: the left half of
// HMAC-SHA512 (BIP32, CKDpriv and CKDpub of indices that are not hardened).
func (b *branch) tweak(index uint32) (*btcec.ModNScalar, error) {
	if index >= hardenedStart {
		return nil, fmt.Errorf("child %d is hardened", index)
	}
	mac := hmac.New(sha512.New, b.chainCode)
	mac.Write(b.compressed)
	mac.Write(binary.BigEndian.AppendUint32(nil, index))
	var by btcec.ModNScalar
	if by.SetByteSlice(mac.Sum(nil)[:32]) {
		return nil, fmt.Errorf("child %d has no key", index)
	}
	return &by, nil
}

// privateChild is the private key of a child. The caller wipes it.
func (b *branch) privateChild(index uint32) (*btcec.PrivateKey, error) {
	by, err := b.tweak(index)
	if err != nil {
		return nil, err
	}
	key := &btcec.PrivateKey{Key: *by.Add(&b.private)}
	by.Zero()
	if key.Key.IsZero() {
		return nil, fmt.Errorf("child %d has no key", index)
	}
	return key, nil
}

// publicChild is the public key of a child, compressed, worked out without its private
// one.
func (b *branch) publicChild(index uint32) ([]byte, error) {
	by, err := b.tweak(index)
	if err != nil {
		return nil, err
	}
	var offset, child btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(by, &offset)
	btcec.AddNonConst(&offset, &b.public, &child)
	if child.Z.IsZero() || child.X.IsZero() && child.Y.IsZero() {
		return nil, fmt.Errorf("child %d has no key", index)
	}
	child.ToAffine()
	return btcec.NewPublicKey(&child.X, &child.Y).SerializeCompressed(), nil
}

// wipe overwrites the private key.
func (b *branch) wipe() { b.private.Zero() }
