package chaincases_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/swap/asset"
)

// F1. Setup: a deposit is in the mempool and shown.
// Test: its sender replaces it by a payment to somebody else at a higher fee.
func TestF1Replaced(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		address, swapID := w.issue()
		var txid string
		var replace func()
		switch n := w.node.(type) {
		case *utxoNode:
			tx := n.Spend(w.T, n.To(w.T, address, w.usual()))
			txid = n.Send(w.T, tx)
			replace = func() { n.Send(w.T, n.From(w.T, tx.TxIn[0].PreviousOutPoint, 50_000)) }
		case *geth:
			nonce, self := n.nonce(w.T), crypto.PubkeyToAddress(n.stranger.PublicKey)
			to := common.HexToAddress(address)
			txid = n.send(w.T, n.sign(w.T, nonce, 1, &to, w.usual().Big(), nil))
			replace = func() { n.send(w.T, n.sign(w.T, nonce, 3, &self, big.NewInt(1), nil)) }
		}
		w.plays("F1", "replaced at a higher fee", "shown, then withdrawn; nothing credited")
		w.look()
		w.wantState(w.id(txid, 0), "seen")
		w.wantCredit(swapID, asset.Units{})
		replace()
		w.look()
		w.look()
		w.wantState(w.id(txid, 0), "replaced")
		w.mine(needed + 1)
		w.wantState(w.id(txid, 0), "replaced")
		if got := w.kinds(swapID); got != "seen replaced" {
			w.Fatalf("facts: %s", got)
		}
		w.wantCredit(swapID, asset.Units{})
		w.wantBooks()
	}, "btcd", "litecoind") // Bitcoin Cash replaces nothing: what can happen there is the next
}

// F1. Setup: a deposit is in the mempool and shown.
// Test: a block has another payment of the same coin, and the node evicts it.
func TestF1EvictedByABlock(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F1", "evicted: a block spends its coin elsewhere", "shown, then withdrawn; nothing credited")
		address, swapID := w.issue()
		tx := n.Spend(w.T, n.To(w.T, address, w.usual()))
		txid := n.Send(w.T, tx)
		w.look()
		w.wantState(w.id(txid, 0), "seen")
		n.MineBlock(w.T, n.Miner.Script, n.From(w.T, tx.TxIn[0].PreviousOutPoint, 3000))
		w.look()
		w.look()
		w.mine(needed)
		if got := w.kinds(swapID); got != "seen replaced" {
			w.Fatalf("facts: %s", got)
		}
		w.wantCredit(swapID, asset.Units{})
		w.wantBooks()
	})
}

// F1. Setup: a deposit is in the mempool and shown.
// Test: the node is started again and has forgotten it; its sender sends it again.
// (litecoind keeps its mempool.)
func TestF1EvictedAndSentAgain(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F1", "evicted: the node restarts, it is sent again", "withdrawn, shown again; credited once, when confirmed")
		address, swapID := w.issue()
		tx := n.Spend(w.T, n.To(w.T, address, w.usual()))
		txid := n.Send(w.T, tx)
		w.look()
		n.restart(w.T)
		w.look()
		w.look()
		w.wantState(w.id(txid, 0), "replaced")
		n.Send(w.T, tx)
		w.look()
		w.wantState(w.id(txid, 0), "seen")
		w.mine(needed)
		if got := w.kinds(swapID); got != "seen replaced seen in_block confirmed" {
			w.Fatalf("facts: %s", got)
		}
		w.wantCredit(swapID, w.usual())
		w.wantBooks()
	}, "btcd", "bchd")
}
