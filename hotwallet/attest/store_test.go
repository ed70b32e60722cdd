package attest

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func TestOneProcessPerStore(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if second, err := Open(d.config); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("a second attestor on one store: %v, %v", second, err)
	}
}

func TestCreateLeavesAStoreAlone(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	d.mustAttest(t, d.request(t, asset.BTC, asset.ETH, 0))
	if err := Create(d.config.Store, d.config.Accounts); !errors.Is(err, ErrExists) {
		t.Errorf("creating it again: %v, want ErrExists", err)
	}
	d.reopen(t)
	if got := d.highWater(t, asset.Bitcoin); got != 1 {
		t.Errorf("high water is %d, want 1", got)
	}
	info, err := os.Stat(d.config.Store)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if err := d.attestor.Close(); err != nil {
		t.Fatal(err)
	}
	mainnet := asset.Networks{Bitcoin: "mainnet", EthereumChainID: 1}
	for name, c := range map[string]struct {
		change   func(c *Config)
		sentence string
	}{
		"no key":             {func(c *Config) { c.Key = nil }, "no Ed25519 private key"},
		"half a key":         {func(c *Config) { c.Key = make(ed25519.PrivateKey, 32) }, "no Ed25519 private key"},
		"nobody's quotes":    {func(c *Config) { c.QuoteKeys = nil }, "liquidityd"},
		"no store":           {func(c *Config) { c.Store = "" }, "must be named"},
		"no network":         {func(c *Config) { c.Networks.Bitcoin = "moonnet" }, "moonnet"},
		"endless derivation": {func(c *Config) { c.Ahead = 1 << 30 }, "at most 100000"},
		"other keys":         {func(c *Config) { c.Accounts = accountsOf(t, swaptest.Networks, 3) }, "other extended public keys"},
		"keys of another network": {func(c *Config) { c.Accounts, c.Networks = accountsOf(t, mainnet, 1), mainnet },
			"other extended public keys or another network"},
	} {
		t.Run(name, func(t *testing.T) {
			config := d.config
			c.change(&config)
			if _, err := Open(config); err == nil || !strings.Contains(err.Error(), c.sentence) {
				t.Errorf("error is %v, want one that says %q", err, c.sentence)
			}
		})
	}
	config := d.config
	config.Store += ".none"
	if _, err := Open(config); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "attested twice") {
		t.Errorf("without a store: %v", err)
	}
	if err := os.WriteFile(config.Store, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config); err == nil {
		t.Error("a file that is no store was opened")
	}
	d.open(t)
}
