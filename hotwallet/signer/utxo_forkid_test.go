package signer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"
)

// Vectors of Bitcoin ABC as bchd has them (v0.19.0, txscript/data/sighash_bip143.json,
// from bitcoind, MIT licence): those whose hash type has the fork's flag and covers all inputs and
// outputs. Their amounts are 0.
func TestForkIDDigestVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/sighash_forkid.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	for n, row := range rows[1:] {
		tx := new(wire.MsgTx)
		if err := tx.DeserializeNoWitness(hex.NewDecoder(strings.NewReader(row[0].(string)))); err != nil {
			t.Fatalf("vector %d: %v", n, err)
		}
		spent := wire.NewTxOut(0, unhex(t, row[1].(string)))
		got, err := forkIDDigest(tx, int(row[2].(float64)), spent, uint32(int64(row[3].(float64))))
		if err != nil || got.String() != row[4] {
			t.Errorf("vector %d: %s, %v; want %s", n, got, err, row[4])
		}
	}
	if len(rows) != 41 {
		t.Errorf("%d vectors, want 40", len(rows)-1)
	}
}

// BIP143's examples "Native P2WPKH" and "P2SH-P2WPKH": the digest is the same but for
// the hash type, and these have amounts.
func TestForkIDDigestIsBIP143(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unsigned, scriptCode, digest string
		input                        int
		units                        int64
	}{
		{"0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffff" +
			"ef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff" +
			"02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac" +
			"9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000",
			"76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac", "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670", 1, 600_000_000},
		{"0100000001db6b1b20aa0fd7b23880be2ecbd4a98130974cf4748fb66092ac4d3ceb1a54770100000000feffffff" +
			"02b8b4eb0b000000001976a914a457b684d7f0d539a46a45bbc043f35b59d0d96388ac" +
			"0008af2f000000001976a914fd270b1ee6abcaea97fea7ad0402e8bd8ad6d77c88ac92040000",
			"76a91479091972186c449eb1ded22b78e40d009bdf008988ac", "64f3b0f4dd2bb3aa1ce8566d220cc74dda9df97d8490cc81d89d735c92e59fb6", 0, 1_000_000_000},
	} {
		tx := new(wire.MsgTx)
		if err := tx.DeserializeNoWitness(hex.NewDecoder(strings.NewReader(c.unsigned))); err != nil {
			t.Fatal(err)
		}
		got, err := forkIDDigest(tx, c.input, wire.NewTxOut(c.units, unhex(t, c.scriptCode)), uint32(txscript.SigHashAll))
		if err != nil || hex.EncodeToString(got[:]) != c.digest {
			t.Errorf("digest %x, %v; want %s", got[:], err, c.digest)
		}
	}
}

// signedForkID is a transaction of two inputs of one key, signed, with that key.
func signedForkID(t interface{ Fatalf(string, ...any) }) (utxoTx, *btcec.PrivateKey) {
	key, public := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_DUP).AddOp(txscript.OP_HASH160).
		AddData(address.Hash160(public.SerializeCompressed())).AddOp(txscript.OP_EQUALVERIFY).AddOp(txscript.OP_CHECKSIG).Script()
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	b := utxoTx{tx: wire.NewMsgTx(2), at: make([]position, 2)}
	for n := range 2 {
		b.tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{byte(n + 1)}, Index: uint32(n)}, Sequence: 0xfffffffd})
		b.spent, b.public = append(b.spent, wire.NewTxOut(int64(5_000+n), script)), append(b.public, public.SerializeCompressed())
	}
	b.tx.AddTxOut(wire.NewTxOut(9_000, script))
	if err := signForkID(b, func(position) (*btcec.PrivateKey, error) {
		again, _ := btcec.PrivKeyFromBytes(key.Serialize()) // what is handed out is wiped
		return again, nil
	}); err != nil {
		t.Fatalf("sign: %v", err)
	}
	return b, key
}

// A signature verifies for exactly what was signed: another amount, output, sequence,
// lock time, coin or key, and any bit of the signature, is found.
func TestForkIDSignatureCoversEverything(t *testing.T) {
	t.Parallel()
	good, _ := signedForkID(t)
	if err := verifyForkID(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b utxoTx){
		"the coin's amount":    func(b utxoTx) { b.spent[1].Value++ },
		"an output's amount":   func(b utxoTx) { b.tx.TxOut[0].Value-- },
		"an output's script":   func(b utxoTx) { b.tx.TxOut[0].PkScript = []byte{txscript.OP_TRUE} },
		"a second output":      func(b utxoTx) { b.tx.AddTxOut(wire.NewTxOut(1, nil)) },
		"the version":          func(b utxoTx) { b.tx.Version = 1 },
		"the lock time":        func(b utxoTx) { b.tx.LockTime = 1 },
		"a sequence":           func(b utxoTx) { b.tx.TxIn[1].Sequence-- },
		"a coin":               func(b utxoTx) { b.tx.TxIn[0].PreviousOutPoint.Index++ },
		"signatures exchanged": func(b utxoTx) { b.tx.TxIn[0].SignatureScript = b.tx.TxIn[1].SignatureScript },
	} {
		b, _ := signedForkID(t)
		spoil(b)
		if err := verifyForkID(b); !errors.Is(err, errSignature) {
			t.Errorf("%s: %v, want errSignature", name, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b, _ := signedForkID(t)
		script := b.tx.TxIn[0].SignatureScript
		script[rapid.IntRange(0, len(script)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if verifyForkID(b) == nil {
			t.Fatalf("%x verifies", script)
		}
	})
}

// Signatures in other encodings, of other hash types or keys are no signatures.
func TestForkIDRefusesOtherForms(t *testing.T) {
	t.Parallel()
	b, key := signedForkID(t)
	public := key.PubKey().SerializeCompressed()
	digest, err := forkIDDigest(b.tx, 0, b.spent[0], sigHashForkID)
	if err != nil {
		t.Fatal(err)
	}
	signed := ecdsa.Sign(key, digest[:]).Serialize()
	asBitcoin, err := txscript.CalcSignatureHash(b.spent[0].PkScript, txscript.SigHashAll, b.tx, 0)
	if err != nil {
		t.Fatal(err)
	}
	build := func(items ...[]byte) []byte {
		script := txscript.NewScriptBuilder()
		for _, item := range items {
			script.AddData(item)
		}
		raw, err := script.Script()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	with := func(hashType byte) []byte { return append(bytes.Clone(signed), hashType) }
	good := build(with(0x41), public)
	if !bytes.Equal(good, b.tx.TxIn[0].SignatureScript) {
		t.Fatalf("signed as %x, want %x", b.tx.TxIn[0].SignatureScript, good)
	}
	stranger, _ := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{8}, 32))
	for name, c := range map[string]struct {
		script []byte
		want   error
	}{
		"nothing":                     {nil, errSignatureScript},
		"no key":                      {build(with(0x41)), errSignatureScript},
		"an empty signature":          {append([]byte{txscript.OP_0}, build(public)...), errSignatureScript},
		"something behind":            {build(with(0x41), public, []byte{9, 9}), errSignatureScript},
		"an opcode behind":            {append(bytes.Clone(good), txscript.OP_NOP), errSignatureScript},
		"a longer push":               {append([]byte{txscript.OP_PUSHDATA1}, good...), errSignatureScript},
		"a key that is uncompressed":  {build(with(0x41), key.PubKey().SerializeUncompressed()), errSignatureScript},
		"Bitcoin's hash type":         {build(with(0x01), public), errHashType},
		"anyone can pay":              {build(with(0xc1), public), errHashType},
		"no outputs":                  {build(with(0x42), public), errHashType},
		"a signature of Bitcoin's":    {build(append(ecdsa.Sign(key, asBitcoin).Serialize(), 0x41), public), errSignature},
		"a signature by another":      {build(append(ecdsa.Sign(stranger, digest[:]).Serialize(), 0x41), public), errSignature},
		"another's key and signature": {build(append(ecdsa.Sign(stranger, digest[:]).Serialize(), 0x41), stranger.PubKey().SerializeCompressed()), errOtherKey},
		"no signature but a flag":     {build([]byte{0x41}, public), errSignature},
	} {
		if err := verifyForkIDInput(b.tx, 0, b.spent[0], c.script); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Nothing but the one script that was signed verifies, whatever is handed in.
func FuzzVerifyForkID(f *testing.F) {
	b, _ := signedForkID(f)
	good := bytes.Clone(b.tx.TxIn[0].SignatureScript)
	f.Add(good)
	f.Add(good[1:])
	f.Add([]byte{1, 0x41})
	f.Fuzz(func(t *testing.T, script []byte) {
		if err := verifyForkIDInput(b.tx, 0, b.spent[0], script); err == nil && !bytes.Equal(script, good) {
			t.Fatalf("%x verifies", script)
		}
	})
}

// btcd's code for BIP143, given the fork's hash type, makes the same digests.
func TestForkIDDigestIsBtcdsToo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := func(most int, label string) []byte { return rapid.SliceOfN(rapid.Byte(), 1, most).Draw(t, label) }
		tx := wire.NewMsgTx(rapid.Int32Range(1, 2).Draw(t, "version"))
		for n := range rapid.IntRange(1, 5).Draw(t, "inputs") {
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte(bytes.Repeat([]byte{byte(n)}, 32)), Index: rapid.Uint32().Draw(t, "index")},
				Sequence: rapid.Uint32().Draw(t, "sequence")})
		}
		for range rapid.IntRange(1, 5).Draw(t, "outputs") {
			tx.AddTxOut(wire.NewTxOut(rapid.Int64Range(1, 21e14).Draw(t, "value"), bytesOf(60, "script")))
		}
		b, _ := signedForkID(t)
		spent := wire.NewTxOut(rapid.Int64Range(1, 21e14).Draw(t, "spent"), b.spent[0].PkScript)
		i := rapid.IntRange(0, len(tx.TxIn)-1).Draw(t, "input")
		want, err := txscript.CalcWitnessSigHash(spent.PkScript, txscript.NewTxSigHashes(tx, txscript.NewCannedPrevOutputFetcher(spent.PkScript, spent.Value)),
			txscript.SigHashType(sigHashForkID), tx, i, spent.Value)
		if err != nil {
			t.Fatal(err)
		}
		got, err := forkIDDigest(tx, i, spent, sigHashForkID)
		if err != nil || !bytes.Equal(got[:], want) {
			t.Fatalf("%x, %v; btcd's %x", got, err, want)
		}
	})
}
