package bitcoin

import (
	"bytes"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"ferry/swap/asset"
)

var simnet = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// Whatever is spent: every signature holds, no satoshi is made or lost, the fee
// is never under the rate, and change is no dust.
func TestSpendBalances(t *testing.T) {
	t.Parallel()
	key, err := NewKey(simnet)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		var coins []Coin
		known := txscript.NewMultiPrevOutFetcher(nil)
		var have int64
		for i := range rapid.IntRange(1, 5).Draw(r, "coins") {
			c := Coin{At: wire.OutPoint{Index: uint32(i)}, Sat: rapid.Int64Range(294, 10_000).Draw(r, "sat"), Key: key}
			coins, have = append(coins, c), have+c.Sat
			known.AddPrevOut(c.At, wire.NewTxOut(c.Sat, key.Script()))
		}
		pay := wire.NewTxOut(rapid.Int64Range(294, 30_000).Draw(r, "pay"), key.Script())
		least := Fee(asset.Bitcoin, len(coins), []*wire.TxOut{pay})
		tx, err := Spend(coins, []*wire.TxOut{pay}, key.Script())
		if (err != nil) != (have < pay.Value+least) {
			r.Fatalf("have %d, pay %d, fee %d: %v", have, pay.Value, least, err)
		}
		if err != nil {
			if !errors.Is(err, ErrFunds) {
				r.Fatal(err)
			}
			return
		}
		left := have
		for i, out := range tx.TxOut {
			if left -= out.Value; i > 0 && out.Value < witnessDustLimit {
				r.Fatalf("change of %d sat", out.Value)
			}
		}
		if left < least || left >= least+witnessDustLimit || tx.TxOut[0].Value != pay.Value {
			r.Fatalf("fee %d, at least %d; paid %d of %d", left, least, tx.TxOut[0].Value, pay.Value)
		}
		hashes := txscript.NewTxSigHashes(tx, known)
		for i, c := range coins {
			engine, err := txscript.NewEngine(key.Script(), tx, i, txscript.StandardVerifyFlags, nil, hashes, c.Sat, known)
			if err == nil {
				err = engine.Execute()
			}
			if err != nil {
				r.Fatalf("input %d: %v", i, err)
			}
		}
		var raw bytes.Buffer
		if err := tx.Serialize(&raw); err != nil {
			r.Fatal(err)
		}
		if virtual := int64(3*tx.SerializeSizeStripped()+raw.Len()+3) / 4; left < virtual*FeeRate {
			r.Fatalf("%d sat for %d vB", left, virtual)
		}
	})
}

func TestSpendsAreNeverTheSameBytes(t *testing.T) {
	t.Parallel()
	key, err := NewKey(simnet)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 3 {
		tx, err := Spend([]Coin{{Sat: 100_000, Key: key}}, []*wire.TxOut{wire.NewTxOut(1000, key.Script())}, key.Script())
		if err != nil {
			t.Fatal(err)
		}
		seen[tx.TxHash().String()] = true
	}
	if len(seen) != 3 {
		t.Errorf("%d different transactions of 3", len(seen))
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	const good = "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se"
	for _, test := range []struct {
		to    string
		units string
		ok    bool
	}{
		{good, "1", true},
		{good, "2100000000000000", true},
		{good, "2100000000000001", false},
		{good, "0", false},
		{good, "18446744073709551616", false},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1", false},
		{"", "1", false},
	} {
		out, err := Output(simnet, test.to, asset.MustUnits(test.units))
		if (err == nil) != test.ok || test.ok && asset.NewUnits(uint64(out.Value)) != asset.MustUnits(test.units) {
			t.Errorf("%s to %q: %v, %v", test.units, test.to, out, err)
		}
	}
}
