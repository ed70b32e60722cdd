// Package keystest makes accounts for tests from a seed that protects nothing.
// It is imported by tests only.
package keystest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// Accounts are the extended public keys of a seed of 32 equal bytes, one hardened
// account each, in the order deposit and hot of Bitcoin, then of Ethereum.
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
	raw, err := json.Marshal(keys.File{BitcoinDeposit: account(0), BitcoinHot: account(1),
		EthereumDeposit: account(2), EthereumHot: account(3)})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := keys.ParseAccounts(n, raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
