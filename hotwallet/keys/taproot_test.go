package keys_test

import (
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
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

// BIP341's wallet-test-vectors.json: internal keys with and without a script tree.
func TestTaprootIsBIP341(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ internal, root, output, address string }{
		{"d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d", "", "53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343", "bc1p2wsldez5mud2yam29q22wgfh9439spgduvct83k3pm50fcxa5dps59h4z5"},
		{"187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27", "5b75adecf53548f3ec6ad7d78383bf84cc57b55a3127c72b9a2481752dd88b21", "147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3", ""},
		{"93478e9488f956df2396be2ce6c5cced75f900dfa18e7dabd2428aae78451820", "c525714a7f49c28aedbbba78c005931a81c234b2f6c99a73e4d06082adc8bf2b", "e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e", ""},
		{"ee4fe085983462a184015d1f782d6a5f8b9c2b60130aff050ce221ecf3786592", "6c2dc106ab816b73f9d07e3cd1ef2c8c1256f519748e0813e4edd2405d277bef", "712447206d7a5238acc7ff53fbe94a3b64539ad291c7cdbc490b7577e4b17df5", ""},
		{"f9f400803e683727b14f463836e1e78e1c64417638aa066919291a225f0e8dd8", "ab179431c28d3b68fb798957faf5497d69c883c6fb1e1cd9f81483d87bac90cc", "77e30a5522dd9f894c3f8b8bd4c4b2cf82ca7da8a3ea6a239655c39c050ab220", ""},
		{"e0dfe2300b0dd746a3f8674dfd4525623639042569d829c7f0eed9602d263e6f", "ccbd66c6f7e8fdab47b3a486f59d28262be857f30d4773f2d5ea47f7761ce0e2", "91b64d5324723a985170e4dc5a0f84c041804f2cd12660fa5dec09fc21783605", ""},
		{"55adf4e8967fbd2e29f20ac896e60c3b0f1d5b0efa9d34941b5958c7b0a0312d", "2f6b2c5397b6d68ca18e09a3f05161668ffe93a988582d55c6f07bd5b3329def", "75169f4001aa68f15bbed28b218df1d0a62cbbcf1188c6665110c293c907b831", ""},
	} {
		internal, err := hex.DecodeString(v.internal)
		if err != nil {
			t.Fatal(err)
		}
		root, err := hex.DecodeString(v.root)
		if err != nil {
			t.Fatal(err)
		}
		checkTaproot(t, internal, root, v.output, v.address)
	}
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
