package bitcoincash

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

var networks = asset.Networks{Bitcoin: "simnet", BitcoinCash: "simnet"}

func adapterRules(t testing.TB) utxo.Rules {
	t.Helper()
	r, err := rules(networks)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scriptOf is the script of an address of zeros.
func scriptOf(t testing.TB, r utxo.Rules) []byte {
	t.Helper()
	text, err := asset.EncodeCashAddr("bchsim", asset.CashP2PKH, make([]byte, 20))
	if err != nil {
		t.Fatal(err)
	}
	script, err := r.Script(text)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// Scripts and addresses are each other's, and nothing else is an address.
func TestScripts(t *testing.T) {
	t.Parallel()
	r := adapterRules(t)
	for kind, size := range map[asset.CashKind]int{asset.CashP2PKH: 20, asset.CashP2SH: 20} {
		text, err := asset.EncodeCashAddr("bchsim", kind, bytes.Repeat([]byte{7}, size))
		if err != nil {
			t.Fatal(err)
		}
		script, err := r.Script(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := r.Address(script); !ok || got != text {
			t.Errorf("%s is paid by %x, which is %q", text, script, got)
		}
		if _, ok := r.Address(append(script, txscript.OP_NOP)); ok {
			t.Errorf("%x and a byte is an address", script)
		}
	}
	long, err := asset.EncodeCashAddr("bchsim", asset.CashP2SH, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if script, err := r.Script(long); !errors.Is(err, asset.ErrAddressKind) {
		t.Errorf("P2SH of 32 bytes, which the signer can't pay: %x, %v", script, err)
	}
	witness, err := address.NewAddressWitnessPubKeyHash(make([]byte, 20), &chaincfg.SimNetParams)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(witness)
	if err != nil {
		t.Fatal(err)
	}
	if text, ok := r.Address(script); ok { // anyone can take it there
		t.Errorf("a witness program is %s", text)
	}
}

// Bitcoin's addresses are refused, in the form that both chains had too.
func TestAddressesOfBitcoinAreRefused(t *testing.T) {
	t.Parallel()
	r := adapterRules(t)
	legacy, err := address.NewAddressPubKeyHash(make([]byte, 20), &chaincfg.SimNetParams)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Script(legacy.EncodeAddress()); !errors.Is(err, asset.ErrAddressKind) {
		t.Errorf("%v", err)
	}
}

// On the main network a node of Bitcoin has the same first block and is refused all
// the same.
func TestAnchors(t *testing.T) {
	t.Parallel()
	r, err := rules(asset.Networks{BitcoinCash: "mainnet"})
	if err != nil || len(r.Anchors) != 2 || r.Anchors[1] != anchor {
		t.Fatalf("%+v, %v", r.Anchors, err)
	}
	if _, err := New(utxo.Config{URL: "http://127.0.0.1:1", Networks: asset.Networks{BitcoinCash: "moon"}}); err == nil || !strings.Contains(err.Error(), "moon") {
		t.Errorf("%v", err)
	}
}
