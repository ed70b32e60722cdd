package psbt_test

import (
	"bytes"
	"errors"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/psbt"
	"ferry/swap/asset"
)

// Whatever comes in: it is refused as such, or it is read, written in one way, read again
// as the same, and is no attempt that it was not made of.
func FuzzRead(f *testing.F) {
	v := bip174(f)
	for _, c := range append(append(append(v.Valid, v.Steps...), v.FailsSigner...), v.Invalid...) {
		f.Add(c.bytes(f))
		f.Add([]byte(c.Base64))
	}
	plan, signed := attempt(f, 2, 1)
	for _, raw := range [][]byte{nil, signed} {
		d, err := psbt.Of(asset.Bitcoin, plan, raw)
		must(f, err)
		text, err := d.Bytes()
		must(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := psbt.Read(raw)
		if err != nil {
			if !errors.Is(err, psbt.ErrFormat) {
				t.Fatalf("refused as %v", err)
			}
			return
		}
		once, err := d.Bytes()
		if err != nil {
			t.Fatalf("it is read and can't be written: %v", err)
		}
		again, err := psbt.Read(once)
		if err != nil {
			t.Fatalf("what is written is not read: %v", err)
		}
		twice, err := again.Bytes()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x is written again as %x (%v)", once, twice, err)
		}
		same := again.Transaction().TxHash() == d.Transaction().TxHash()
		if _, err := d.Fee(); !same || err != nil && !errors.Is(err, psbt.ErrFormat) {
			t.Fatalf("the same transaction: %t; its fee: %v", same, err)
		}
		if d.Signed() && len(d.Transaction().TxIn) == 0 {
			t.Fatal("nothing is signed")
		}
		if d.Check(asset.Bitcoin, plan, signed) == nil && d.Transaction().TxHash().String() != hashOf(t, signed) {
			t.Fatal("it passes for an attempt that is another transaction")
		}
		if err := d.Check(asset.Bitcoin, chain.Plan{}, nil); err == nil {
			t.Fatal("it passes for no attempt at all")
		}
	})
}
