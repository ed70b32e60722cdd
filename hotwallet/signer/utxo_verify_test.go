package signer

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"ferry/swap/asset"
)

// signedWitnesses is a transaction of P2WPKH inputs of one key, signed, with that key.
func signedWitnesses(t interface{ Fatalf(string, ...any) }, inputs int) (utxoTx, *btcec.PrivateKey) {
	key, public := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	compressed := public.SerializeCompressed()
	b := utxoTx{chain: asset.Bitcoin, tx: wire.NewMsgTx(2)}
	for n := range inputs {
		b.tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{byte(n + 1)}, Index: uint32(n)}, Sequence: 0xfffffffd})
		b.spent = append(b.spent, wire.NewTxOut(int64(5_000+n), scriptOf(b.chain, compressed)))
		b.at, b.public = append(b.at, position{chain: b.chain}), append(b.public, compressed)
	}
	b.tx.AddTxOut(wire.NewTxOut(9_000, scriptOf(b.chain, compressed)))
	b.tx.AddTxOut(wire.NewTxOut(500, []byte{txscript.OP_TRUE}))
	if err := signWitnesses(b, func(position) (*btcec.PrivateKey, error) {
		again, _ := btcec.PrivKeyFromBytes(key.Serialize()) // what is handed out is wiped
		return again, nil
	}); err != nil {
		t.Fatalf("sign: %v", err)
	}
	return b, key
}

// byEngine is what the script engine says of an input, with all rules of relays.
func byEngine(b utxoTx, i int) error {
	fetcher := b.fetcher()
	return runScript(b.tx, i, b.spent[i], txscript.NewTxSigHashes(b.tx, fetcher), fetcher)
}

func verifyAgain(b utxoTx, i int) error {
	return b.verifyWitness(txscript.NewTxSigHashes(b.tx, b.fetcher()), i)
}

// What is signed is what the script engine accepts; and of everything that was changed
// since, the engine and we say the same: one bit of the witness or the coin's script, or
// what the signature covers.
func TestWitnessIsWhatTheEngineAccepts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b, _ := signedWitnesses(t, rapid.IntRange(1, 3).Draw(t, "inputs"))
		i := rapid.IntRange(0, len(b.tx.TxIn)-1).Draw(t, "input")
		if ours, engine := verifyAgain(b, i), byEngine(b, i); ours != nil || engine != nil {
			t.Fatalf("as signed: %v; by the engine %v", ours, engine)
		}
		in := b.tx.TxIn[i]
		flip := func(of []byte) {
			of[rapid.IntRange(0, len(of)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		change := rapid.SampledFrom([]func(){
			func() { flip(in.Witness[0]) },
			func() { in.Witness[1] = bytes.Clone(in.Witness[1]); flip(in.Witness[1]) },
			func() { b.spent[i].PkScript = bytes.Clone(b.spent[i].PkScript); flip(b.spent[i].PkScript) },
			func() { b.spent[i].Value++ },
			func() { b.tx.TxOut[0].Value-- },
			func() { b.tx.TxOut[1].PkScript = []byte{txscript.OP_FALSE} },
			func() { b.tx.AddTxOut(wire.NewTxOut(1, nil)) },
			func() { b.tx.Version = 1 },
			func() { b.tx.LockTime = 1 },
			func() { in.Sequence-- },
			func() { in.PreviousOutPoint.Index++ },
			func() { in.Witness = in.Witness[:1] },
			func() { in.Witness = nil },
			func() { in.Witness = append(in.Witness, []byte{1}) },
			func() { in.Witness = wire.TxWitness{nil, in.Witness[1]} },
			func() { in.SignatureScript = []byte{txscript.OP_TRUE} },
		})
		change.Draw(t, "change")()
		if ours, engine := verifyAgain(b, i), byEngine(b, i); ours == nil || engine == nil {
			t.Fatalf("changed: %v; by the engine %v", ours, engine)
		}
	})
}

// Signatures that the engine accepts too, but are not ours: of another hash type, or of
// another key to a coin of its own; and those in other encodings.
func TestWitnessRefusesOtherForms(t *testing.T) {
	t.Parallel()
	b, key := signedWitnesses(t, 1)
	hashes := txscript.NewTxSigHashes(b.tx, b.fetcher())
	good := b.tx.TxIn[0].Witness
	sign := func(key *btcec.PrivateKey, hashType txscript.SigHashType) []byte {
		signed, err := txscript.RawTxInWitnessSignature(b.tx, hashes, 0, b.spent[0].Value, b.spent[0].PkScript, hashType, key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	if !bytes.Equal(good[0], sign(key, txscript.SigHashAll)) {
		t.Fatalf("signed as %x", good[0])
	}
	stranger, _ := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{8}, 32))
	for name, c := range map[string]struct {
		witness wire.TxWitness
		engine  bool
	}{
		"no outputs":           {wire.TxWitness{sign(key, txscript.SigHashNone), good[1]}, true},
		"anyone can pay":       {wire.TxWitness{sign(key, txscript.SigHashAll|txscript.SigHashAnyOneCanPay), good[1]}, true},
		"another's signature":  {wire.TxWitness{sign(stranger, txscript.SigHashAll), good[1]}, false},
		"another's key too":    {wire.TxWitness{sign(stranger, txscript.SigHashAll), stranger.PubKey().SerializeCompressed()}, false},
		"a key uncompressed":   {wire.TxWitness{good[0], key.PubKey().SerializeUncompressed()}, false},
		"the high s":           {wire.TxWitness{append(highS(t, good[0][:len(good[0])-1]), byte(txscript.SigHashAll)), good[1]}, false},
		"no signature, a type": {wire.TxWitness{{byte(txscript.SigHashAll)}, good[1]}, false},
	} {
		b.tx.TxIn[0].Witness = c.witness
		if verifyAgain(b, 0) == nil {
			t.Errorf("%s: accepted", name)
		}
		if err := byEngine(b, 0); (err == nil) != c.engine {
			t.Errorf("%s: by the engine %v", name, err)
		}
	}
}

// highS is the other signature that the curve has for the same digest.
func highS(t *testing.T, der []byte) []byte {
	t.Helper()
	low, err := ecdsa.ParseDERSignature(der)
	if err != nil {
		t.Fatal(err)
	}
	r, s := low.R(), low.S()
	s.Negate()
	var rBytes, sBytes [32]byte
	r.PutBytes(&rBytes)
	s.PutBytes(&sBytes)
	number := func(raw []byte) []byte {
		raw = bytes.TrimLeft(raw, "\x00")
		if raw[0] >= 0x80 {
			raw = append([]byte{0}, raw...)
		}
		return append([]byte{2, byte(len(raw))}, raw...)
	}
	body := append(number(rBytes[:]), number(sBytes[:])...)
	return append([]byte{0x30, byte(len(body))}, body...)
}
