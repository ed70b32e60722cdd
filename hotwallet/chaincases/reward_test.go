package chaincases_test

import (
	"testing"

	"ferry/hotwallet/chain/chaintest/utxotest"
	"ferry/swap/asset"
)

// maturity is how deep a reward has to be before it counts.
const maturity = 100

// F6. Setup: an ordinary deposit, and beside it a miner's reward to a swap's address.
// Test: the reward counts when it can be spent and not one block before; a second
// one whose block is taken back never does.
func TestF6Reward(t *testing.T) {
	t.Parallel()
	eachUTXO(t, func(w *world, n *utxoNode) {
		w.plays("F6", "a miner's reward to us", "held for 100 blocks, then credited once")
		ours, swapID := w.issue()
		plain, plainID := w.issue()
		n.pay(w.T, plain, w.usual())
		subsidy := asset.NewUnits(uint64(n.Subsidy(n.Tip(w.T).Height + 1)))
		reward := n.MineBlock(w.T, n.Find(w.T, ours).Script)
		w.look()
		w.mine(maturity - 2)
		w.wantState(w.id(reward, 0), "in_block")
		w.wantCredit(swapID, asset.Units{})
		w.wantCredit(plainID, w.usual())
		facts := w.facts(swapID)
		if f := facts[len(facts)-1].Deposit; f.Needed != maturity || f.Confirmations != maturity-1 {
			w.Fatalf("%d of %d confirmations", f.Confirmations, f.Needed)
		}
		w.mine(1)
		w.wantState(w.id(reward, 0), "confirmed")
		w.wantCredit(swapID, subsidy)
		w.wantBooks()

		lost := n.MineBlock(w.T, n.Find(w.T, ours).Script)
		w.look()
		w.wantState(w.id(lost, 0), "in_block")
		n.reorg(w.T, 1, true)
		w.look()
		w.wantState(w.id(lost, 0), "reorged")
		w.wantCredit(swapID, subsidy)
		w.wantBooks()
	})
}

// F6. Setup: a litecoind whose extension blocks have begun, and a stranger's coins in
// them.
// Test: they are paid out to a swap's address by a block's HogEx.
func TestF6PegOut(t *testing.T) {
	t.Parallel()
	kind := utxotest.Litecoin(t)
	kind.Ready = 0
	n := litecoind(t, kind, true)
	stranger := utxotest.Begin(t, n.Node)
	w := newWorld(t, n)
	w.plays("F6", "a peg-out of Litecoin's extension block to us", "held for 100 blocks, then credited once")
	ours, swapID := w.issue()
	stranger.Out(t, ours, "0.01")
	w.look()
	w.wantDeposits("0") // what waits inside the extension is not to be seen
	w.mine(1)
	w.wantDeposits("1")
	id := w.text(w.pool, `SELECT deposit_id FROM deposit`)
	w.mine(maturity - 2)
	w.wantState(id, "in_block")
	w.wantCredit(swapID, asset.Units{})
	w.mine(1)
	w.wantState(id, "confirmed")
	w.wantCredit(swapID, w.usual())
	w.wantBooks()
}
