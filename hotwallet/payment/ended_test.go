package payment_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// mortal is a world on Bitcoin that follows reorganisations deeper than the confirmations,
// and whose payments may die.
func mortal(t *testing.T) (*world, *coroner) {
	t.Helper()
	w := newWorld(t, asset.Bitcoin)
	w.reorgLimit = deathDepth - 1
	c := w.hireCoroner()
	w.restart()
	return w, c
}

// sent is an order whose transaction is handed in and in no block.
func (w *world) sent(o swap.Order) payment.Payment {
	w.t.Helper()
	w.deliver(o)
	w.step()
	p := w.payment(o.ID)
	if p.State != swap.PaymentBroadcast {
		w.t.Fatalf("it is %s because %q", p.State, p.Reason)
	}
	return p
}

// paid has everything be mined that can be, and demands that the orders are paid once each.
func (w *world) paid(orders ...swap.Order) {
	w.t.Helper()
	for range 2*confirmations + 3 {
		w.step()
		w.mine(1)
	}
	for _, o := range orders {
		if p := w.payment(o.ID); p.State != swap.PaymentFinal || w.received(o) != o.Amount.Units {
			w.t.Fatalf("%s is %s because %q, and %s was received", o.ID, p.State, p.Reason, w.received(o))
		}
	}
	if w.signer.conflicting != "" {
		w.t.Fatal(w.signer.conflicting)
	}
}

// Setup: a payment is signed with a coin whose own transaction is double-spent in a
// reorganisation deeper than the confirmations.
//
// Test: it waits, and nothing else is signed for it, until the double spend is as deep as
// no reorganisation goes; then it is paid from other coins, once. The coin it had beside is
// free for others, and the signer gets attestd's word on it.
func TestPaymentOfACoinThatIsGoneIsMadeAnew(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	w.fund(w.some(60), w.some(50))
	w.mine(2)
	w.fund(w.some(100))
	o := w.payout(w.some(140)) // takes the largest, which is the newest, and another
	before := w.sent(o)
	gone := before.Attempt.Plan.Coins[0]
	if len(before.Attempt.Plan.Coins) != 2 || gone.Units != w.some(100) {
		t.Fatalf("it spends %+v", before.Attempt.Plan.Coins)
	}
	w.chain.Reorg(confirmations, fakechain.DoubleSpend)
	w.mine(confirmations + 1)
	for range deathDepth - confirmations - 2 {
		w.step()
		if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || c.asked != 0 {
			t.Fatalf("it is %s, attestd was asked %d times", p.State, c.asked)
		}
		w.mine(1)
	}
	w.mine(3)
	w.step()
	if p := w.payment(o.ID); p.State != swap.PaymentQueued || p.BatchID != "" {
		t.Fatalf("it is %s in %q because %q", p.State, p.BatchID, p.Reason)
	}
	other := w.payout(w.some(55))
	w.deliver(other)
	w.fund(w.some(300))
	w.paid(o, other)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM batch WHERE state = 'dead'`); n != 1 {
		t.Errorf("%d batches are dead", n)
	}
	if told := w.kinds(o, 0); told != "payment.queued"+strings.Repeat(" payment.broadcast", 2)+" payment.confirmed payment.final" {
		t.Errorf("these were told: %s", told)
	}
}

// Setup: somebody else spends the coin of a payment that is in no block, which halts the
// chain; people resume it.
//
// Test: the payment is made anew from other coins once that is final.
func TestPaymentWhoseCoinWasStolenIsMadeAnew(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.fund(w.some(100))
	o := w.payout(w.some(20))
	p := w.sent(o)
	w.steal(p)
	if halted, err := w.store.Halted(t.Context()); err != nil || halted == "" {
		t.Fatalf("halted because %q, %v", halted, err)
	}
	w.fund(w.some(200))
	w.mine(deathDepth)
	w.step()
	if p := w.payment(o.ID); p.State != swap.PaymentBroadcast {
		t.Fatalf("on a halted chain it became %s", p.State)
	}
	w.exec(`DELETE FROM halt`)
	w.paid(o)
}

// Setup: a payment's anchor is the change of another payment, which a deep reorganisation
// takes away with the coin that it was made from.
//
// Test: both are made anew, the second with the first one's end and the way to it.
func TestPaymentOfLostChangeIsMadeAnew(t *testing.T) {
	t.Parallel()
	w, _ := mortal(t)
	w.reorgLimit = 2*confirmations + 1
	w.restart()
	w.fund(w.some(500))
	first := w.payout(w.some(20))
	w.sent(first)
	w.mine(confirmations - 1)
	if p := w.payment(first.ID); p.State != swap.PaymentConfirmed {
		t.Fatalf("the first is %s", p.State)
	}
	w.mine(1)
	second := w.payout(w.some(10))
	p := w.sent(second)
	if !slices.ContainsFunc(p.Attempt.Plan.Coins, func(c chain.Coin) bool { return c.TxID == w.payment(first.ID).Attempt.TxID }) {
		t.Fatal("the second does not spend the first one's change")
	}
	w.chain.Reorg(2*confirmations, fakechain.DoubleSpend)
	w.mine(2*confirmations + 1)
	w.exec(`DELETE FROM halt`) // what was final was taken back
	w.fund(w.some(300))
	w.mine(deathDepth + confirmations)
	w.paid(first, second)
	w.balanced()
	if n := w.count(`SELECT count(*) FROM death WHERE cardinality(lineage) = 2`); n != 1 {
		t.Errorf("%d deaths by way of another payment", n)
	}
}

// steal has somebody else spend the first coin of a payment that is in no block.
func (w *world) steal(p payment.Payment) {
	w.t.Helper()
	w.chain.Evict(p.Attempt.TxID)
	theft, err := w.chain.Plan(w.t.Context(), chain.Funds{Must: p.Attempt.Plan.Coins[:1], ChangeAddress: w.chain.NewAddress()},
		chain.Pay(chain.Output{Destination: w.chain.NewAddress(), Asset: asset.BTC, Units: w.some(90)}, w.feeMax))
	w.must(err)
	raw, _ := fakechain.Sign(theft)
	_, err = w.chain.Broadcast(w.t.Context(), raw)
	w.must(err)
	w.mine(1)
}

// exec is what people do in the database.
func (w *world) exec(sql string) {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), sql)
	w.must(err)
}

// stolenTogether are two payments in one transaction whose coin somebody else has spent, as deep
// as no reorganisation goes; each alone needs no second software, both together do.
func stolenTogether(t *testing.T) (w *world, orders []swap.Order, rules swap.DepositRules) {
	t.Helper()
	w, _ = mortal(t)
	w.window = time.Minute
	w.restart()
	rules = w.rules()
	rules.SecondAbove = map[asset.ID]asset.Units{asset.BTC: w.some(15)}
	w.must(w.store.SetRules(rules))
	w.fund(w.some(100))
	orders = w.payouts(2)
	w.round(0)
	w.round(2 * time.Minute)
	p := w.payment(orders[0].ID)
	if b := w.payment(orders[1].ID).BatchID; p.State != swap.PaymentBroadcast || b != p.BatchID {
		t.Fatalf("they are %s in %s and %s", p.State, p.BatchID, b)
	}
	w.steal(p)
	w.exec(`DELETE FROM halt`)
	w.fund(w.some(200), w.some(200))
	w.mine(deathDepth)
	return w, orders, rules
}

// Setup: a batch is dead of which each payment alone needs no second software to say so, and all
// together would. Test: it is made anew, and each is paid.
func TestADeadBatchIsWeighedByItsLargestMember(t *testing.T) {
	t.Parallel()
	w, orders, _ := stolenTogether(t)
	w.step()
	for _, o := range orders {
		if p := w.payment(o.ID); p.State != swap.PaymentQueued {
			t.Fatalf("it is %s because %q", p.State, p.Reason)
		}
	}
	w.round(0)
	w.round(2 * time.Minute)
	for _, o := range orders {
		if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.BatchID != o.ID {
			t.Fatalf("it is %s in %q because %q", p.State, p.BatchID, p.Reason)
		}
	}
	w.paid(orders...)
	w.balanced()
}

// Setup: the coin of a batch is spent by somebody else for good, and attestd can't say so as the
// largest of its payments needs it. Test: it says what it waits for, as long as it waits, and is
// made anew once that is over.
func TestWhatHasLostItsCoinSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	w, orders, rules := stolenTogether(t)
	strict := rules
	strict.SecondAbove = map[asset.ID]asset.Units{asset.BTC: orders[0].Amount.Units}
	w.must(w.store.SetRules(strict))
	for range 3 {
		w.step()
		for _, o := range orders {
			p := w.payment(o.ID)
			if p.State != swap.PaymentBroadcast || !strings.HasPrefix(p.Reason, payment.ReasonEnding) || !strings.Contains(p.Reason, "two kinds of software") {
				t.Fatalf("it is %s because %q", p.State, p.Reason)
			}
		}
	}
	w.must(w.store.SetRules(rules))
	w.paid(orders...)
	w.balanced()
}

// Setup: somebody else has spent the coin of a payment, not deep enough yet. Test: it says so, and waits
// for nobody, until that is as deep as no reorganisation goes; then it is made anew.
func TestWhatHasLostItsCoinJustNowWaitsForNobody(t *testing.T) {
	t.Parallel()
	w, c := mortal(t)
	w.fund(w.some(100))
	o := w.payout(w.some(20))
	w.steal(w.sent(o))
	w.exec(`DELETE FROM halt`)
	w.fund(w.some(200))
	for range deathDepth - confirmations - 1 {
		w.step()
		if p := w.payment(o.ID); p.State != swap.PaymentBroadcast || p.Reason != payment.ReasonShallow || w.forPeople(p.Reason) {
			t.Fatalf("it is %s because %q", p.State, p.Reason)
		}
		w.mine(1)
	}
	if c.asked == 0 {
		t.Fatal("attestd was not asked")
	}
	w.paid(o)
	w.balanced()
}

// refusing is attestd that vouches for no death.
type refusing struct{ err error }

func (r refusing) AttestDeath(context.Context, payment.DeathRequest) (string, error) {
	return "", r.err
}

// Setup: the coin of a payment is spent by somebody else, and attestd refuses to say so. Test: only
// where blocks are missing, and not where no depth suffices, it waits for nobody.
func TestOnlyMissingBlocksPassByThemselves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    *swap.Error
		people bool
	}{
		"blocks are missing": {swap.Refuse(swap.CodeRefused, "depth", "6", "It is 1 deep."), false},
		"none is enough":     {swap.Refuse(swap.CodeRefused, "depth", "", "They never count as dead."), true},
		"another block":      {swap.Refuse(swap.CodeRefused, "block_hash", "", "It has another block."), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := mortal(t)
			w.coroner = refusing{c.err}
			w.restart()
			w.fund(w.some(100))
			o := w.payout(w.some(20))
			w.steal(w.sent(o))
			w.exec(`DELETE FROM halt`)
			w.step()
			if p := w.payment(o.ID); w.forPeople(p.Reason) != c.people || c.people != strings.HasSuffix(p.Reason, c.err.Message) {
				t.Fatalf("it waits because %q", p.Reason)
			}
		})
	}
}
