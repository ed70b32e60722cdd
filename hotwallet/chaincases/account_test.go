package chaincases_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"ferry/swap/asset"
)

// F11. Setup: a contract that refuses everything is at an address of ours, the only
// way in which a transfer to us can be mined and fail.
// Test: a transaction with value to it is mined with status 0.
func TestF11Failed(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F11", "a transfer to us, mined with status 0", "nothing credited")
	contract := n.deploy(t, []byte{0x60, 0x00, 0x60, 0x00, 0xfd}) // revert(0, 0)
	w.look()
	swapID := w.give(contract.Hex())
	tx := n.sign(t, n.nonce(t), 1, &contract, w.usual().Big(), nil)
	n.send(t, tx)
	w.mine(1)
	var receipt struct{ Status string }
	n.call(t, &receipt, "eth_getTransactionReceipt", tx.Hash())
	if receipt.Status != "0x0" {
		t.Fatalf("status %s", receipt.Status)
	}
	w.look()
	w.look()
	w.mine(needed)
	w.wantCredit(swapID, asset.Units{})
	if got := w.state(w.id(tx.Hash().Hex(), 0)); got != "" && got != "replaced" {
		t.Fatalf("the deposit is %s", got)
	}
	w.wantBooks()
}

// F16. Setup: a swap's address.
// Test: a transaction of no value to it, with and without data: what poisons
// histories on Ethereum. It concerns nobody.
func TestF16ZeroValue(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F16", "a transfer of no value to us", "ignored; nothing takes addresses from a history")
	ours, swapID := w.issue()
	to := common.HexToAddress(ours)
	n.send(t, n.sign(t, n.nonce(t), 1, &to, new(big.Int), nil))
	n.send(t, n.sign(t, n.nonce(t), 1, &to, new(big.Int), []byte("a token's transfer, as if")))
	w.look()
	w.wantDeposits("0")
	w.mine(needed)
	w.wantDeposits("0")
	w.wantCredit(swapID, asset.Units{})
	w.wantBooks()
}

// F21. Setup: a deposit is in a block, and another in the block above.
// Test: both blocks are orphaned by a branch that has only the second.
func TestF21Orphaned(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F21", "a transfer in a block that is orphaned", "reverted by the parents' hashes; no log is trusted")
	first, firstID := w.issue()
	second, secondID := w.issue()
	lost := n.pay(t, first, w.usual())
	w.mine(1)
	kept := n.pay(t, second, w.usual())
	w.mine(1)
	// The branch spends the first's nonce elsewhere and has the second as it was.
	self := common.HexToAddress(n.newAddress(t))
	for i, tx := range n.sent {
		if tx.Hash().Hex() == lost {
			n.sent[i] = n.sign(t, tx.Nonce(), 2, &self, big.NewInt(1), nil)
		}
	}
	n.reorg(t, 2, true)
	w.look()
	w.mine(needed)
	w.wantState(w.id(lost, 0), "reorged")
	w.wantState(w.id(kept, 0), "confirmed")
	w.wantCredit(firstID, asset.Units{})
	w.wantCredit(secondID, w.usual())
	w.wantBooks()
}
