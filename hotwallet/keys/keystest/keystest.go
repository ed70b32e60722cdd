// Package keystest makes accounts for tests from a seed that protects nothing.
// It is imported by tests only.
package keystest

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Accounts are the extended public keys of a seed of 32 equal bytes, one hardened
// account each, in the order deposit and hot of Bitcoin, of Ethereum, and of the others that n runs.
func Accounts(t testing.TB, n asset.Networks, seed byte) keys.Accounts {
	t.Helper()
	params, err := n.BitcoinParams()
	if err != nil {
		t.Fatal(err)
	}
	master, err := hdkeychain.NewMaster(bytes.Repeat([]byte{seed}, 32), params)
	if err != nil {
		t.Fatal(err)
	}
	account := func(number uint32) string {
		child, err := master.Derive(hdkeychain.HardenedKeyStart + number)
		if err != nil {
			t.Fatal(err)
		}
		public, err := child.Neuter()
		if err != nil {
			t.Fatal(err)
		}
		return public.String()
	}
	var file keys.File
	number := uint32(0)
	for _, chain := range append([]asset.Chain{asset.Bitcoin, asset.Ethereum}, others(n)...) {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			*file.Of(chain, role) = account(number)
			number++
		}
	}
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := keys.ParseAccounts(n, raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func others(n asset.Networks) []asset.Chain {
	return slices.DeleteFunc(n.Chains(), func(c asset.Chain) bool { return c == asset.Bitcoin || c == asset.Ethereum })
}
