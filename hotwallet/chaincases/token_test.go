package chaincases_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

// tokens is a world on a geth with two tokens, whose swaps deposit the second.
type tokens struct {
	*world
	geth *geth
	// usdt is as on mainnet, usdc what the case is about.
	usdt, usdc common.Address
}

func newTokens(t *testing.T, usdc string, forks ...string) *tokens {
	t.Helper()
	n := newGeth(t, forks...)
	w := &tokens{geth: n}
	w.usdt, _ = n.make(t, "Tether", new(big.Int))
	w.usdc, _ = n.make(t, usdc, new(big.Int))
	n.mine(t, 1)
	pinned := networks
	pinned.Tokens = asset.Tokens{USDT: w.usdt.Hex(), USDC: w.usdc.Hex()}
	n.read(t, pinned)
	if err := n.reader.CheckTokens(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.world = newWorld(t, n)
	w.asset = asset.USDC
	return w
}

// pay has the stranger transfer a token, into the mempool.
func (w *tokens) pay(contract common.Address, to string, units asset.Units) *types.Transaction {
	w.Helper()
	return w.geth.run(w.T, contract, asset.Units{}, "Token", "transfer(address,uint256)", common.HexToAddress(to), units)
}

// wantNothing demands that no deposit came of what was seen, if it was.
func (w *tokens) wantNothing(swapID string) {
	w.Helper()
	w.look()
	w.look()
	if n := w.text(w.pool, `SELECT count(*)::text FROM deposit WHERE state <> 'replaced'`); n != "0" {
		w.Fatalf("there are %s deposits", n)
	}
	w.wantCredit(swapID, asset.Units{})
	w.wantBooks()
}

// wantDoubts demands how many movements a person has to look at, and that the newest
// names all that is needed.
func (w *tokens) wantDoubts(want string, names ...string) {
	w.Helper()
	if n := w.text(w.pool, `SELECT count(*)::text FROM staff_action WHERE action = $1`, watch.AlarmDoubt); n != want {
		w.Fatalf("%s alarms of doubts, want %s", n, want)
	}
	for _, name := range names {
		reason := w.text(w.pool, `SELECT reason FROM staff_action WHERE action = $1 ORDER BY id DESC LIMIT 1`, watch.AlarmDoubt)
		if !strings.Contains(reason, name) {
			w.Fatalf("the alarm %q does not name %s", reason, name)
		}
	}
}

// F14. Setup: a token which returns false instead of reverting.
// Test: its transfer to us is mined with status 1, and moves nothing.
func TestF14ReturnsFalse(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "FalseReturning")
	w.plays("F14", "a token returns false, with status 1", "no credit: no balance has changed")
	ours, swapID := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.look()
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantNothing(swapID)
	w.wantDoubts("0")
	// Of such a payment of ours attestd says that it moved nothing, so that it may be made anew.
	w.wantHollow(tx.Hash().Hex(), true)
}

// wantHollow demands what the node's receipts say of a transaction of the stranger's in the
// block at the tip, or below it: that a token's transfer moved nothing.
func (w *tokens) wantHollow(txid string, hollow bool) {
	w.Helper()
	stranger := crypto.PubkeyToAddress(w.geth.stranger.PublicKey).Hex()
	tip, err := w.geth.reader.Tip(w.Context())
	w.must(err)
	for n := tip.Height; n >= 0; n-- {
		ref, err := w.geth.reader.RefAt(w.Context(), n)
		w.must(err)
		sent, err := w.geth.reader.Sent(w.Context(), ref, stranger)
		w.must(err)
		for _, d := range sent {
			if d.TxID == txid {
				if d.Failed != hollow {
					w.Fatalf("%s moved nothing: %t, want %t", txid, d.Failed, hollow)
				}
				return
			}
		}
	}
	w.Fatalf("%s is in no block", txid)
}

// A transfer that moves something is no failure, nor is one of ether.
func TestTransfersThatMoveAreNotHollow(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token")
	ours, _ := w.issue()
	tx, ether := w.pay(w.usdc, ours, w.usual()), w.node.pay(t, ours, w.usual())
	w.look()
	w.mine(needed)
	w.wantHollow(tx.Hash().Hex(), false)
	w.wantHollow(ether, false)
}

// A token that moves what it is asked to, says that it did not, and logs nothing: such a payment
// of ours is not known to have failed, and is never made anew.
func TestUnloggedTransferIsNotHollow(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Unlogged")
	ours, _ := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantHollow(tx.Hash().Hex(), false)
}

// F15. Setup: a token that nobody has listed, with the same name for its events.
// Test: its transfer to us is real, and nothing to us.
func TestF15Unlisted(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token")
	w.plays("F15", "a transfer of an unlisted contract", "ignored: only pinned contracts count")
	ours, swapID := w.issue()
	other, _ := w.geth.make(t, "Token", new(big.Int))
	w.mine(1)
	tx := w.pay(other, ours, w.usual())
	w.look()
	w.wantDeposits("0")
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantDeposits("0")
	w.wantNothing(swapID)
	w.wantDoubts("0")
}

// F16. Setup: somebody calls the tokens' transferFrom for nothing, as everybody may.
// Test: the events have our address for sender and for recipient, and one that looks
// like it. They concern nobody.
func TestF16PoisonedHistory(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Token")
	w.plays("F16", "a token's transfers of nothing, look-alikes", "ignored; nothing takes addresses from a history")
	poisoner, _ := w.geth.make(t, "Poisoner", new(big.Int))
	w.mine(1)
	ours, swapID := w.issue()
	lookalike := common.HexToAddress(ours)
	lookalike[9] ^= 0xff
	for _, token := range []common.Address{w.usdt, w.usdc} {
		tx := w.geth.run(t, poisoner, asset.Units{}, "Poisoner", "poison(address,address[],address)", token, 96, lookalike, 1, common.HexToAddress(ours))
		w.mine(1)
		w.geth.wantMined(t, tx)
	}
	w.geth.wantMined(t, func() *types.Transaction { tx := w.pay(w.usdc, ours, asset.Units{}); w.mine(1); return tx }())
	w.mine(needed)
	w.wantDeposits("0")
	w.wantNothing(swapID)
	w.wantDoubts("0")
}

// F17. Setup: a token that keeps a tenth of what is transferred, and logs all of it.
// Test: of two transfers in one block nobody knows which is short by how much.
func TestF17FeesOnTransfers(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "FeeTaking")
	w.plays("F17", "fees on two transfers in one block", "parked with an alarm")
	ours, swapID := w.issue()
	first, second := w.pay(w.usdc, ours, w.usual()), w.pay(w.usdc, ours, w.usual())
	w.mine(needed)
	w.wantCredit(swapID, asset.Units{})
	w.wantDoubts("1", "USDC", ours, first.Hash().Hex(), second.Hash().Hex(), "1400000000", "1260000000")
}

// F17. Setup: a token whose maker can change what anybody has.
// Test: in the block of a deposit, that balance is doubled.
func TestF17Rebasing(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "Rebasing")
	w.plays("F17", "a balance that changes by itself", "parked with an alarm")
	ours, swapID := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.geth.run(t, w.usdc, asset.Units{}, "Rebasing", "setBalance(address,uint256)", common.HexToAddress(ours), double(t, w.usual()))
	w.mine(needed)
	w.look()
	w.wantCredit(swapID, asset.Units{})
	w.wantDoubts("1", "USDC", ours, tx.Hash().Hex())
}

// F18. Setup: a token that logs transfers and moves nothing.
// Test: one to us.
func TestF18LogWithoutBalance(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "LyingToken")
	w.plays("F18", "a log without a balance", "parked with an alarm that names token, address and transaction")
	ours, swapID := w.issue()
	tx := w.pay(w.usdc, ours, w.usual())
	w.look()
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantNothing(swapID)
	w.wantDoubts("1", "USDC", ours, tx.Hash().Hex(), "700000000")
}

// F19. Setup: a listed token that logs, beside, what is no ERC-20 transfer.
// Test: its value is a topic, is missing, is too long, or its address is none.
func TestF19OddEvents(t *testing.T) {
	t.Parallel()
	w := newTokens(t, "OddLogs")
	w.plays("F19", "a listed token's events in other forms", "ignored: only Transfer as ERC-20 has it counts")
	ours, swapID := w.issue()
	tx := w.geth.run(t, w.usdc, asset.Units{}, "OddLogs", "odd(address,uint256)", common.HexToAddress(ours), w.usual())
	w.mine(needed)
	w.geth.wantMined(t, tx)
	w.wantDeposits("0")
	w.wantNothing(swapID)
	w.wantDoubts("0")
}
