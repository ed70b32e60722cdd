package payment_test

import (
	"os"
	"strings"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// lostWith is a payment whose first attempt is mined, while a second was to spend another
// coin too, which is told.
func (w *world) lostWith() (o swap.Order, other chain.Coin) {
	w.t.Helper()
	enough, err := w.some(10).Add(asset.NewUnits(400))
	w.must(err)
	w.fund(enough, w.some(9))
	o = w.payout(w.some(10))
	first := w.sent(o).Attempt
	w.chain.SetBlockRate(20)
	w.passed()
	second := w.payment(o.ID).Attempt
	if second.N != 2 || len(first.Plan.Coins) != 1 || len(second.Plan.Coins) != 2 {
		w.t.Fatalf("%s for %s and %s with %d and %d coins", w.attempts(o), first.Plan.Fee, second.Plan.Fee, len(first.Plan.Coins), len(second.Plan.Coins))
	}
	w.chain.Evict(second.TxID)
	if answer, err := w.chain.Broadcast(w.t.Context(), first.Raw); answer != chain.Accepted {
		w.t.Fatal(answer, err)
	}
	w.chain.SetBlockRate(0)
	w.mine(1)
	return o, second.Plan.Coins[1]
}

// Setup: a later attempt of a payment is signed, and the answer is lost; then the earlier one is
// mined. Test: the coin that only the later one was to spend pays another payment once no
// reorganisation that is followed can take the earlier one back: the signer has it tied up, and is
// shown attestd's word.
func TestCoinOfAnAttemptWhoseBytesWereLostIsFree(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.bidding()
	enough, err := w.some(10).Add(asset.NewUnits(400))
	w.must(err)
	w.fund(enough, w.some(9))
	o := w.payout(w.some(10))
	w.sent(o)
	w.chain.SetBlockRate(20)
	w.signer.fail(signLost)
	w.passed()
	if second := w.payment(o.ID).Attempt; second.N != 2 || second.State != payment.AttemptPlanned || len(second.Plan.Coins) != 2 {
		t.Fatalf("%s with %d coins", w.attempts(o), len(second.Plan.Coins))
	}
	w.chain.SetBlockRate(0)
	w.chain.Mine(1)
	w.must(w.watcher.Step(t.Context()))
	if got := w.payment(o.ID); got.State != swap.PaymentConfirmed {
		t.Fatalf("%s: %s", got.State, w.attempts(o))
	}
	w.mine(deathDepth + 1)
	other := w.payout(w.some(8))
	w.deliver(other)
	w.settle(other)
	w.balanced()
}

// reserved are the batches that a coin is for.
func (w *world) reserved(c chain.Coin) int {
	w.t.Helper()
	return w.count(`SELECT count(*) FROM coin WHERE txid = $1 AND idx = $2 AND reserved_by IS NOT NULL`, c.TxID, c.Index)
}

// Setup: an earlier attempt of a payment is mined; a later one was to spend a second coin.
//
// Test: that coin is nobody else's until no reorganisation that is followed can take the
// earlier one back; then it pays another payment, for which the signer gets attestd's word.
func TestCoinOfALostAttemptIsFree(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	w.bidding()
	o, coin := w.lostWith()
	other := w.payout(w.some(8))
	w.deliver(other)
	for depth := 1; depth <= deathDepth; depth++ {
		w.step()
		if w.reserved(coin) != 1 || w.payment(other.ID).BatchID != "" || c.asked != 0 {
			t.Fatalf("at %d blocks the coin is free, or %s has a plan", depth, other.ID)
		}
		w.mine(1)
	}
	w.step()
	p := w.payment(other.ID)
	if p.State != swap.PaymentBroadcast || p.Attempt.Plan.Coins[0].ID() != coin.ID() || c.asked != 1 {
		t.Fatalf("%s is %s because %q, attestd was asked %d times", other.ID, p.State, p.Reason, c.asked)
	}
	w.paid(o, other)
	w.balanced()
}

// Setup: as before, and the payment that has the coin of the lost attempt is outbid.
// Test: attestd isn't asked about the old block again, unless the signer has forgotten.
func TestWordOnALostAttemptIsHadOnce(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	w.bidding()
	o, _ := w.lostWith()
	other := w.payout(w.some(8))
	w.deliver(other)
	w.mine(deathDepth + 1)
	w.step()
	for attempt := 1; attempt <= 2; attempt++ {
		if p := w.payment(other.ID); p.State != swap.PaymentBroadcast || p.Attempt.N != attempt || c.asked != 1 {
			t.Fatalf("%s is %s because %q, attempt %d; attestd was asked %d times", other.ID, p.State, p.Reason, p.Attempt.N, c.asked)
		}
		w.chain.SetBlockRate(uint64(20 * attempt * attempt))
		if attempt == 2 {
			w.signer.forget()
		}
		w.passed()
	}
	if p := w.payment(other.ID); p.Attempt.N != 3 || c.asked != 2 {
		t.Fatalf("%s because %q, attestd was asked %d times", w.attempts(other), p.Reason, c.asked)
	}
	w.chain.SetBlockRate(0)
	w.paid(o, other)
	w.balanced()
}

// Setup: as before, with the coin of the lost attempt in a block that goes away for good.
// Test: it is forgotten with the attempt, and nothing waits for it.
func TestGoneCoinOfALostAttemptIsForgotten(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.bidding()
	o, coin := w.lostWith()
	w.exec(`UPDATE coin SET height = NULL, gone_from = height WHERE txid = '` + coin.TxID + `' AND reserved_by IS NOT NULL AND spent_txid IS NULL`)
	w.mine(deathDepth)
	if p := w.payment(o.ID); p.State != swap.PaymentFinal {
		t.Fatalf("it is %s", p.State)
	}
	if n := w.count(`SELECT count(*) FROM coin WHERE txid = $1 AND idx = $2`, coin.TxID, coin.Index); n != 0 {
		t.Fatal("the coin is still known")
	}
}

// Setup: a reorganisation takes a payment back whose lost attempts were done with.
// Test: they are alive again with it, and what ended them is forgotten.
func TestLostAttemptsReviveWithTheirBatch(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.reorgLimit = 2 * deathDepth
	w.bidding()
	o, coin := w.lostWith()
	w.mine(deathDepth)
	if n := w.count(`SELECT count(*) FROM death`); n != 1 || w.reserved(coin) != 0 {
		t.Fatalf("%d rows of what has ended", n)
	}
	w.chain.Reorg(deathDepth+1, fakechain.Return)
	w.chain.MineEmpty(deathDepth + 2)
	w.mine(0)
	if n := w.count(`SELECT count(*) FROM death`); n != 0 || w.payment(o.ID).State != swap.PaymentBroadcast {
		t.Fatalf("%d rows of what has ended, and it is %s", n, w.payment(o.ID).State)
	}
	w.exec(`DELETE FROM halt`) // what was final was taken back
	w.mine(confirmations + 1)
	if p := w.payment(o.ID); p.State != swap.PaymentFinal {
		t.Fatalf("it is %s", p.State)
	}
}

// Setup: a payment whose lost attempt was to spend one coin more.
// Test: the row of what ended it has the coins of all its signed attempts, and so has one from
// before there was such a column, after the migration.
func TestCoinsOfWhatHasEnded(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.bidding()
	o, coin := w.lostWith()
	w.mine(deathDepth)
	has := func() int {
		return w.count(`SELECT count(*) FROM death WHERE batch_id = $1 AND cardinality(coins) = 2 AND $2 = ANY (coins)`, o.ID, coin.ID())
	}
	if has() != 1 {
		t.Fatal("the row does not have the coins")
	}
	w.exec(`UPDATE death SET coins = '{}'`)
	raw, err := os.ReadFile("../../migrations/hotwallet/0038_death_coins.sql")
	w.must(err)
	_, fill, found := strings.Cut(string(raw), "DEFAULT '{}';")
	fill, _, ended := strings.Cut(fill, "CREATE INDEX")
	if !found || !ended {
		t.Fatal("the migration reads otherwise")
	}
	w.exec(fill)
	if has() != 1 {
		t.Fatal("the migration does not fill the row")
	}
}
