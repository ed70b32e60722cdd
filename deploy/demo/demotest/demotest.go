// Package demotest starts real nodes for the demo's tests. It is imported by
// tests only.
package demotest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// limit bounds each test on real nodes; it is reached only when something is broken.
const limit = 3 * time.Minute

// Networks are those of the demo.
var Networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: parts.GethChainID}

// Context ends with the test, or at the limit.
func Context(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// Btcd starts a node in a folder, mining to the faucet, and kills it after the test.
func Btcd(t *testing.T, dir string) (*parts.Btcd, bitcoin.NodeConfig) {
	t.Helper()
	mining, err := faucet.BitcoinMiningAddress(Networks)
	if err != nil {
		t.Fatal(err)
	}
	b, err := parts.StartBtcd(Context(t), parts.BtcdConfig{
		Path: built(t, "btcd"), Dir: filepath.Join(dir, "btcd"), LogFile: filepath.Join(dir, "btcd.log"), MiningAddress: mining,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, b.Kill()) })
	return b, bitcoin.NodeConfig{URL: "http://" + b.RPCAddress(), User: b.RPCUser(), Password: b.RPCPassword()}
}

// Geth starts a node and kills it after the test; the answer is its URL.
func Geth(t *testing.T, dir string) string {
	t.Helper()
	g, err := parts.StartGeth(Context(t), parts.GethConfig{
		Path: built(t, "geth"), Dir: filepath.Join(dir, "geth"), LogFile: filepath.Join(dir, "geth.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, g.Kill()) })
	return g.HTTPURL()
}

func ended(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// built is the path of a program that `make test` has built: in FERRY_BIN, else
// in .ferry/bin of this module.
func built(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("FERRY_BIN")
	if folder == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		folder = filepath.Join(root, ".ferry", "bin")
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: run `make .ferry/bin/%s`, or `make test`, which builds it first", path, name)
	}
	return path
}
