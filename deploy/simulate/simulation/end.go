package simulation

import (
	"ferry/statemachine"
	"ferry/swap"
)

// This file is the second opinion on how a swap ends, by its rows alone.

// isMain reports a verdict that decided the swap's main leg.
func isMain(v swap.Verdict) bool {
	return v != swap.VerdictNone && v != swap.VerdictDust && v != swap.VerdictExtra
}

// end demands the state that the main leg's deposit and payment lead to.
func (c *checker) end(u *user, row swap.Swap) {
	want, reason := swap.Expired, ""
	mains, extras := 0, 0
	for _, d := range row.Deposits {
		if d.Verdict == swap.VerdictExtra {
			extras++
		}
		if !isMain(d.Verdict) {
			continue
		}
		mains++
		want, reason = c.mainEnd(row, d)
		if punctual := c.punctual(u, d); punctual != (d.Verdict != swap.VerdictLate) {
			fail("%s: deposit %s is %s; was it in time? %v", u.id(), d.ID, d.Verdict, punctual)
		}
	}
	if mains > 1 || extras > 0 && mains == 0 {
		fail("%s: %d deposits decided its main leg, and %d are extra", u.id(), mains, extras)
	}
	if row.State == swap.Held && reason == statemachine.ReasonReorged && row.Reason != "" {
		return // its payment may have failed besides
	}
	if row.State != want || row.Reason != reason {
		fail("%s ends as %s (%q), by its deposits and payments it should be %s (%q)", u.id(), row.State, row.Reason, want, reason)
	}
}

// mainEnd is where the deposit that decided the main leg, and its payment, lead.
func (c *checker) mainEnd(row swap.Swap, d swap.Deposit) (swap.State, string) {
	if d.State != swap.DepositFinal {
		return swap.Held, statemachine.ReasonReorged
	}
	failed, done := statemachine.ReasonRefundFailed, swap.Refunded
	if d.Verdict == swap.VerdictCounted {
		failed, done = statemachine.ReasonPayoutFailed, swap.Settled
	}
	for _, p := range row.Payments {
		if pays(p, d) && p.State == swap.PaymentFailed {
			return swap.Held, failed
		}
		if pays(p, d) && c.world.stranded()[p.OrderID] {
			done = row.State // wherever it has come: see docs/simulation.md
		}
	}
	return done, map[swap.Verdict]string{swap.VerdictShort: statemachine.ReasonShort, swap.VerdictOver: statemachine.ReasonOver,
		swap.VerdictLate: statemachine.ReasonLate}[d.Verdict]
}

// punctual reports that a deposit was seen, or mined, and told as confirmed for the
// first time, by the terms' limits.
func (c *checker) punctual(u *user, d swap.Deposit) bool {
	r := u.terms.Receipt
	for _, e := range c.world.states.Events(u.id()) {
		f := e.Fact.Deposit
		if e.Fact.Kind != swap.FactDepositConfirmed || f.DepositID != d.ID {
			continue
		}
		seen := !f.FirstSeen.After(r.DepositBy) || !f.BlockTime.After(r.DepositBy)
		return seen && !f.ConfirmedAt.After(r.ConfirmBy)
	}
	return false
}
