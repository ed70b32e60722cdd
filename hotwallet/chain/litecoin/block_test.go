package litecoin

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

// Two blocks of a litecoind on regtest: 432, the first with an extension, with a
// peg-in; and 434, with a peg-out of 0.7 LTC.
var (
	//go:embed testdata/pegin.hex
	pegIn string
	//go:embed testdata/pegout.hex
	pegOut string
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// ids are the transactions' as the node has told them.
func ids(b *utxo.Block) []string {
	var all []string
	for _, tx := range b.Transactions {
		all = append(all, tx.TxHash().String())
	}
	return all
}

func TestDecodeBlock(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, hash, txids string }{
		"peg-in": {pegIn, "32e4a4417dac7102b878f6a184a81eb33cd0f034c52c6ed2ced26ecbe58dc826",
			"dc2fadc0e2e7f6296f96a346a6155a1bfb31cd6f9e7caa5602c94cb6f5610dfa 0c3b5230cc769f97528c780f2096eecad08b4043c389cae2d272169445f76606 " +
				"b5f5fdde77e8e678d9ee2cb12a811f7db7a993a38f9d6314d9d71a6e893a198f"},
		"peg-out": {pegOut, "a4e15c4282fae08c2014b1065076053f7093882408d19a83d70b8e25de52d0ec", ""},
	} {
		b, err := decodeBlock(unhex(t, row.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b.Header.BlockHash().String() != row.hash || b.PegOuts != len(b.Transactions)-1 {
			t.Errorf("%s: block %s, peg-outs in %d", name, b.Header.BlockHash(), b.PegOuts)
		}
		if got := strings.Join(ids(b), " "); row.txids != "" && got != row.txids {
			t.Errorf("%s: %s", name, got)
		}
	}
	b, err := decodeBlock(unhex(t, pegOut))
	if err != nil {
		t.Fatal(err)
	}
	outs := b.Transactions[b.PegOuts].TxOut
	if len(outs) != 2 || outs[1].Value != 70_000_000 || hex.EncodeToString(outs[1].PkScript) != "00142e4827ff8e28bb096e8673100df988131b7bfc93" {
		t.Fatalf("the HogEx pays %+v", outs)
	}
}

// Whatever is cut off or added is noticed before the extension's data, which the
// header does not commit to by itself.
func TestDecodeBlockRefuses(t *testing.T) {
	t.Parallel()
	whole := unhex(t, pegOut)
	b, err := decodeBlock(whole)
	if err != nil {
		t.Fatal(err)
	}
	plain := withoutExtension(t, b)
	if _, err := decodeBlock(plain); err != nil {
		t.Fatalf("an ordinary block: %v", err)
	}
	ends := bytes.Index(whole, serialize(t, b.Transactions[0])) + len(serialize(t, b.Transactions[0]))
	for name, raw := range map[string][]byte{
		"nothing":           nil,
		"the header alone":  whole[:headerSize],
		"a byte after":      append(bytes.Clone(plain), 0),
		"cut in the HogEx":  whole[:ends+20],
		"no extension data": whole[:hogExEnd(t, whole, b)],
		"more transactions": append(append(bytes.Clone(whole[:headerSize]), 0xfe, 0xff, 0xff, 0xff, 0xff), whole[headerSize+1:]...),
		"an odd announcement": append(append(bytes.Clone(whole[:hogExEnd(t, whole, b)]), 2),
			whole[hogExEnd(t, whole, b)+1:]...),
		"announced as absent": append(append(bytes.Clone(whole[:hogExEnd(t, whole, b)]), 0),
			whole[hogExEnd(t, whole, b)+1:]...),
	} {
		if got, err := decodeBlock(raw); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// hogExEnd is where the HogEx ends: by its lock time of zero after the byte that says
// that it has no data of its own.
func hogExEnd(t testing.TB, raw []byte, b *utxo.Block) int {
	t.Helper()
	last := b.Transactions[b.PegOuts].TxOut
	script := last[len(last)-1].PkScript
	at := bytes.Index(raw, append(script, 0, 0, 0, 0, 0))
	if at < 0 {
		t.Fatal("the HogEx has no end")
	}
	return at + len(script) + 1 + lockTimeSize
}

func serialize(t testing.TB, tx *wire.MsgTx) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// withoutExtension is the block with its HogEx written as an ordinary transaction.
func withoutExtension(t testing.TB, b *utxo.Block) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := (&wire.MsgBlock{Header: b.Header, Transactions: b.Transactions}).Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// A peg-in that waits carries extension data; its id leaves them out. A transaction
// within the extension has nothing that others see.
func TestDecodeTx(t *testing.T) {
	t.Parallel()
	b, err := decodeBlock(unhex(t, pegIn))
	if err != nil {
		t.Fatal(err)
	}
	mined := b.Transactions[1]
	raw := serialize(t, mined)
	waiting := append(bytes.Clone(raw[:4]), 0, flagWitness|flagExtension)
	waiting = append(append(waiting, raw[6:len(raw)-lockTimeSize]...), 1, 0xaa, 0xbb, 0xcc)
	waiting = append(waiting, raw[len(raw)-lockTimeSize:]...)
	tx, err := decodeTx(waiting)
	if err != nil || tx.TxHash() != mined.TxHash() || extensionOnly(tx) {
		t.Fatalf("%+v, %v", tx, err)
	}
	inside := unhex(t, "02000000"+"0008"+"0000"+"01"+"aabbcc"+"68010000")
	if tx, err := decodeTx(inside); err != nil || !extensionOnly(tx) || tx.LockTime != 0x168 {
		t.Fatalf("%+v, %v", tx, err)
	}
	for name, text := range map[string]string{
		"no flag":          "02000000" + "0000" + "0000" + "00000000",
		"unknown flag":     "02000000" + "0010" + "0000" + "00000000",
		"no witness":       "02000000" + "0001" + "0000" + "00000000",
		"no data":          "02000000" + "0008" + "0000" + "00" + "00000000",
		"data cut off":     "02000000" + "0008" + "0000" + "01" + "00000000",
		"a byte after":     hex.EncodeToString(raw) + "00",
		"cut off":          hex.EncodeToString(raw[:len(raw)-1]),
		"a longer number":  "02000000" + "fd0100",
		"too many outputs": "02000000" + "00" + "08" + "00" + "feffffffff",
	} {
		if tx, err := decodeTx(unhex(t, text)); err == nil {
			t.Errorf("%s: %+v", name, tx)
		}
	}
}

// What btcd's decoder reads, this one reads the same; no block is read in two ways.
func FuzzDecodeBlock(f *testing.F) {
	for _, text := range []string{pegIn, pegOut} {
		raw := unhex(f, text)
		f.Add(raw)
		b, err := decodeBlock(raw)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(withoutExtension(f, b))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := decodeBlock(raw)
		want, wantErr := utxo.DecodeBlock(raw)
		if wantErr == nil && err == nil {
			if a, b := strings.Join(ids(got), " "), strings.Join(ids(want), " "); a != b || got.PegOuts != 0 || got.Header != want.Header {
				t.Fatalf("%s, and btcd reads %s", a, b)
			}
		}
		if err != nil {
			return
		}
		if got.PegOuts != 0 && got.PegOuts != len(got.Transactions)-1 {
			t.Fatalf("peg-outs in %d of %d", got.PegOuts, len(got.Transactions))
		}
		if got.PegOuts == 0 && !bytes.Equal(withoutExtension(t, got), raw) {
			t.Fatal("a block is read from other bytes than it is written as")
		}
	})
}

func FuzzDecodeTx(f *testing.F) {
	b, err := decodeBlock(unhex(f, pegOut))
	if err != nil {
		f.Fatal(err)
	}
	for _, tx := range b.Transactions {
		f.Add(serialize(f, tx))
	}
	f.Add(unhex(f, "02000000"+"0008"+"0000"+"01"+"aabbcc"+"68010000"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := decodeTx(raw)
		want, wantErr := utxo.DecodeTx(raw)
		if wantErr == nil && err == nil && tx.TxHash() != want.TxHash() {
			t.Fatalf("%s, and btcd reads %s", tx.TxHash(), want.TxHash())
		}
		if wantErr == nil && err != nil && len(want.TxIn) > 0 && bytes.Equal(serialize(t, want), raw) {
			t.Fatalf("btcd reads %s, here: %v", want.TxHash(), err)
		}
	})
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for network, ok := range map[string]bool{"mainnet": true, "testnet4": true, "regtest": true, "moon": false} {
		a, err := New(utxo.Config{URL: "http://127.0.0.1:1", Networks: asset.Networks{Litecoin: network}})
		if (err == nil) != ok || ok && a.Chain() != asset.Litecoin {
			t.Errorf("%s: %v", network, err)
		}
	}
}
