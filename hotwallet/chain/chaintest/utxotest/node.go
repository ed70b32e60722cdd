package utxotest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Node is a running node whose rewards belong to the strangers.
type Node struct {
	Kind
	// Miner owns the rewards. Its key is the 0th.
	Miner  Key
	client *rpcclient.Client
	keys   []Key
	reward int64 // the height of the next reward to spend
	// outputs are those of transactions made here, and rewards.
	outputs map[wire.OutPoint]*wire.TxOut
}

// New reaches a node by its RPC's address, which mines to Miner's address where it
// does not take one with each call.
func New(t testing.TB, k Kind, rpc, user, password string) *Node {
	t.Helper()
	n := &Node{Kind: k, Miner: k.Key(t, 0), reward: 1, outputs: map[wire.OutPoint]*wire.TxOut{}}
	n.keys = []Key{n.Miner}
	n.Connect(t, rpc, user, password)
	return n
}

// Connect reaches the node again after a restart.
func (n *Node) Connect(t testing.TB, rpc, user, password string) {
	t.Helper()
	var err error
	n.client, err = rpcclient.New(&rpcclient.ConnConfig{Host: rpc, User: user, Pass: password, HTTPPostMode: true, DisableTLS: true}, nil)
	must(t, err)
	t.Cleanup(n.client.Shutdown)
}

// Disconnect gives the node up before a restart.
func (n *Node) Disconnect() { n.client.Shutdown() }

// Call asks the node, and fails the test if it refuses. out may be nil.
func (n *Node) Call(t testing.TB, out any, method string, args ...any) {
	t.Helper()
	if err := n.Try(t, out, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// Try asks the node and returns its refusal.
func (n *Node) Try(t testing.TB, out any, method string, args ...any) error {
	t.Helper()
	encoded := make([]json.RawMessage, 0, len(args))
	for _, arg := range args {
		text, err := json.Marshal(arg)
		must(t, err)
		encoded = append(encoded, text)
	}
	answer, err := n.client.RawRequest(method, encoded)
	if refused := (*btcjson.RPCError)(nil); errors.As(err, &refused) {
		return err
	}
	must(t, err)
	if out != nil {
		must(t, json.Unmarshal(answer, out))
	}
	return nil
}

// NewKey is one that was not used.
func (n *Node) NewKey(t testing.TB) Key {
	t.Helper()
	k := n.Key(t, len(n.keys))
	n.keys = append(n.keys, k)
	return k
}

// Find is the key of an address.
func (n *Node) Find(t testing.TB, address string) Key {
	t.Helper()
	for _, k := range n.keys {
		if k.Address == address {
			return k
		}
	}
	t.Fatalf("no key for %s", address)
	return Key{}
}

// To is an output for an address whose key is here.
func (n *Node) To(t testing.TB, address string, units asset.Units) *wire.TxOut {
	t.Helper()
	sat, ok := units.Uint64()
	if !ok {
		t.Fatalf("%s base units are more than there are", units)
	}
	return wire.NewTxOut(int64(sat), n.Find(t, address).Script)
}

// Mine makes blocks of what the node's mempool has, and returns the tip.
func (n *Node) Mine(t testing.TB, blocks int) chain.Ref {
	t.Helper()
	if n.Chain == asset.Litecoin {
		n.Call(t, nil, "generatetoaddress", blocks, n.Miner.Address)
	} else {
		n.Call(t, nil, "generate", blocks)
	}
	return n.Tip(t)
}

// Tip is the best block.
func (n *Node) Tip(t testing.TB) chain.Ref {
	t.Helper()
	var tip chain.Ref
	n.Call(t, &tip.Height, "getblockcount")
	n.Call(t, &tip.Hash, "getblockhash", tip.Height)
	return tip
}

// Hash is the best chain's block at a height.
func (n *Node) Hash(t testing.TB, height int64) string {
	t.Helper()
	var hash string
	n.Call(t, &hash, "getblockhash", height)
	return hash
}

// Raw is a block's bytes.
func (n *Node) Raw(t testing.TB, hash string) []byte {
	t.Helper()
	var text string
	n.Call(t, &text, "getblock", hash, 0)
	raw, err := hex.DecodeString(text)
	must(t, err)
	return raw
}

// Reward is the reward of the block at a height.
func (n *Node) Reward(t testing.TB, height int64) *wire.MsgTx {
	t.Helper()
	r := bytes.NewReader(n.Raw(t, n.Hash(t, height)))
	var header wire.BlockHeader
	must(t, header.Deserialize(r))
	_, err := wire.ReadVarInt(r, 0)
	must(t, err)
	var tx wire.MsgTx
	must(t, tx.Deserialize(r))
	return &tx
}
