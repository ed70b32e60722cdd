package parts

import (
	"context"
	"encoding/json"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/rpcclient"

	"ferry/deploy/parts/partstest"
)

// miningAddress is a simnet P2PKH address; nobody needs its key here.
func miningAddress(t *testing.T) string {
	t.Helper()
	a, err := address.NewAddressPubKeyHash(make([]byte, 20), &chaincfg.SimNetParams)
	must(t, err)
	return a.EncodeAddress()
}

func startBtcd(t *testing.T, dir string) *Btcd {
	t.Helper()
	b, err := StartBtcd(testContext(t), BtcdConfig{
		Path: partstest.Program(t, "btcd"), Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "btcd.log"), MiningAddress: miningAddress(t),
	})
	must(t, err)
	t.Cleanup(func() { must(t, b.Kill()) })
	return b
}

func btcdClient(t *testing.T, b *utxoNode) *rpcclient.Client {
	t.Helper()
	client, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: b.RPCAddress(), User: b.RPCUser(), Pass: b.RPCPassword(), HTTPPostMode: true, DisableTLS: true,
	}, nil)
	must(t, err)
	t.Cleanup(client.Shutdown)
	return client
}

// rawArgs are the arguments of a call as JSON.
func rawArgs(args ...string) []json.RawMessage {
	var raw []json.RawMessage
	for _, arg := range args {
		raw = append(raw, json.RawMessage(arg))
	}
	return raw
}

func TestBtcdKeepsItsChain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "btcd")
	b := startBtcd(t, dir)
	hashes, err := btcdClient(t, b.utxoNode).Generate(5)
	must(t, err)
	must(t, b.Stop(testContext(t)))

	again := startBtcd(t, dir)
	if again.RPCAddress() != b.RPCAddress() || again.PeerAddress() != b.PeerAddress() || again.RPCPassword() != b.RPCPassword() {
		t.Errorf("addresses or password changed")
	}
	best, height, err := btcdClient(t, again.utxoNode).GetBestBlock()
	must(t, err)
	if height != 5 || !best.IsEqual(hashes[4]) {
		t.Fatalf("tip %s at %d, want %s at 5", best, height, hashes[4])
	}
	must(t, again.Stop(testContext(t)))
}

func TestBtcdTellsWhyItCannotStart(t *testing.T) {
	t.Parallel()
	cfg := BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(t.TempDir(), "btcd"), LogFile: filepath.Join(t.TempDir(), "log"), MiningAddress: "nonsense"}
	if _, err := StartBtcd(testContext(t), cfg); err == nil || !strings.Contains(err.Error(), "btcd stopped with exit status 1") || !strings.Contains(err.Error(), "nonsense") {
		t.Fatalf("got %v", err)
	}
	cfg.MiningAddress = ""
	if _, err := StartBtcd(testContext(t), cfg); err == nil || !strings.Contains(err.Error(), "needs a mining address") {
		t.Fatalf("got %v", err)
	}
}

func startGeth(t *testing.T, dir string) *Geth {
	t.Helper()
	g, err := StartGeth(testContext(t), GethConfig{Path: partstest.Program(t, "geth"), Dir: dir, LogFile: filepath.Join(filepath.Dir(dir), "geth.log")})
	must(t, err)
	t.Cleanup(func() { must(t, g.Kill()) })
	return g
}

func gethBlock(ctx context.Context, t *testing.T, g *Geth) uint64 {
	t.Helper()
	var number string
	must(t, callRPC(ctx, loopback(g.httpPort), "", "", "eth_blockNumber", &number))
	n, err := strconv.ParseUint(strings.TrimPrefix(number, "0x"), 16, 64)
	must(t, err)
	return n
}

// Start, let it seal blocks, stop, start: the chain goes on from where it was, with the developer's balance.
func TestGethKeepsItsChain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "geth")
	g := startGeth(t, dir)
	ctx := testContext(t)
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for gethBlock(ctx, t, g) < 2 { // it seals one each second
		<-poll.C
	}
	before := gethBlock(ctx, t, g)
	must(t, g.Stop(ctx))

	again := startGeth(t, dir)
	if again.HTTPURL() != g.HTTPURL() || again.WebsocketURL() != g.WebsocketURL() {
		t.Errorf("addresses changed")
	}
	if after := gethBlock(ctx, t, again); after < before {
		t.Fatalf("block %d after a restart, %d before", after, before)
	}
	must(t, again.Stop(ctx))
}

func TestTodaysGenesis(t *testing.T) {
	t.Parallel()
	dumped := `{"config":{"chainId":1337,"osakaTime":0,"bogotaTime":0},"gasLimit":"0x1",
		"alloc":{"0000000000000000000000000000000000000001":{"balance":"0x1"},"0x71562b71999873DB5b286dF957af199Ec94617F7":{"balance":"0x0"}}}`
	out, err := todaysGenesis([]byte(dumped))
	must(t, err)
	var genesis struct {
		Config   map[string]any `json:"config"`
		GasLimit string         `json:"gasLimit"`
		Alloc    map[string]struct {
			Balance string `json:"balance"`
		} `json:"alloc"`
	}
	must(t, json.Unmarshal(out, &genesis))
	if _, there := genesis.Config["bogotaTime"]; there || genesis.Config["osakaTime"] == nil || genesis.GasLimit != "0x1" {
		t.Errorf("config %v, gas limit %s", genesis.Config, genesis.GasLimit)
	}
	account := genesis.Alloc["71562b71999873db5b286df957af199ec94617f7"]
	balance, ok := new(big.Int).SetString(account.Balance, 0)
	if !ok || balance.Cmp(new(big.Int).Lsh(big.NewInt(1), 200)) != 0 || len(genesis.Alloc) != 2 {
		t.Errorf("accounts %v", genesis.Alloc)
	}
	for _, bad := range []string{"", "{}", `{"config":{}}`, `{"config":1,"alloc":{}}`} {
		if _, err := todaysGenesis([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// Setup: a btcd that follows another one. Test: blocks and a reorganisation come to it
// from its peer, and go on doing so after the other one was away.
func TestBtcdFollows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startBtcd(t, filepath.Join(dir, "first"))
	second, err := StartBtcd(testContext(t), BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "second"),
		LogFile: filepath.Join(dir, "second.log"), MiningAddress: miningAddress(t), Follow: first.PeerAddress()})
	must(t, err)
	t.Cleanup(func() { must(t, second.Kill()) })
	one, two := btcdClient(t, first.utxoNode), btcdClient(t, second.utxoNode)
	follows := func(what string) {
		t.Helper()
		want, err := one.GetBestBlockHash()
		must(t, err)
		ctx := testContext(t)
		ticker, block := time.NewTicker(20*time.Millisecond), time.NewTicker(2*time.Second)
		defer ticker.Stop()
		defer block.Stop()
		for {
			if got, err := two.GetBestBlockHash(); err == nil && got.IsEqual(want) {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatalf("%s: the second node is not on %s", what, want)
			case <-ticker.C:
			case <-block.C:
				// What was announced while the two were still greeting each other is lost; as on
				// any chain, the next block makes good for it.
				more, err := one.Generate(1)
				must(t, err)
				want = more[0]
			}
		}
	}
	hashes, err := one.Generate(5)
	must(t, err)
	follows("blocks")
	must(t, one.InvalidateBlock(hashes[2]))
	_, err = one.Generate(4)
	must(t, err)
	follows("a reorganisation")
	must(t, first.Stop(testContext(t)))
	again := startBtcd(t, filepath.Join(dir, "first"))
	one = btcdClient(t, again.utxoNode)
	_, err = one.Generate(1)
	must(t, err)
	follows("a restart")
}
