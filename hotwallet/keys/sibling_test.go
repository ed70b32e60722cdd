package keys_test

import (
	"bytes"
	"testing"

	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/swap/asset"
)

// The pair is the CashAddr specification's first example, of both main networks.
func TestSiblingAddressIsTheSpecifications(t *testing.T) {
	t.Parallel()
	const cash, legacy = "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"
	n := asset.Networks{Bitcoin: "mainnet", BitcoinCash: "mainnet", EthereumChainID: 1}
	if got, ok := keys.SiblingAddress(n, asset.Bitcoin, cash); !ok || got != legacy {
		t.Errorf("%s is %q, %t", cash, got, ok)
	}
	if home, got, ok := keys.HomeAddress(n, asset.Bitcoin, legacy); !ok || home != asset.BitcoinCash || got != cash {
		t.Errorf("%s is %s %q, %t", legacy, home, got, ok)
	}
	for name, c := range map[string]struct {
		networks asset.Networks
		on       asset.Chain
		address  string
	}{
		"a script's":       {n, asset.Bitcoin, "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC"},
		"a witness'":       {n, asset.Bitcoin, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		"another network":  {n, asset.Bitcoin, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"},
		"on Litecoin":      {n, asset.Litecoin, legacy},
		"on its own chain": {n, asset.BitcoinCash, legacy},
		"nothing":          {n, asset.Bitcoin, ""},
		"not run":          {asset.Networks{Bitcoin: "mainnet", EthereumChainID: 1}, asset.Bitcoin, legacy},
	} {
		if _, got, ok := keys.HomeAddress(c.networks, c.on, c.address); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, address := range []string{"bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", "bchtest:qpm2qsznhks23z7629mms6s4cwef74vcwvqcw003ap", legacy, ""} {
		if got, ok := keys.SiblingAddress(n, asset.Bitcoin, address); ok {
			t.Errorf("%q has the form %q", address, got)
		}
	}
}

// The form's script on Bitcoin is byte for byte the deposit address's on Bitcoin Cash, so
// that the same key spends it.
func TestSiblingHasTheSameScript(t *testing.T) {
	t.Parallel()
	n := asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: 1337}
	accounts := keystest.Accounts(t, n, 1)
	for index := range uint32(20) {
		key, err := accounts.Derive(asset.BitcoinCash, keys.Deposit, keys.External, index)
		if err != nil {
			t.Fatal(err)
		}
		form, ok := keys.SiblingAddress(n, asset.Bitcoin, key.Address)
		if !ok {
			t.Fatalf("%s has no form on Bitcoin", key.Address)
		}
		script, err := keys.Script(n, asset.Bitcoin, form)
		if err != nil || !bytes.Equal(script, key.Script) {
			t.Errorf("%s: script %x, want %x, %v", form, script, key.Script, err)
		}
		if _, back, ok := keys.HomeAddress(n, asset.Bitcoin, form); !ok || back != key.Address {
			t.Errorf("%s comes from %s, not from %s", form, key.Address, back)
		}
	}
}
