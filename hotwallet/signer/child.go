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

// publicChild is the public key of a child, worked out without its private one: a point that
// is not affine yet.
func (b *branch) publicChild(index uint32) (child btcec.JacobianPoint, err error) {
	by, err := b.tweak(index)
	if err != nil {
		return child, err
	}
	var offset btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(by, &offset)
	btcec.AddNonConst(&offset, &b.public, &child)
	if child.Z.IsZero() || child.X.IsZero() && child.Y.IsZero() {
		return child, fmt.Errorf("child %d has no key", index)
	}
	return child, nil
}

// compress makes points affine and returns them compressed, 33 bytes each. All share one
// inversion, which costs as much as a third of a point (Montgomery's trick): the inverse of the product
// of all z, times the product of all but one, is the inverse of that one.
func compress(points []btcec.JacobianPoint) [][]byte {
	before := make([]btcec.FieldVal, len(points)) // the product of the z of those before
	var product btcec.FieldVal
	product.SetInt(1)
	for i := range points {
		before[i] = product
		product.Mul(&points[i].Z)
	}
	inverse := product.Inverse()
	compressed := make([][]byte, len(points))
	for i := len(points) - 1; i >= 0; i-- {
		p := &points[i]
		var z, square btcec.FieldVal
		z.Mul2(inverse, &before[i])
		inverse.Mul(&p.Z)
		square.SquareVal(&z)
		p.X.Mul(&square).Normalize()
		p.Y.Mul(square.Mul(&z)).Normalize()
		p.Z.SetInt(1)
		compressed[i] = btcec.NewPublicKey(&p.X, &p.Y).SerializeCompressed()
	}
	return compressed
}

// wipe overwrites the private key.
func (b *branch) wipe() { b.private.Zero() }
