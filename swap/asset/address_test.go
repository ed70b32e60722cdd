package asset_test

import (
	"errors"
	"strings"
	"testing"

	"ferry/swap/asset"
)

func bitcoin(network string) asset.Networks {
	return asset.Networks{Bitcoin: network, EthereumChainID: 1337}
}

// Addresses from BIP173, BIP350 and BIP141's documents, and their refusals.
func TestBitcoinAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, network, in, out string
		err                    error
	}{
		{"P2WPKH of BIP173, upper case", "mainnet", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", nil},
		{"P2WSH of BIP173", "testnet3", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", nil},
		{"P2TR of BIP350", "mainnet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", nil},
		{"P2PKH", "mainnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", nil},
		{"P2SH", "mainnet", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", nil},
		{"P2WPKH on simnet", "simnet", "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se", "sb1qw508d6qejxtdg4y5r3zarvary0c5xw7krxe8se", nil},
		{"mainnet address on simnet", "simnet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "", asset.ErrAddressNetwork},
		{"testnet address on mainnet", "mainnet", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "", asset.ErrAddressNetwork},
		{"legacy address of another network", "simnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "", asset.ErrAddressNetwork},
		{"typing error", "mainnet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "", asset.ErrAddressChecksum},
		{"legacy typing error", "mainnet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "", asset.ErrAddressChecksum},
		{"mixed case", "mainnet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", "", asset.ErrAddressSyntax},
		{"witness v0 with bech32m checksum (BIP350)", "mainnet", "bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "", asset.ErrAddressChecksum},
		{"witness v1 with bech32 checksum (BIP350)", "mainnet", "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", "", asset.ErrAddressSyntax},
		{"witness v2 (BIP350)", "mainnet", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "", asset.ErrAddressSyntax},
		{"raw public key", "mainnet", "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "", asset.ErrAddressKind},
		{"raw uncompressed public key", "mainnet", "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8", "", asset.ErrAddressSyntax},
		{"Ethereum address", "mainnet", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "", asset.ErrAddressSyntax},
		{"empty", "mainnet", "", "", asset.ErrAddressSyntax},
		{"too long", "mainnet", strings.Repeat("q", 200), "", asset.ErrAddressSyntax},
	} {
		out, err := bitcoin(c.network).ParseAddress(asset.Bitcoin, c.in)
		if !errors.Is(err, c.err) || out != c.out {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, out, err, c.out, c.err)
		}
	}
}

// The addresses of EIP-55, and what must never be paid.
func TestEthereumAddresses(t *testing.T) {
	t.Parallel()
	n := bitcoin("simnet")
	for _, s := range []string{
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		for _, form := range []string{s, strings.ToLower(s)} {
			if out, err := n.ParseAddress(asset.Ethereum, form); err != nil || out != s {
				t.Errorf("%s: %q, %v; want %s", form, out, err, s)
			}
		}
	}
	for _, c := range []struct {
		name, in string
		err      error
	}{
		{"wrong capitals", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", asset.ErrAddressChecksum},
		{"zero address", "0x0000000000000000000000000000000000000000", asset.ErrAddressForbidden},
		{"precompile", "0x0000000000000000000000000000000000000004", asset.ErrAddressForbidden},
		{"burn address", "0x000000000000000000000000000000000000dEaD", asset.ErrAddressForbidden},
		{"USDT's contract", "0xdAC17F958D2ee523a2206206994597C13D831ec7", asset.ErrAddressForbidden},
		{"no 0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", asset.ErrAddressSyntax},
		{"too short", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", asset.ErrAddressSyntax},
		{"not hexadecimal", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", asset.ErrAddressSyntax},
		{"public key", "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", asset.ErrAddressSyntax},
		{"Bitcoin address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", asset.ErrAddressSyntax},
	} {
		if out, err := n.ParseAddress(asset.Ethereum, c.in); !errors.Is(err, c.err) || out != "" {
			t.Errorf("%s: %q, %v; want %v", c.name, out, err, c.err)
		}
	}
}

func TestUnknownNetworks(t *testing.T) {
	t.Parallel()
	if err := bitcoin("moonnet").Validate(); err == nil {
		t.Error("an unknown network validates")
	}
	if err := (asset.Networks{Bitcoin: "simnet"}).Validate(); err == nil {
		t.Error("chain id 0 validates")
	}
	if _, err := bitcoin("simnet").ParseAddress("dogecoin", "D"); err == nil {
		t.Error("an unknown chain's address parses")
	}
}

// No text makes a parser panic; what it accepts is canonical: it parses again to itself.
func FuzzParseAddress(f *testing.F) {
	f.Add("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")
	f.Add("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
	f.Add("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2")
	f.Add("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9")
	f.Add("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range asset.Chains() {
			out, err := everything().ParseAddress(c, s)
			if err != nil {
				continue
			}
			if again, err := everything().ParseAddress(c, out); err != nil || again != out {
				t.Errorf("%q is %q, which is %q: %v", s, out, again, err)
			}
		}
	})
}
