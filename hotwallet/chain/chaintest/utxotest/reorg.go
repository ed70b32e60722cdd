package utxotest

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
)

// Invalidate takes the last blocks back; their transactions return to the mempool.
func (n *Node) Invalidate(t testing.TB, blocks int) {
	t.Helper()
	n.Call(t, nil, "invalidateblock", n.Hash(t, n.Tip(t).Height-int64(blocks)+1))
}

// Reorganise replaces the last blocks by as many and one more, with what was in them
// or with something else that spends the same coins.
func (n *Node) Reorganise(t testing.TB, blocks int, again bool) {
	t.Helper()
	n.Invalidate(t, blocks)
	var rivals []*wire.MsgTx
	for _, tx := range n.Mempool(t) {
		if again {
			rivals = append(rivals, tx)
		} else {
			rivals = append(rivals, n.From(t, tx.TxIn[0].PreviousOutPoint, 9000))
		}
	}
	// By hand: a node that mines twice within a second to one address makes the block
	// again that it was told to forget.
	n.MineBlock(t, n.Find(t, n.NewKey(t).Address).Script, rivals...)
	n.Mine(t, blocks)
}

// Mempool are the transactions that wait.
func (n *Node) Mempool(t testing.TB) []*wire.MsgTx {
	t.Helper()
	var ids []string
	n.Call(t, &ids, "getrawmempool")
	var txs []*wire.MsgTx
	for _, id := range ids {
		txs = append(txs, n.Transaction(t, id))
	}
	return txs
}

// Transaction is one that the node has, without extension data.
func (n *Node) Transaction(t testing.TB, txid string) *wire.MsgTx {
	t.Helper()
	var text string
	n.Call(t, &text, "getrawtransaction", txid, 0)
	raw, err := hex.DecodeString(text)
	must(t, err)
	var tx wire.MsgTx
	must(t, tx.Deserialize(bytes.NewReader(raw)))
	return &tx
}
