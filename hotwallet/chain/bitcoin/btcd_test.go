package bitcoin_test

import (
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/rpcclient"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
)

// btcd is a running btcd on simnet.
type btcd struct {
	// url, user and pass are its RPC's.
	url, user, pass string
	// client drives it.
	client *rpcclient.Client
}

// startBtcd starts a btcd with an empty chain that mines to the address.
func startBtcd(t testing.TB, miningAddress string) *btcd {
	t.Helper()
	dir := t.TempDir()
	p, err := parts.StartBtcd(t.Context(), parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"),
		LogFile: filepath.Join(dir, "log"), MiningAddress: miningAddress})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: p.RPCAddress(), User: p.RPCUser(), Pass: p.RPCPassword(), HTTPPostMode: true, DisableTLS: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Shutdown)
	return &btcd{url: "http://" + p.RPCAddress(), user: p.RPCUser(), pass: p.RPCPassword(), client: client}
}
