package simulation

import (
	"fmt"
	"strings"
	"time"

	hot "ferry/hotwallet/model"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// calmMost bounds how long the world may take to come to rest, in rounds.
const calmMost = 60

// afterwardsMost is for how many of them people still act on swaps at their end.
const afterwardsMost = 12

// calm ends all troubles, lets everything be delivered, mined and told, and then
// holds the world to what must be true at rest.
func (w *World) calm() {
	w.rough = 0
	w.tell("calm")
	end := w.now
	for _, u := range w.users {
		if by := u.terms.Receipt.ConfirmBy; by.After(end) {
			end = by
		}
	}
	w.attestor.agree()
	for on, c := range w.chains {
		c.SetAway(false)
		c.FailCalls(0)
		c.SetFeeRate(2)
		w.hot[on].failing = 0
	}
	if w.poor {
		w.fund(true)
	}
	quiet := 0
	for round := 0; quiet < 3 && w.ctx.Err() == nil; round++ {
		if round == calmMost {
			fail("the world does not come to rest: %s", w.unrest())
		}
		w.operate()
		if round < afterwardsMost {
			w.afterwards()
		}
		w.now = w.now.Add(max(time.Hour, end.Sub(w.now)/4))
		w.drain()
		for _, on := range networks.Chains() {
			w.chains[on].Mine(1)
			w.hot[on].look()
			w.hot[on].pay()
			w.hot[on].look()
		}
		w.drain()
		w.check.step()
		if w.now.After(end.Add(time.Hour)) && w.unrest() == "" {
			quiet++
		} else {
			quiet = 0
		}
	}
	if w.ctx.Err() != nil {
		return
	}
	w.check.atRest()
	for _, u := range w.users {
		w.check.ended(u)
	}
}

// drain delivers everything that is told.
func (w *World) drain() {
	for range 50 {
		w.swapd[0].sweep()
		for _, r := range w.relays {
			r.publish(w.kafka, 1000, false)
		}
		moved := 0
		for p := range int32(partitions) {
			moved += w.swapd[0].facts.poll(w.kafka, p, 512)
			moved += w.desk.read(p, 512)
			for _, on := range networks.Chains() {
				moved += w.hot[on].orders.poll(w.kafka, p, 512)
			}
		}
		if moved == 0 {
			return
		}
	}
	fail("what is told can't be delivered")
}

// unrest says what is still on its way, "" if nothing is.
func (w *World) unrest() string {
	for _, r := range w.relays {
		if !r.done() {
			return "the outbox of " + r.source + " is not published"
		}
	}
	if w.swapd[0].facts.behind(w.kafka) {
		return "facts are not consumed"
	}
	if w.desk.requests.behind(w.kafka) {
		return "requests for prices are not consumed"
	}
	if waits := w.unsettled(); waits != "" {
		return waits
	}
	for _, on := range networks.Chains() {
		if w.hot[on].orders.behind(w.kafka) {
			return "orders are not consumed"
		}
		if halted := w.wallets.Halts()[on]; halted != "" {
			return fmt.Sprintf("%s is halted: %s", on, halted)
		}
		if at, _, _ := w.hot[on].store.Cursor(w.ctx); at.Height != w.height(on) {
			return fmt.Sprintf("%s is processed up to %d of %d", on, at.Height, w.height(on))
		}
	}
	for _, p := range w.wallets.Payments() {
		if p.State != swap.PaymentFinal && (p.State != swap.PaymentFailed || p.Again()) && !w.waitsForEver(p) {
			return fmt.Sprintf("%s is %s: %q", p.Order.ID, p.State, p.Reason)
		}
	}
	for _, d := range w.wallets.Deposits() {
		if d.State == "in_block" {
			return "deposit " + d.ID + " is not deep enough"
		}
	}
	return ""
}

// waitsForEver reports a payment of a deposit that the chain took back for good
// while nothing was signed that could be mined, and one that was made from a coin, not the
// first, which it took back for good.
func (w *World) waitsForEver(p hot.Payment) bool {
	return p.State == swap.PaymentQueued && (p.Reason == payment.ReasonDeposit || strings.HasPrefix(p.Reason, payment.ReasonDepositLong)) || w.wallets.Stranded(p)
}

// stranded are the orders that were sent, and whose payment waits for a coin or, made anew,
// for a deposit that is gone.
func (w *World) stranded() map[string]bool {
	orders := map[string]bool{}
	for _, p := range w.wallets.Payments() {
		if w.waitsForEver(p) && (p.State != swap.PaymentQueued || w.wallets.Died(p.Order.ID)) {
			orders[p.Order.ID] = true
		}
	}
	return orders
}

// anew counts the payments that lost their coin for good after they were signed.
func (w *World) anew() (n int) {
	for _, p := range w.wallets.Payments() {
		if w.wallets.Died(p.Order.ID) {
			n++
		}
	}
	return n
}

// ended demands an outcome: of the swap, of each deposit on the chain, of each
// payment; and that what was ordered is what arrived.
func (c *checker) ended(u *user) {
	w := c.world
	row, known := w.states.Swap(u.id())
	if !known {
		fail("%s was created and the state machine does not know it", u.id())
	}
	for _, p := range w.states.Parked(u.id()) {
		if p.Fact.Kind != swap.FactSwapCreated && !awayOf(row, p.Fact) { // told twice: it stays, with its reason
			fail("%s: %s is parked in the end: %s", u.id(), p.Fact.Kind, p.Reason)
		}
	}
	if told := c.versions[u.id()]; told > row.Version || !c.quietBetween(u.id(), told, row.Version+1) {
		fail("%s is at version %d, its user was told of %d", u.id(), row.Version, told)
	}
	if row.Amended.RefundAddress != u.refundSet {
		fail("%s: its refunds go to %q, its user has named %q", u.id(), row.Amended.RefundAddress, u.refundSet)
	}
	c.deposits(u, row)
	c.end(u, row)
	c.paid(u, row)
}

// deposits compares the rows with what the chain shows.
func (c *checker) deposits(u *user, row swap.Swap) {
	known := map[string]swap.Deposit{}
	for _, d := range row.Deposits {
		known[d.ID] = d
		if want, ok := c.expected(u, d); !ok {
			fail("%s: deposit %s of %s is %q, it should be %s", u.id(), d.ID, d.Amount, d.Verdict, want)
		}
	}
	for _, d := range c.world.wallets.Deposits() {
		if d.SwapID != u.id() || d.State != "confirmed" {
			continue
		}
		if got := known[d.ID]; got.State != swap.DepositFinal || got.Verdict == swap.VerdictNone || got.Amount != d.Amount {
			fail("%s: deposit %s of %s is confirmed, the state machine has it as %q with verdict %q", u.id(), d.ID, d.Amount, got.State, got.Verdict)
		}
	}
	for _, id := range swapped {
		var sum asset.Units
		for _, d := range c.world.wallets.Deposits() {
			if d.SwapID == u.id() && d.Amount.Asset == id && d.State == "confirmed" {
				sum = add(sum, d.Amount.Units)
			}
		}
		for _, p := range c.world.wallets.Payments() { // the house's gas for a sweep is no deposit
			if p.House != nil && p.State == swap.PaymentFinal && p.Order.Amount.Asset == id && p.Order.Destination == u.terms.Receipt.DepositAddress {
				sum = add(sum, p.Order.Amount.Units)
			}
		}
		if got := c.world.received(id, u.terms.Receipt.DepositAddress); got != sum {
			fail("%s: its address has received %s of %s, the deposits come to %s", u.id(), got, id, sum)
		}
	}
}

// expected is the second opinion on a verdict, as far as it follows from the deposit
// alone.
func (c *checker) expected(u *user, d swap.Deposit) (string, bool) {
	q, rules := u.terms.Quote, c.world.of(d.Amount.Asset)
	wrong := d.Amount.Asset != q.Pair.From
	exact := d.Amount.Units == q.Deposit.Units && !wrong
	dust := d.Amount.Units.Less(add(rules.dust, rules.refundFee)) && !exact
	if wrong && d.State == swap.DepositFinal && d.Verdict != swap.VerdictDust && d.Verdict != swap.VerdictWrongAsset {
		return "wrong_asset or dust", false
	}
	if q.Variable && !wrong {
		return variableVerdict(q, d, d.Amount.Units.Less(add(rules.dust, rules.refundFee)))
	}
	switch d.Verdict {
	case swap.VerdictWrongAsset:
		return "anything but wrong_asset", wrong && !dust
	case swap.VerdictNone:
		return "judged", d.State != swap.DepositFinal
	case swap.VerdictDust:
		return "anything but dust", dust
	case swap.VerdictCounted:
		return "anything but counted", exact
	case swap.VerdictToppedUp: // dust too, where it is what was missing: see leg
		return "no part of the amount", d.Amount.Units.Less(q.Deposit.Units)
	case swap.VerdictShort:
		return "no short deposit", d.Amount.Units.Less(q.Deposit.Units) && !dust
	case swap.VerdictOver:
		return "no deposit over", !exact && !dust
	case swap.VerdictLate, swap.VerdictExtra:
		return "dust", !dust
	}
	return "of a known verdict", false
}

// paid demands that each payment is where its order says, and nothing else is.
func (c *checker) paid(u *user, row swap.Swap) {
	got := map[payee]asset.Units{}
	for _, p := range row.Payments {
		if to := (payee{p.Amount.Asset, p.Destination}); p.State == swap.PaymentFinal {
			got[to] = add(got[to], p.Amount.Units)
		} else if p.State != swap.PaymentFailed && !c.world.stranded()[p.OrderID] && (p.State != swap.PaymentQueued || !gone(row, p)) {
			fail("%s: %s is %s in the end", u.id(), p.OrderID, p.State)
		}
	}
	for _, to := range u.payees() {
		if arrived := c.world.received(to.id, to.address); arrived != got[to] {
			fail("%s: %s %s was paid to %s, and %s arrived", u.id(), got[to], to.id, to.address, arrived)
		}
	}
}
