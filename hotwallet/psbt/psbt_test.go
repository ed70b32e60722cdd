package psbt_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	library "github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/psbt"
	"ferry/swap/asset"
)

const feeSat = 345

// key signs for every coin of the tests.
func key() *btcec.PrivateKey {
	private, _ := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32))
	return private
}

// fatal is a test, a fuzz target or a property.
type fatal interface{ Fatal(args ...any) }

// attempt is a plan of so many coins and payments, and the same signed: every third coin
// is one without a witness, as on a sibling's address.
func attempt(t fatal, coins, payments int) (chain.Plan, []byte) {
	public := key().PubKey().SerializeCompressed()
	hash := address.Hash160(public)
	withWitness := append([]byte{0, 20}, hash...)
	without := append(append([]byte{0x76, 0xa9, 20}, hash...), 0x88, 0xac)
	tx := wire.NewMsgTx(2)
	plan := chain.Plan{ChangeIndex: -1, Fee: asset.NewUnits(feeSat)}
	spent := txscript.NewMultiPrevOutFetcher(nil)
	var scripts [][]byte
	total := int64(0)
	for n := range coins {
		script := withWitness
		if n%3 == 2 {
			script = without
		}
		previous := wire.NewMsgTx(1)
		previous.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: [32]byte{byte(n + 1)}}})
		for range n % 2 {
			previous.AddTxOut(wire.NewTxOut(1, []byte{txscript.OP_TRUE}))
		}
		value := int64(10_000 + n)
		previous.AddTxOut(wire.NewTxOut(value, script))
		at := wire.OutPoint{Hash: previous.TxHash(), Index: uint32(n % 2)}
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: at, Sequence: wire.MaxTxInSequenceNum - 2})
		plan.Coins = append(plan.Coins, chain.Coin{TxID: at.Hash.String(), Index: at.Index, Units: asset.NewUnits(uint64(value)), PreviousTx: encoded(t, previous)})
		spent.AddPrevOut(at, previous.TxOut[at.Index])
		scripts, total = append(scripts, script), total+value
	}
	for n := range payments {
		tx.AddTxOut(wire.NewTxOut((total-feeSat)/int64(payments), append([]byte{0x51, 0x20}, bytes.Repeat([]byte{byte(n)}, 32)...)))
	}
	tx.TxOut[0].Value += (total - feeSat) % int64(payments)
	plan.Unsigned = encoded(t, tx)
	hashes := txscript.NewTxSigHashes(tx, spent)
	for n, script := range scripts {
		var err error
		if bytes.Equal(script, without) {
			tx.TxIn[n].SignatureScript, err = txscript.SignatureScript(tx, n, script, txscript.SigHashAll, key(), true)
		} else {
			tx.TxIn[n].Witness, err = txscript.WitnessSignature(tx, hashes, n, int64(10_000+n), script, txscript.SigHashAll, key(), true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return plan, encoded(t, tx)
}

func encoded(t fatal, tx *wire.MsgTx) []byte {
	var raw bytes.Buffer
	if err := tx.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func hashOf(t fatal, raw []byte) string {
	tx := new(wire.MsgTx)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return tx.TxHash().String()
}

// Any attempt, signed or not, is the same after it was written and read; whoever extracts
// the transaction of a signed one as BIP 174 says has the attempt's bytes; and no other
// attempt passes for it.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan, signed := attempt(t, rapid.IntRange(1, 6).Draw(t, "coins"), rapid.IntRange(1, 4).Draw(t, "payments"))
		on := rapid.SampledFrom([]asset.Chain{asset.Bitcoin, asset.Litecoin}).Draw(t, "chain")
		var raw []byte
		if rapid.Bool().Draw(t, "signed") {
			raw = signed
		}
		d, err := psbt.Of(on, plan, raw)
		if err != nil {
			t.Fatal(err)
		}
		text, err := d.Text()
		if err != nil {
			t.Fatal(err)
		}
		again, err := psbt.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Check(on, plan, raw); err != nil || again.Signed() != (raw != nil) {
			t.Fatalf("signed %t: %v", again.Signed(), err)
		}
		if fee, err := again.Fee(); err != nil || fee != plan.Fee {
			t.Fatalf("its fee is %s (%v)", fee, err)
		}
		if raw != nil && !bytes.Equal(extracted(t, text), raw) {
			t.Fatal("what is extracted is not what was signed")
		}
		if raw == nil && again.Check(on, plan, signed) != nil {
			t.Fatal("an attempt without its signatures is not the attempt")
		}
		if raw != nil && !errors.Is(again.Check(on, plan, nil), psbt.ErrOther) {
			t.Fatal("one that is signed passes for one that is not")
		}
		other, _ := attempt(t, len(plan.Coins)+1, 1)
		if !errors.Is(again.Check(on, other, nil), psbt.ErrOther) {
			t.Fatal("it passes for another")
		}
	})
}

// extracted is what another program makes of a final PSBT.
func extracted(t fatal, text string) []byte {
	packet, err := library.NewFromRawBytes(strings.NewReader(text), true)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := library.Extract(packet)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, tx)
}

// Each difference to the attempt is named.
func TestCheckNamesTheDifference(t *testing.T) {
	t.Parallel()
	plan, signed := attempt(t, 3, 2)
	for _, c := range []struct {
		says   string
		change func(p *library.Packet)
	}{
		{"output 1 pays", func(p *library.Packet) { p.UnsignedTx.TxOut[1].Value-- }},
		{"output 0 pays", func(p *library.Packet) { p.UnsignedTx.TxOut[0].PkScript[5] ^= 1 }},
		{"input 1 spends", func(p *library.Packet) { p.UnsignedTx.TxIn[1].PreviousOutPoint.Index++ }},
		{"with sequence", func(p *library.Packet) { p.UnsignedTx.TxIn[2].Sequence++ }},
		{"lock time 5", func(p *library.Packet) { p.UnsignedTx.LockTime = 5 }},
		{"version 1", func(p *library.Packet) { p.UnsignedTx.Version = 1 }},
		{"3 outputs", func(p *library.Packet) {
			p.UnsignedTx.AddTxOut(wire.NewTxOut(1, nil))
			p.Outputs = append(p.Outputs, library.POutput{})
		}},
		{"did not make", func(p *library.Packet) { p.Inputs[0].NonWitnessUtxo.TxOut[0].Value++ }},
		{"its two outputs differ", func(p *library.Packet) {
			p.Inputs[0].WitnessUtxo = wire.NewTxOut(10_001, p.Inputs[0].WitnessUtxo.PkScript)
		}},
		{"input 0 is worth 20000", func(p *library.Packet) {
			p.Inputs[0].NonWitnessUtxo = nil
			p.Inputs[0].WitnessUtxo = wire.NewTxOut(20_000, p.Inputs[0].WitnessUtxo.PkScript)
		}},
		{"does not say what it spends", func(p *library.Packet) { p.Inputs[0].NonWitnessUtxo, p.Inputs[0].WitnessUtxo = nil, nil }},
		{"would not cover its amount", func(p *library.Packet) {
			p.Inputs[2].WitnessUtxo, p.Inputs[2].NonWitnessUtxo = p.Inputs[2].NonWitnessUtxo.TxOut[0], nil
		}},
		{"input 0 is signed otherwise", func(p *library.Packet) { p.Inputs[0].FinalScriptWitness[9] ^= 1 }},
		{"input 2 is signed otherwise", func(p *library.Packet) { p.Inputs[2].FinalScriptSig[9] ^= 1 }},
		{"input 1 is signed otherwise", func(p *library.Packet) { p.Inputs[1].FinalScriptSig = []byte{txscript.OP_TRUE} }},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			d, err := psbt.Of(asset.Bitcoin, plan, signed)
			must(t, err)
			text, err := d.Text()
			must(t, err)
			packet, err := library.NewFromRawBytes(strings.NewReader(text), true)
			must(t, err)
			c.change(packet)
			text, err = packet.B64Encode()
			must(t, err)
			changed, err := psbt.Read([]byte(text))
			must(t, err)
			err = changed.Check(asset.Bitcoin, plan, signed)
			if err == nil || !strings.Contains(err.Error(), c.says) || !errors.Is(err, psbt.ErrOther) && !errors.Is(err, psbt.ErrFormat) {
				t.Errorf("it is said: %v", err)
			}
		})
	}
}

// An attempt that contradicts itself has no PSBT, nor has one of a chain without any.
func TestOfRefuses(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*chain.Plan, *[]byte, *asset.Chain){
		"no PSBTs on this chain":         func(_ *chain.Plan, _ *[]byte, on *asset.Chain) { *on = asset.BitcoinCash },
		"spends 1 coins":                 func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Coins = p.Coins[:1] },
		"the transaction spends":         func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Coins[0].Index++ },
		"the plan says 1":                func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Coins[0].Units = asset.NewUnits(1) },
		"has not made it":                func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Coins[0].PreviousTx = p.Coins[1].PreviousTx },
		"coin 1 of the plan: a transact": func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Coins[1].PreviousTx = nil },
		"the plan's fee is 1":            func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Fee = asset.NewUnits(1) },
		"the plan: a transaction":        func(p *chain.Plan, _ *[]byte, _ *asset.Chain) { p.Unsigned = append(p.Unsigned, 0) },
		"the signed bytes: a transact":   func(_ *chain.Plan, raw *[]byte, _ *asset.Chain) { *raw = append(*raw, 0) },
		"has no signature":               func(p *chain.Plan, raw *[]byte, _ *asset.Chain) { *raw = p.Unsigned },
		"another transaction":            func(_ *chain.Plan, raw *[]byte, _ *asset.Chain) { (*raw)[len(*raw)-1] = 1 },
	} {
		plan, signed := attempt(t, 2, 1)
		on := asset.Bitcoin
		change(&plan, &signed, &on)
		if _, err := psbt.Of(on, plan, signed); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// What is too long, or says it is, is refused before room is made for it.
func TestReadHasLimits(t *testing.T) {
	t.Parallel()
	prefix := []byte("psbt\xff\x01\x00")
	for name, raw := range map[string][]byte{
		"text":       bytes.Repeat([]byte("A"), psbt.MaxText+1),
		"file":       append([]byte("psbt\xff"), make([]byte, psbt.MaxBytes)...),
		"a value":    append(bytes.Clone(prefix), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
		"inputs":     append(bytes.Clone(prefix), 13, 2, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x00, 0, 0, 0, 0),
		"outputs":    append(bytes.Clone(prefix), 14, 2, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x00, 0, 0, 0, 0),
		"nothing":    nil,
		"not base64": []byte("cHNi dP8="),
		"urlsafe":    []byte(base64.URLEncoding.EncodeToString([]byte("psbt\xff\xff\xfe"))),
	} {
		if _, err := psbt.Read(raw); !errors.Is(err, psbt.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := psbt.Read([]byte(fmt.Sprintf("%x", "psbt\xff"))); !errors.Is(err, psbt.ErrFormat) {
		t.Errorf("hexadecimal: %v", err)
	}
}
