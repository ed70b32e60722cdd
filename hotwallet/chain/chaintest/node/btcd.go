package node

import (
	"context"
	"testing"

	"github.com/btcsuite/btcd/rpcclient"
)

// Btcd is a running btcd on simnet.
type Btcd struct {
	// URL, User and Pass are its RPC's.
	URL, User, Pass string
	// Client drives it.
	Client *rpcclient.Client
}

// StartBtcd starts a btcd with an empty chain that mines to the address.
func StartBtcd(t testing.TB, miningAddress string) *Btcd {
	t.Helper()
	dir, rpc := t.TempDir(), "127.0.0.1:"+freePort(t)
	n := &Btcd{URL: "http://" + rpc, User: "test", Pass: "only-for-tests"}
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: rpc, User: n.User, Pass: n.Pass, HTTPPostMode: true, DisableTLS: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Shutdown)
	n.Client = client
	start(t, program(t, "btcd"), []string{
		"--configfile=/dev/null", "--simnet", "--datadir=" + dir, "--logdir=" + dir,
		"--listen=127.0.0.1:" + freePort(t), "--rpclisten=" + rpc, "--rpcuser=" + n.User, "--rpcpass=" + n.Pass,
		"--notls", "--nodnsseed", "--txindex", "--addrindex", "--rejectnonstd", "--miningaddr=" + miningAddress,
	}, func(ctx context.Context) error {
		// rpcclient retries by itself with growing pauses; ask whether it listens first.
		if err := dial(ctx, rpc); err != nil {
			return err
		}
		_, err := client.GetBlockCount()
		return err
	})
	return n
}
