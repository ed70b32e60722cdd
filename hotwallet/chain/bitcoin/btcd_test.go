package bitcoin_test

import (
	"context"
	"net"
	"testing"

	"github.com/btcsuite/btcd/rpcclient"

	"ferry/hotwallet/chain/chaintest/node"
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
	dir, rpc := t.TempDir(), "127.0.0.1:"+node.FreePort(t)
	n := &btcd{url: "http://" + rpc, user: "test", pass: "only-for-tests"}
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: rpc, User: n.user, Pass: n.pass, HTTPPostMode: true, DisableTLS: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Shutdown)
	n.client = client
	node.Start(t, node.Program(t, "btcd"), []string{
		"--configfile=/dev/null", "--simnet", "--datadir=" + dir, "--logdir=" + dir,
		"--listen=127.0.0.1:" + node.FreePort(t), "--rpclisten=" + rpc, "--rpcuser=" + n.user, "--rpcpass=" + n.pass,
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

func dial(ctx context.Context, address string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
