package chaincases_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"ferry/deploy/parts"
	"ferry/deploy/parts/partstest"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/bitcoin"
	"ferry/hotwallet/chain/bitcoincash"
	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/hotwallet/chain/litecoin"
	"ferry/hotwallet/chain/utxo"
	"ferry/swap/asset"
)

// networks is what the nodes run on.
var networks = asset.Networks{Bitcoin: "simnet", Litecoin: "regtest", BitcoinCash: "simnet", EthereumChainID: gethChainID}

// part is a node's process, as deploy/parts starts it.
type part interface {
	RPCAddress() string
	RPCUser() string
	RPCPassword() string
	Stop(ctx context.Context) error
	Kill() error
}

// utxoNode is a node of the UTXO family, whose rewards belong to the strangers. It
// plays all of them.
type utxoNode struct {
	*utxotest.Node
	program string
	process part
	launch  func(t *testing.T) part
	reader  *utxo.Adapter

	mu          sync.Mutex
	quarantined []utxo.Quarantined
}

// utxoKinds start the family's nodes, by the program's name.
var utxoKinds = map[string]func(t *testing.T) *utxoNode{"btcd": newBtcd, "litecoind": newLitecoind, "bchd": newBchd}

func newBtcd(t *testing.T) *utxoNode {
	t.Helper()
	kind, dir := utxotest.Bitcoin(t), t.TempDir()
	c := parts.BtcdConfig{Path: partstest.Program(t, "btcd"), Dir: filepath.Join(dir, "btcd"), LogFile: filepath.Join(dir, "log"), MiningAddress: kind.Key(t, 0).Address}
	return newUTXO(t, "btcd", kind, bitcoin.New, func(t *testing.T) part {
		t.Helper()
		p, err := parts.StartBtcd(t.Context(), c)
		return started(t, p, err)
	})
}

func newBchd(t *testing.T) *utxoNode {
	t.Helper()
	kind, dir := utxotest.BitcoinCash(t), t.TempDir()
	c := parts.BchdConfig{Path: partstest.Program(t, "bchd"), Dir: filepath.Join(dir, "bchd"), LogFile: filepath.Join(dir, "log"), MiningAddress: kind.Key(t, 0).Address}
	return newUTXO(t, "bchd", kind, bitcoincash.New, func(t *testing.T) part {
		t.Helper()
		p, err := parts.StartBchd(t.Context(), c)
		return started(t, p, err)
	})
}

func newLitecoind(t *testing.T) *utxoNode {
	t.Helper()
	return litecoind(t, utxotest.Litecoin(t), false)
}

// litecoind is one with extension blocks from block 432 on, or one without.
func litecoind(t *testing.T, kind utxotest.Kind, mweb bool) *utxoNode {
	t.Helper()
	dir := t.TempDir()
	c := parts.LitecoindConfig{Path: partstest.Litecoind(t), Dir: filepath.Join(dir, "litecoind"), LogFile: filepath.Join(dir, "log"), MWEB: mweb}
	return newUTXO(t, "litecoind", kind, litecoin.New, func(t *testing.T) part {
		t.Helper()
		p, err := parts.StartLitecoind(t.Context(), c)
		return started(t, p, err)
	})
}

func started[P part](t *testing.T, p P, err error) part {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newUTXO(t *testing.T, program string, kind utxotest.Kind, adapter func(utxo.Config) (*utxo.Adapter, error), launch func(*testing.T) part) *utxoNode {
	t.Helper()
	n := &utxoNode{program: program, launch: launch, process: launch(t)}
	t.Cleanup(func() {
		if err := n.process.Kill(); err != nil {
			t.Error(err)
		}
	})
	p := n.process
	n.Node = utxotest.New(t, kind, p.RPCAddress(), p.RPCUser(), p.RPCPassword())
	var err error
	n.reader, err = adapter(utxo.Config{URL: "http://" + p.RPCAddress(), User: p.RPCUser(), Pass: p.RPCPassword(), Networks: networks,
		Timeout: limit, Quarantined: n.quarantine})
	if err != nil {
		t.Fatal(err)
	}
	if kind.Ready > 0 {
		n.Mine(t, kind.Ready)
	}
	return n
}

// restart ends the node and starts it again on the same chain.
func (n *utxoNode) restart(t *testing.T) {
	t.Helper()
	n.Disconnect()
	if err := n.process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.process = n.launch(t)
	n.Connect(t, n.process.RPCAddress(), n.process.RPCUser(), n.process.RPCPassword())
}

func (n *utxoNode) quarantine(q utxo.Quarantined) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.quarantined = append(n.quarantined, q)
}

func (n *utxoNode) name() string                   { return n.program }
func (n *utxoNode) adapter() chain.Adapter         { return n.reader }
func (n *utxoNode) newAddress(t *testing.T) string { t.Helper(); return n.NewKey(t).Address }

func (n *utxoNode) pay(t *testing.T, a string, units asset.Units) string {
	t.Helper()
	return n.Pay(t, a, units)
}

func (n *utxoNode) mine(t *testing.T, blocks int) { t.Helper(); n.Mine(t, blocks) }

func (n *utxoNode) reorg(t *testing.T, blocks int, again bool) {
	t.Helper()
	n.Reorganise(t, blocks, again)
}
