package keys_test

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Taproot addresses are paid and recognised, not derived. These vectors hold the
// libraries by which that would be done, and the scripts by which payouts are.

// BIP86's vectors, of the same mnemonic as BIP84's.
func TestTaprootIsBIP86(t *testing.T) {
	t.Parallel()
	seed, err := hex.DecodeString(exampleSeed)
	if err != nil {
		t.Fatal(err)
	}
	master, err := hdkeychain.NewMaster(seed, &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		branch, index             uint32
		internal, output, address string
	}{
		{0, 0, "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115", "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c", "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"},
		{0, 1, "83dfe85a3151d2517290da461fe2815591ef69f2b18a2ce63f01697a8b313145", "a82f29944d65b86ae6b5e5cc75e294ead6c59391a1edc5e016e3498c67fc7bbb", "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"},
		{1, 0, "399f1b2f4393f29a18c937859c5dd8a77350103157eb880f02e8c08214277cef", "882d74e5d0572d5a816cef0041a96b6c1de832f6f9676d9605c44d5e9a97d3dc", "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"},
	} {
		key := master
		for _, child := range []uint32{hardened + 86, hardened, hardened, want.branch, want.index} {
			if key, err = key.Derive(child); err != nil {
				t.Fatal(err)
			}
		}
		public, err := key.ECPubKey()
		if err != nil {
			t.Fatal(err)
		}
		internal := schnorr.SerializePubKey(public)
		if hex.EncodeToString(internal) != want.internal {
			t.Errorf("m/86'/0'/0'/%d/%d: internal key %x", want.branch, want.index, internal)
		}
		checkTaproot(t, internal, nil, want.output, want.address)
	}
}

// BIP341's wallet-test-vectors.json, its section scriptPubKey: internal keys with and
// without a script tree. The script that pays an address is made by Script, as payouts' are.
func TestTaprootIsBIP341(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/bip341.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		ScriptPubKey []struct {
			Given struct {
				InternalPubkey string `json:"internalPubkey"`
			} `json:"given"`
			Intermediary struct {
				MerkleRoot    string `json:"merkleRoot"`
				TweakedPubkey string `json:"tweakedPubkey"`
			} `json:"intermediary"`
			Expected struct {
				ScriptPubKey  string `json:"scriptPubKey"`
				Bip350Address string `json:"bip350Address"`
			} `json:"expected"`
		} `json:"scriptPubKey"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.ScriptPubKey) != 7 {
		t.Fatalf("%d cases, the document has 7", len(file.ScriptPubKey))
	}
	for _, v := range file.ScriptPubKey {
		internal, root := unhex(t, v.Given.InternalPubkey), unhex(t, v.Intermediary.MerkleRoot)
		checkTaproot(t, internal, root, v.Intermediary.TweakedPubkey, v.Expected.Bip350Address)
		script, err := keys.Script(mainnet, asset.Bitcoin, v.Expected.Bip350Address)
		if err != nil || hex.EncodeToString(script) != v.Expected.ScriptPubKey {
			t.Errorf("%s is paid by script %x (%v), want %s", v.Expected.Bip350Address, script, err, v.Expected.ScriptPubKey)
		}
	}
}

// BIP340's test-vectors.csv, every row: what the library verifies that reads taproot keys
// and signatures for us (in PSBTs), and what it signs where a row has a secret key. It
// takes digests of 32 bytes alone, so that it must refuse the rows of other lengths.
func TestSchnorrIsBIP340(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/bip340.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, row := range rows[1:] {
		secret, public, aux, message, signature := unhex(t, row[1]), unhex(t, row[2]), unhex(t, row[3]), unhex(t, row[4]), unhex(t, row[5])
		short := len(message) != 32
		verified := false
		if key, err := schnorr.ParsePubKey(public); err == nil {
			sig, err := schnorr.ParseSignature(signature)
			verified = err == nil && sig.Verify(message, key)
		}
		if want := row[6] == "TRUE" && !short; verified != want {
			t.Errorf("row %s (%s): verified is %t", row[0], row[7], verified)
		}
		counts[row[6]]++
		if len(secret) == 0 || short {
			continue
		}
		counts["signed"]++
		key, _ := btcec.PrivKeyFromBytes(secret)
		sig, err := schnorr.Sign(key, message, schnorr.CustomNonce([32]byte(aux)))
		if err != nil || !bytes.Equal(sig.Serialize(), signature) || !bytes.Equal(schnorr.SerializePubKey(key.PubKey()), public) {
			t.Errorf("row %s: signed as %x (%v), want %x", row[0], sig.Serialize(), err, signature)
		}
	}
	if len(rows) != 20 || counts["TRUE"] != 9 || counts["FALSE"] != 10 || counts["signed"] != 4 {
		t.Errorf("%d rows, %v", len(rows), counts)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkTaproot tweaks an internal key; address may be left out.
func checkTaproot(t *testing.T, internal, root []byte, output, text string) {
	t.Helper()
	key, err := schnorr.ParsePubKey(internal)
	if err != nil {
		t.Fatal(err)
	}
	tweaked := schnorr.SerializePubKey(txscript.ComputeTaprootOutputKey(key, root))
	if hex.EncodeToString(tweaked) != output {
		t.Errorf("%x: output key %x, want %s", internal, tweaked, output)
	}
	a, err := address.NewAddressTaproot(tweaked, &chaincfg.MainNetParams)
	if err != nil {
		t.Fatal(err)
	}
	script, err := txscript.PayToAddrScript(a)
	if err != nil || hex.EncodeToString(script) != "5120"+output {
		t.Errorf("script %x (%v)", script, err)
	}
	if canonical, err := mainnet.ParseAddress("bitcoin", a.EncodeAddress()); err != nil || text != "" && canonical != text {
		t.Errorf("%x: %q (%v), want %s", internal, canonical, err, text)
	}
}
