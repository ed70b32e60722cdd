package simulation

import (
	"slices"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// This file is the second opinion on how a swap ends, by its rows alone.

// mainLeg are the deposits that decided the swap's main leg. A late one has decided it
// only where nothing that came in time had been there or on its way, which the rows
// of the end don't show.
func mainLeg(row swap.Swap) (all []swap.Deposit) {
	for _, d := range row.Deposits {
		switch d.Verdict {
		case swap.VerdictNone, swap.VerdictDust, swap.VerdictExtra, swap.VerdictWrongAsset:
		case swap.VerdictLate:
			if d.Main {
				all = append(all, d)
			}
		default:
			all = append(all, d)
		}
	}
	return all
}

// end demands the state that the main leg's deposits and payments lead to.
func (c *checker) end(u *user, row swap.Swap) {
	want, reason := swap.Expired, ""
	leg := mainLeg(row)
	for _, d := range row.Deposits {
		decided := slices.ContainsFunc(leg, func(m swap.Deposit) bool { return m.ID == d.ID })
		if d.Main != decided || d.Verdict == swap.VerdictExtra && len(leg) == 0 {
			fail("%s: deposit %s is %s, main %v, where %d decided its main leg", u.id(), d.ID, d.Verdict, d.Main, len(leg))
		}
		if decided || d.Verdict == swap.VerdictLate {
			c.inTime(u, d)
		}
	}
	if len(leg) > 0 {
		c.leg(u, leg)
		want, reason = c.mainEnd(row, leg)
	}
	if row.State == swap.Held && reason == statemachine.ReasonReorged && row.Reason != "" {
		return // its payment may have failed besides
	}
	if row.State != want || row.Reason != reason {
		fail("%s ends as %s (%q), by its deposits and payments it should be %s (%q)", u.id(), row.State, row.Reason, want, reason)
	}
}

// leg demands that deposits have one verdict, and that what they come to is it.
func (c *checker) leg(u *user, leg []swap.Deposit) {
	var sum asset.Units
	small := 0
	for _, d := range leg {
		sum = add(sum, d.Amount.Units)
		if d.Verdict != leg[0].Verdict {
			fail("%s: its main leg is %s and %s", u.id(), leg[0].Verdict, d.Verdict)
		}
		if rules := c.world.of(u.from()); d.Amount.Units.Less(add(rules.dust, rules.refundFee)) {
			small++
		}
	}
	ok := false
	q := u.terms.Quote
	against := sum.Cmp(q.Deposit.Units)
	if q.Variable {
		against = map[swap.Verdict]int{swap.VerdictShort: -1, swap.VerdictOver: 1}[q.Outside(asset.Amount{Asset: q.Deposit.Asset, Units: sum})]
	}
	switch leg[0].Verdict {
	case swap.VerdictCounted, swap.VerdictLate:
		ok = len(leg) == 1
	case swap.VerdictToppedUp:
		ok = against == 0 && len(leg) > 1 && small <= 1
	case swap.VerdictShort:
		ok = against < 0
	case swap.VerdictOver:
		ok = against > 0
	case swap.VerdictNone, swap.VerdictDust, swap.VerdictExtra, swap.VerdictWrongAsset: // decide nothing
	}
	if !ok {
		fail("%s: %d deposits come to %s base units and are %s of %s", u.id(), len(leg), sum, leg[0].Verdict, q.Deposit)
	}
}

// mainEnd is where the deposits that decided the main leg, and their payments, lead.
func (c *checker) mainEnd(row swap.Swap, leg []swap.Deposit) (swap.State, string) {
	done, failed, reason := swap.Settled, statemachine.ReasonPayoutFailed, ""
	mine := slices.DeleteFunc(slices.Clone(row.Payments), func(p swap.Payment) bool {
		return !slices.ContainsFunc(leg, func(d swap.Deposit) bool { return pays(p, d) })
	})
	if slices.ContainsFunc(mine, func(p swap.Payment) bool { return p.Purpose == swap.PurposeRefund }) {
		done, failed = swap.Refunded, statemachine.ReasonRefundFailed
		reason = reasonOf(leg[0].Verdict)
	}
	switch {
	case leg[0].WrittenOff:
		return swap.Held, statemachine.ReasonWrittenOff
	case slices.ContainsFunc(leg, func(d swap.Deposit) bool { return d.State != swap.DepositFinal && !(d.Lost && c.released(row.ID)) }):
		return swap.Held, statemachine.ReasonReorged
	case len(mine) == 0: // every other matter has ended
		return swap.Held, statemachine.ReasonNoAddress
	case slices.ContainsFunc(mine, func(p swap.Payment) bool { return p.State == swap.PaymentFailed }):
		return swap.Held, failed
	case slices.ContainsFunc(mine, func(p swap.Payment) bool { return c.world.stranded()[p.OrderID] }):
		done = row.State // wherever it has come: see docs/simulation.md
	}
	return done, reason
}

// released reports that staff ended a hold: what is lost is borne.
func (c *checker) released(id string) bool {
	return slices.ContainsFunc(c.world.states.Events(id), func(e statemachine.Event) bool {
		return e.From == swap.Held && e.To != swap.Held && e.Fact.Staff != nil
	})
}

// inTime demands that a deposit was seen, or mined, and told as confirmed by the
// terms' limits, unless it is late. One that was taken back while it had no verdict
// may have been in time at first.
func (c *checker) inTime(u *user, d swap.Deposit) {
	r, punctual := u.terms.Receipt, map[bool]bool{}
	for _, e := range c.world.states.Events(u.id()) {
		f := e.Fact.Deposit
		if e.Fact.Kind != swap.FactDepositConfirmed || f.DepositID != d.ID {
			continue
		}
		seen := !f.FirstSeen.After(r.DepositBy) || !f.BlockTime.After(r.DepositBy)
		punctual[seen && !f.ConfirmedAt.After(r.ConfirmBy)] = true
	}
	if !punctual[d.Verdict != swap.VerdictLate] {
		fail("%s: deposit %s is %s; was it in time? %v", u.id(), d.ID, d.Verdict, punctual)
	}
}
