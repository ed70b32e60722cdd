package chaincases_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// deposit is the id of what a transaction has left of USDC.
func (w *tokens) deposit(tx *types.Transaction, address string, units asset.Units) string {
	w.Helper()
	c := chain.Credit{TxID: tx.Hash().Hex(), Asset: asset.USDC, Address: address, Units: units, Source: chain.Token}
	return fmt.Sprintf("%s:%s", w.chain, c.CoinID())
}

// F17. Setup: a token that keeps a tenth of what is transferred, and logs all of it.
// Test: one transfer in a block is credited by the balance.
func TestF17FeeOnTransfer(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "FeeTaking")
	w.plays("F17", "fee on transfer", "the balance's delta is credited")
	ours, swapID := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.mine(needed)
	kept, err := w.usual().MulDiv(big.NewInt(9), big.NewInt(10), asset.Down)
	w.must(err)
	w.wantState(w.deposit(tx, ours, kept), "confirmed")
	w.wantCredit(swapID, kept)
	w.wantDoubts("0")
	w.wantBooks()
}

// F20. Setup: a chain with EIP-7708, on which ether logs itself as tokens do.
// Test: a token's deposit, and ether to the same address in the same block.
func TestF20TokenBesideEther(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token", "osaka", "amsterdam")
	w.plays("F20", "a token's deposit where ether logs itself (EIP-7708)", "one credit of the token; ether's log is no token's")
	ours, swapID := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantState(w.deposit(tx, ours, w.usual()), "confirmed")
	w.wantCredit(swapID, w.usual())
	w.geth.pay(t, ours, asset.NewUnits(1_000_000))
	w.mine(needed)
	w.wantCredit(swapID, w.usual())
	w.wantDoubts("0")
	w.wantBooks()
}

// F21. Setup: a token's deposit is in a block, with another log before it.
// Test: the block is orphaned, and the same transaction mined in another, where its log
// has another number; a second deposit does not come back.
func TestF21TokenOrphaned(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token")
	w.plays("F21", "a token's log in a block that is orphaned", "reverted; mined again, the same deposit")
	first, firstID := w.issue()
	second, secondID := w.issue()
	lost := w.pay(w.usdc, first, w.usual())
	kept := w.pay(w.usdc, second, w.usual())
	w.mine(1)
	id := w.deposit(kept, second, w.usual())
	w.wantState(id, "in_block")
	// The branch spends the first's nonce on ether, so there is one log less.
	self := common.HexToAddress(w.geth.newAddress(t))
	for i, tx := range w.geth.sent {
		if tx.Hash() == lost.Hash() {
			w.geth.sent[i] = w.geth.sign(t, tx.Nonce(), 2, &self, big.NewInt(1), nil)
		}
	}
	w.geth.reorg(t, 1, true)
	w.look()
	w.mine(needed)
	w.wantState(w.deposit(lost, first, w.usual()), "reorged")
	w.wantState(id, "confirmed")
	w.wantCredit(firstID, asset.Units{})
	w.wantCredit(secondID, w.usual())
	w.wantDoubts("0")
	w.wantBooks()
}
