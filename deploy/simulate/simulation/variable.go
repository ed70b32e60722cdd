package simulation

import (
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// This file is swaps whose rate is set when their deposit is seen, and the second opinion
// on what they are paid by.

// In every eighth world every other user takes a variable quote; in half of these worlds they
// have a day longer to deposit.
const (
	variableEvery  = 8
	variableLonger = 86_400
)

// leaveOpen makes a quote one without a locked price, of a half to twice its deposit.
func leaveOpen(q *swap.Quote) {
	part := func(halves uint64) asset.Amount {
		units, err := q.Deposit.Units.MulDiv(asset.NewUnits(halves).Big(), asset.NewUnits(2).Big(), asset.Down)
		must(err)
		return asset.Amount{Asset: q.Deposit.Asset, Units: units}
	}
	q.Variable, q.DepositMin, q.DepositMax = true, part(1), part(4)
}

// young demands of a variable quote's payout that its rate was issued for this very deposit
// (Permits has looked at that) and was not too old when the deposit was confirmed first.
func (c *checker) young(o swap.Order) {
	terms, err := swap.VerifyTerms(o.SignedQuote, o.SignedReceipt, quoteKeys, attestKeys)
	must(err)
	q := terms.Quote
	if !q.Variable || o.Purpose != swap.PurposePayout {
		return
	}
	if o.SignedRequote == "" || len(o.Deposits) != 1 {
		fail("%s pays %d deposits of a quote that locks no price, rate %q", o.ID, len(o.Deposits), o.SignedRequote)
	}
	rate, err := swap.VerifyRequote(o.SignedRequote, quoteKeys)
	must(err)
	first := c.confirmedAt(o.SwapID, o.Deposits[0].ID)
	until := rate.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds-q.DepositWindowSeconds) * time.Second)
	if first.IsZero() || first.After(until) {
		fail("%s pays by the rate of %s a deposit that was confirmed at %s, and it was good until %s", o.ID, rate.IssuedAt, first, until)
	}
}

// confirmedAt is when a deposit was confirmed first, by the swap's timeline; zero if never.
func (c *checker) confirmedAt(swapID, depositID string) (first time.Time) {
	for _, e := range c.world.states.Events(swapID) {
		f := e.Fact.Deposit
		if e.Fact.Kind == swap.FactDepositConfirmed && f.DepositID == depositID && (first.IsZero() || f.ConfirmedAt.Before(first)) {
			first = f.ConfirmedAt
		}
	}
	return first
}

// variableVerdict is the second opinion on a verdict of a variable swap, as far as it
// follows from the deposit alone.
func variableVerdict(q swap.Quote, d swap.Deposit, dust bool) (string, bool) {
	switch outside := q.Outside(d.Amount); d.Verdict {
	case swap.VerdictCounted:
		return "outside of the limits", outside == swap.VerdictNone && !dust
	case swap.VerdictShort, swap.VerdictOver:
		return "within the limits", outside == d.Verdict && !dust
	case swap.VerdictToppedUp:
		return "one of a swap whose deposits add up", false
	case swap.VerdictDust:
		return "anything but dust", dust
	case swap.VerdictNone:
		return "judged", d.State != swap.DepositFinal
	case swap.VerdictLate, swap.VerdictExtra, swap.VerdictWrongAsset:
	}
	return "dust", !dust
}

// reasonOf is why the main leg of a swap waits or goes back, by its verdict.
func reasonOf(v swap.Verdict) string {
	return map[swap.Verdict]string{swap.VerdictShort: statemachine.ReasonShort, swap.VerdictOver: statemachine.ReasonOver,
		swap.VerdictLate: statemachine.ReasonLate, swap.VerdictCounted: statemachine.ReasonRateNotSet}[v]
}
