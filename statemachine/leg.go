package statemachine

import (
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// The main leg is what the user pays for the swap: one deposit of the exact amount,
// or several that add up to it. Those that came in time and are confirmed wait
// without a verdict, as parts, until together they are exact (the payout is
// ordered), too much, or too little when the time is over (each goes back by a
// refund of its own).
//
// Dust is no part. One small deposit is: exactly what is missing, in time, because
// that is what the user was asked for. Whoever sends it completes the swap at the
// user's price, so it can do no harm. Less than the chain's threshold is not asked
// for, since no wallet would send it: what is that little short is short at once.
//
// A deposit of the whole amount is counted by itself, and parts that were there
// before it are extra: a stranger's small coins can't spoil an exact deposit.

// nobody is the index of no deposit.
const nobody = -1

// leg is how far the main leg has come.
type leg struct {
	// decided: it has its verdict, and whatever else arrives is extra.
	decided bool
	// parts are the indexes of the deposits that wait for the rest.
	parts []int
	// missing is what they lack of the amount; above zero while not decided.
	missing asset.Units
}

// leg finds the parts, leaving one deposit out.
func (d Decision) leg(without int) leg {
	l := leg{missing: d.Swap.Terms.Quote.Deposit.Units}
	l.decided = d.From != swap.AwaitingDeposit && d.From != swap.DepositDetected && d.From != swap.Expired
	for i, deposit := range d.Swap.Deposits {
		if deposit.Main {
			l.decided = true
		}
		if i == without || isWrong(d.Swap.Terms.Quote, deposit.Amount) || deposit.State != swap.DepositFinal || deposit.Verdict != swap.VerdictNone {
			continue
		}
		rest, err := l.missing.Sub(deposit.Amount.Units)
		if err != nil {
			rest = asset.Units{}
		}
		l.parts, l.missing = append(l.parts, i), rest
	}
	return l
}

// follow says where a swap stands whose main leg is not decided, after a deposit of
// it changed.
func follow(d Decision, f swap.Fact) Decision {
	l, now := d.leg(nobody), d.now(f)
	if l.decided || d.Outcome != Applied {
		return d
	}
	ended := d.From == swap.Expired || !now.Before(d.Swap.Terms.Receipt.DepositBy)
	switch {
	case d.awaited(l, now):
		if Allowed(d.From, MoveSeen) {
			d.Move = MoveSeen
		}
	case len(l.parts) > 0 && (ended || f.Deposit != nil && l.missing.Less(f.Deposit.DustThreshold)):
		return mismatched(d, l.parts, swap.VerdictShort, true, f)
	case ended:
		if d.From == swap.DepositDetected {
			return d.expire(d.Note)
		}
	case d.From == swap.DepositDetected:
		d.Move = MoveGone
	}
	return d
}

// awaited reports whether a deposit that can still join the main leg waits for its
// confirmations. One that a reorganisation took out of its block is waited for
// where money of the same user is here already: it mostly comes back.
func (d Decision) awaited(l leg, now time.Time) bool {
	terms := d.Swap.Terms
	return slices.ContainsFunc(d.Swap.Deposits, func(deposit swap.Deposit) bool {
		if isWrong(terms.Quote, deposit.Amount) {
			return false
		}
		waits := deposit.State == swap.DepositSeen || deposit.State == swap.DepositInBlock ||
			deposit.State == swap.DepositReorgedTo && (deposit.TakenBack > 0 || len(l.parts) > 0)
		punctual := onTimeSoFar(terms.Receipt, deposit, now)
		return waits && punctual && deposit.Verdict == swap.VerdictNone && !isDust(terms.Quote, deposit, l, punctual)
	})
}
