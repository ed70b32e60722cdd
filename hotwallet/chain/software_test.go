package chain_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/chain"
)

func TestSoftwareName(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"/Satoshi:27.0.0/":                       "Satoshi",
		"/LitecoinCore:0.21.2.1/":                "LitecoinCore",
		"Geth/v1.17.8-stable/linux-amd64/go1.26": "Geth",
		"anvil/v1.7.1":                           "anvil",
		"btcd":                                   "btcd",
		"":                                       "",
		"/":                                      "",
		"a\x00b\u202e/1":                         "ab",
		strings.Repeat("x", 100):                 strings.Repeat("x", 60),
	} {
		if got := chain.SoftwareName(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}
