package asset_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"ferry/swap/asset"
)

func everything() asset.Networks {
	return asset.Networks{Bitcoin: "mainnet", Litecoin: "mainnet", BitcoinCash: "mainnet", EthereumChainID: 1,
		Tokens: asset.Tokens{USDT: "0xdAC17F958D2ee523a2206206994597C13D831ec7", USDC: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"}}
}

// What a deployment runs follows from its networks.
func TestNetworksRun(t *testing.T) {
	t.Parallel()
	two := bitcoin("simnet")
	if got := two.Chains(); len(got) != 2 || got[0] != asset.Bitcoin || got[1] != asset.Ethereum {
		t.Errorf("two chains are %v", got)
	}
	if got := two.Assets(); len(got) != 2 || got[0].ID != asset.BTC || got[1].ID != asset.ETH {
		t.Errorf("two chains swap %v", got)
	}
	all := everything()
	if err := all.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(all.Chains()) != len(asset.Chains()) || len(all.Assets()) != len(asset.All()) {
		t.Errorf("all networks run %v with %v", all.Chains(), all.Assets())
	}
	for _, a := range asset.All() {
		contract, pinned := all.Contract(a.ID)
		if pinned != a.Token || (contract != "") != a.Token {
			t.Errorf("contract of %s is %q", a.ID, contract)
		}
		if native, ok := a.Chain.Native(); !ok || native.Token || a.Chain.NativeID() != native.ID || a.Chain.Family() == "" {
			t.Errorf("%s: the chain's own asset is %v, its family %q", a.Chain, native, a.Chain.Family())
		}
	}
}

func TestNetworksRefuse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(n *asset.Networks){
		"litecoin":               func(n *asset.Networks) { n.Litecoin = "simnet" },
		"bitcoincash":            func(n *asset.Networks) { n.BitcoinCash = "signet" },
		"tokens.usdt":            func(n *asset.Networks) { n.Tokens.USDT = "0x12" },
		"tokens.usdc":            func(n *asset.Networks) { n.Tokens.USDC = strings.ToLower(n.Tokens.USDC) },
		"both have the contract": func(n *asset.Networks) { n.Tokens.USDC = n.Tokens.USDT },
	} {
		n := everything()
		change(&n)
		if err := n.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one that names %s", err, name)
		}
	}
}

// Addresses of Litecoin's documents (Litecoin Core, key_io_valid.json) and refusals.
func TestLitecoinAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, network, in, out string
		err                    error
	}{
		{"P2PKH", "mainnet", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", nil},
		{"P2WPKH of the key 1", "mainnet", "LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", nil},
		{"of regtest on mainnet", "mainnet", "rltc1qw508d6qejxtdg4y5r3zarvary0c5xw7k693xs3", "", asset.ErrAddressNetwork},
		{"of Bitcoin", "mainnet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "", asset.ErrAddressNetwork},
		{"of Bitcoin, legacy", "mainnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "", asset.ErrAddressNetwork},
		{"the older P2SH form, which is Bitcoin's too", "mainnet", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "", asset.ErrAddressNetwork},
		{"MWEB", "mainnet", "ltcmweb1qq", "", asset.ErrAddressKind},
		{"a typing error", "mainnet", "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n8", "", asset.ErrAddressChecksum},
	} {
		n := everything()
		n.Litecoin = c.network
		out, err := n.ParseAddress(asset.Litecoin, c.in)
		if !errors.Is(err, c.err) || out != c.out {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, out, err, c.out, c.err)
		}
	}
	if out, err := everything().ParseAddress(asset.Bitcoin, "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"); !errors.Is(err, asset.ErrAddressNetwork) {
		t.Errorf("a Litecoin address on Bitcoin: %q, %v", out, err)
	}
}

// The vectors of the specification (cashaddr.md), its translations of legacy
// addresses, and refusals.
func TestCashAddr(t *testing.T) {
	t.Parallel()
	n := everything()
	for legacy, cash := range map[string]string{
		"1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu": "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
		"1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR": "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
		"16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb":  "bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r",
		"3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC": "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
		"3LDsS579y7sruadqu11beEJoTjdFiFCdX4": "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e",
		"31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw": "bitcoincash:pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37",
	} {
		for _, form := range []string{cash, strings.ToUpper(cash), strings.TrimPrefix(cash, "bitcoincash:")} {
			if out, err := n.ParseAddress(asset.BitcoinCash, form); err != nil || out != cash {
				t.Errorf("%s: %q, %v", form, out, err)
			}
		}
		if out, err := n.ParseAddress(asset.BitcoinCash, legacy); !errors.Is(err, asset.ErrAddressKind) {
			t.Errorf("%s: %q, %v; want ErrAddressKind, because it is Bitcoin's too", legacy, out, err)
		}
	}
	for _, c := range []struct {
		kind    asset.CashKind
		prefix  string
		hash    string
		address string
	}{
		{0, "bitcoincash", "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9", "bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2"},
		{1, "bchtest", "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9", "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t"},
		{0, "bitcoincash", "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA", "bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0"},
	} {
		hash, err := hex.DecodeString(c.hash)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := asset.EncodeCashAddr(c.prefix, c.kind, hash); err != nil || out != c.address {
			t.Errorf("%s is %q, %v; want %s", c.hash, out, err, c.address)
		}
	}
	long, err := asset.EncodeCashAddr("bitcoincash", asset.CashP2SH, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in  string
		err error
	}{
		"a typing error":        {"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", asset.ErrAddressSyntax},
		"another letter":        {"bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", asset.ErrAddressChecksum},
		"of the test network":   {"bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", asset.ErrAddressNetwork},
		"the same, no prefix":   {"pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", asset.ErrAddressNetwork},
		"a script hash of 32":   {long, asset.ErrAddressKind},
		"a hash of 24 bytes":    {"bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0", asset.ErrAddressKind},
		"mixed capitals":        {"bitcoincash:Qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", asset.ErrAddressSyntax},
		"Bitcoin's bech32":      {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", asset.ErrAddressSyntax},
		"nothing behind prefix": {"bitcoincash:", asset.ErrAddressSyntax},
		"an Ethereum address":   {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", asset.ErrAddressSyntax},
	} {
		if out, err := n.ParseAddress(asset.BitcoinCash, c.in); !errors.Is(err, c.err) || out != "" {
			t.Errorf("%s: %q, %v; want %v", name, out, err, c.err)
		}
	}
}

// A token is never paid to its own contract, wherever that is.
func TestPinnedContractIsForbidden(t *testing.T) {
	t.Parallel()
	n := bitcoin("simnet")
	n.Tokens.USDC = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	for _, s := range []string{n.Tokens.USDC, strings.ToLower(n.Tokens.USDC)} {
		if out, err := n.ParseAddress(asset.Ethereum, s); !errors.Is(err, asset.ErrAddressForbidden) {
			t.Errorf("%s: %q, %v", s, out, err)
		}
	}
}
