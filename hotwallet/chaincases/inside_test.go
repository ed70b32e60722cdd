package chaincases_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// inside is the id of a deposit that a contract has paid.
func (w *world) inside(txid, address string, units asset.Units) string {
	w.Helper()
	c := chain.Credit{TxID: txid, Asset: asset.ETH, Address: address, Units: units, Source: chain.Internal}
	return string(w.chain) + ":" + c.CoinID()
}

// F12. Setup: a contract that pays in calls which it undoes, and one which pays around
// such a call.
// Test: both transactions succeed; only what stays at the address is credited.
func TestF12Reverted(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F12", "what a reverted call paid", "nothing of it credited; what stays is, once")
	reverting, _ := n.make(t, "Reverting", new(big.Int))
	w.mine(1)
	ours, swapID := w.issue()
	to := common.HexToAddress(ours)
	undone := n.run(t, reverting, w.usual(), "Reverting", "tryToPay(address)", to)
	w.mine(1)
	n.wantMined(t, undone)
	w.wantDeposits("0")
	half := half(t, w.usual())
	tx := n.run(t, reverting, double(t, w.usual()), "Reverting", "payAround(address,uint256,uint256)", to, half, w.usual())
	w.mine(needed)
	n.wantMined(t, tx)
	w.wantState(w.inside(tx.Hash().Hex(), ours, w.usual()), "confirmed")
	w.wantDeposits("1")
	w.wantCredit(swapID, w.usual())
	w.wantBooks()
}

// F13. Setup: three swaps, and contracts.
// Test: a contract wallet pays the first, SELFDESTRUCT the second, and one that is made
// the third; none of them is a transaction to us.
func TestF13Internal(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F13", "contract wallets, SELFDESTRUCT, CREATE", "credited once, by the block's state differences")
	wallet, _ := n.make(t, "Wallet", new(big.Int))
	mortal, _ := n.make(t, "Mortal", new(big.Int))
	w.mine(1)
	swaps := map[string]string{}
	var to []common.Address
	for range 3 {
		ours, swapID := w.issue()
		swaps[ours] = swapID
		to = append(to, common.HexToAddress(ours))
	}
	n.send(t, n.sign(t, n.nonce(t), 1, &mortal, w.usual().Big(), nil))
	w.mine(1)
	paid := map[string]string{}
	paid[to[0].Hex()] = n.run(t, wallet, w.usual(), "Wallet", "pay(address,uint256)", to[0], w.usual()).Hash().Hex()
	paid[to[1].Hex()] = n.run(t, mortal, asset.Units{}, "Mortal", "end(address)", to[1]).Hash().Hex()
	_, tx := n.make(t, "Paying", w.usual().Big(), to[2], w.usual())
	paid[to[2].Hex()] = tx.Hash().Hex()
	w.look()
	w.wantDeposits("0")
	w.mine(needed)
	for address, txid := range paid {
		w.wantState(w.inside(txid, address, w.usual()), "confirmed")
		w.wantCredit(swaps[address], w.usual())
	}
	w.wantDeposits("3")
	w.wantBooks()
}

// F19. Setup: a contract that says of itself that it pays.
// Test: it logs transfers and deposits to us, and keeps the ether that came with them.
func TestF19ForgedEvents(t *testing.T) {
	t.Parallel()
	n := newGeth(t)
	w := newWorld(t, n)
	w.plays("F19", "events that claim a deposit, with value for another", "ignored: no event of an unlisted contract counts")
	lying, _ := n.make(t, "Lying", new(big.Int))
	w.mine(1)
	ours, swapID := w.issue()
	tx := n.run(t, lying, w.usual(), "Lying", "pay(address,uint256)", common.HexToAddress(ours), w.usual())
	w.look()
	w.mine(needed)
	n.wantMined(t, tx)
	w.wantDeposits("0")
	w.wantCredit(swapID, asset.Units{})
	w.wantBooks()
}

// F20. Setup: a chain with EIP-7708, on which ether that moves leaves a log like a
// token's.
// Test: a transfer pays a swap, and a contract another: each logs itself, and is one
// credit.
func TestF20EtherLogs(t *testing.T) {
	t.Parallel()
	n := newGeth(t, "osaka", "amsterdam")
	w := newWorld(t, n)
	w.plays("F20", "ether that logs itself (EIP-7708)", "one credit each, in ether")
	wallet, _ := n.make(t, "Wallet", new(big.Int))
	w.mine(1)
	first, firstID := w.issue()
	second, secondID := w.issue()
	plain := n.pay(t, first, w.usual())
	tx := n.run(t, wallet, w.usual(), "Wallet", "pay(address,uint256)", common.HexToAddress(second), w.usual())
	w.look()
	w.mine(needed)
	var receipt struct{ Logs []struct{} }
	n.call(t, &receipt, "eth_getTransactionReceipt", plain)
	if len(receipt.Logs) == 0 {
		t.Fatal("the transfer left no log: this chain does not have EIP-7708")
	}
	w.wantState(w.id(plain, 0), "confirmed")
	w.wantState(w.inside(tx.Hash().Hex(), second, w.usual()), "confirmed")
	w.wantDeposits("2")
	w.wantCredit(firstID, w.usual())
	w.wantCredit(secondID, w.usual())
	w.wantBooks()
}

func double(t *testing.T, u asset.Units) asset.Units {
	t.Helper()
	sum, err := u.Add(u)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func half(t *testing.T, u asset.Units) asset.Units {
	t.Helper()
	part, err := u.MulDiv(big.NewInt(1), big.NewInt(2), asset.Down)
	if err != nil {
		t.Fatal(err)
	}
	return part
}
