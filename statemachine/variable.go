package statemachine

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap"
)

// A variable swap has no locked price. One deposit within the quote's limits is swapped, at
// the rate that liquidityd sets when it is detected:
//
//   - A deposit is seen in time: its rate is asked for. The answer is kept with the swap and
//     told, and holds for this deposit; what takes its place on the chain gets a rate of its
//     own.
//   - It is confirmed while its rate is good (rateUntil): the payout is ordered at it. Without
//     one, because it was not seen before, there was no price, or it is too old, the rate is
//     asked for now, as for any deposit that waits for a price; where there is none it is
//     refunded.
//   - It is outside of the limits: it is short or over, and refunded.
//   - What comes besides or too late is extra or late, as of any swap.

// maxDetections bounds how often a swap's rate is set before a deposit is confirmed. Who
// replaces a deposit again and again chooses among rates; after so many the rate is set
// when a deposit is confirmed.
const maxDetections = 3

// ReasonRateNotSet is what a swap waits for, or was refunded for, whose variable rate was not set.
const ReasonRateNotSet = "rate_not_set"

// askRate asks for the rate of a deposit that was sighted, once at a time. What takes the
// place of a deposit may have been sighted before that was gone, and waited for its turn.
func askRate(d Decision, i int, f swap.Fact) Decision {
	deposit := d.Swap.Deposits[i]
	switch {
	case !d.Swap.Terms.Quote.Variable || d.Outcome != Applied || deposit.State == swap.DepositReorgedTo:
		return d // what a reorganisation took out of its block mostly comes back
	case deposit.State != swap.DepositReplaced:
		return askRateOf(d, i, f)
	}
	d = d.withRate(deposit.ID, endRate)
	for other := range d.Swap.Deposits {
		if s := d.Swap.Deposits[other].State; s == swap.DepositSeen || s == swap.DepositInBlock {
			d = askRateOf(d, other, f)
		}
	}
	return d
}

// askRateOf asks for the rate of a deposit that may decide the swap, unless it or another
// one has a rate.
func askRateOf(d Decision, i int, f swap.Fact) Decision {
	deposit, q, now := d.Swap.Deposits[i], d.Swap.Terms.Quote, d.now(f)
	switch {
	case deposit.Verdict != swap.VerdictNone || deposit.Small || isWrong(q, deposit.Amount):
		return d
	case d.leg(nobody).decided || !onTimeSoFar(d.Swap.Terms.Receipt, deposit, now) || q.Outside(deposit.Amount) != swap.VerdictNone:
		return d
	}
	asked, own := 0, swap.SetRate{DepositID: deposit.ID}
	for _, r := range d.Swap.Amended.Rates {
		if asked += r.Asked; !r.Gone {
			return d // it has its rate, or another deposit has
		}
		if r.DepositID == deposit.ID {
			own.Asked = r.Asked
		}
	}
	if asked >= maxDetections {
		return d
	}
	own.Asked++
	if d.rate(deposit.ID) == nil {
		d.Swap.Amended.Rates = append(d.Swap.Amended.Rates, own)
	}
	d = d.withRate(deposit.ID, func(r *swap.SetRate) { *r = own })
	d.Requests = append(d.Requests, d.rateRequest(i, own.Asked, swap.BasisDetected))
	d.Note = d.say("The rate of %s is being set.", deposit.Amount)
	return d
}

// rateRequest asks for the rate of one deposit.
func (d Decision) rateRequest(i, n int, basis swap.Basis) swap.RequoteRequest {
	used := d.orderDeposits([]int{i})
	return swap.RequoteRequest{ID: swap.RequestID(used[0].ID, n), SwapID: d.Swap.ID, Main: true, Basis: basis, Deposits: used,
		SignedQuote: d.Swap.Terms.SignedQuote, SignedReceipt: d.Swap.Terms.SignedReceipt}
}

// rate is a deposit's, nil if none was asked for.
func (d Decision) rate(depositID string) *swap.SetRate {
	i := slices.IndexFunc(d.Swap.Amended.Rates, func(r swap.SetRate) bool { return r.DepositID == depositID })
	if i < 0 {
		return nil
	}
	return &d.Swap.Amended.Rates[i]
}

// withRate changes the rate of a deposit, if there is one.
func (d Decision) withRate(depositID string, change func(*swap.SetRate)) Decision {
	if r := d.rate(depositID); r != nil {
		change(r)
	}
	return d
}

// endRate ends what was asked for: neither is it paid any more, nor does an answer count.
func endRate(r *swap.SetRate) {
	*r = swap.SetRate{DepositID: r.DepositID, Asked: r.Asked, Gone: true}
}

// expire ends the swap, and what its rate promised: liquidityd promises no more for it
// (liquidity.EndsLock). What re-opens the swap gets a rate of its own.
func (d Decision) expire(note string) Decision {
	for i := range d.Swap.Amended.Rates {
		endRate(&d.Swap.Amended.Rates[i])
	}
	d.Move, d.Note = MoveExpire, note
	return d
}

// rateUntil is until when a rate is paid that was set at detection: its deposit has as long
// to be confirmed as a locked price gives one that is seen at the last moment, and no longer,
// however long the swap is open. Else whoever sends a deposit at the least fee could wait
// for the market, and have it confirmed, or replace it, as suits.
func rateUntil(q swap.Quote, r swap.Requote) time.Time {
	return r.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds-q.DepositWindowSeconds) * time.Second)
}

// decideRate keeps the rate that was set for a deposit, or why there is none. It reports
// whether a request for a rate is what was answered.
func (r Rules) decideRate(d Decision, told swap.RequotedFact) (Decision, bool) {
	for _, asked := range d.Swap.Amended.Rates {
		i := d.depositIndex(asked.DepositID)
		if i < 0 || asked.Gone || asked.SignedRequote+asked.Refused != "" || swap.RequestID(asked.DepositID, asked.Asked) != told.RequestID {
			continue
		}
		if told.Refused != "" {
			d.Note = "There is no rate for it now. It is asked for again when the deposit is confirmed."
			return d.withRate(asked.DepositID, func(s *swap.SetRate) { s.Refused, s.Payout = told.Refused, told.Offer }), true
		}
		requote, err := swap.VerifyRequote(told.SignedRequote, r.QuoteKeys)
		switch {
		case err != nil:
			return parked("the rate does not verify: %v", err), true
		case requote.ID != told.RequestID || !requote.Main:
			return parked("the rate is not the answer to request %s", told.RequestID), true
		}
		if err := d.Swap.Terms.Permits(requote, d.orderDeposits([]int{i}), nil, ""); err != nil {
			return parked("the rate is not permitted: %v", err), true
		}
		d.Note = fmt.Sprintf("The rate is set: %s are paid for %s if it is confirmed until %s, and else what it is worth then.",
			requote.Payout, requote.Deposit, stamp(rateUntil(d.Swap.Terms.Quote, requote)))
		return d.withRate(asked.DepositID, func(s *swap.SetRate) {
			s.SignedRequote, s.Deposit, s.Payout, s.Rate = told.SignedRequote, requote.Deposit, requote.Payout, requote.Rate
		}), true
	}
	return d, false
}

// judgeVariable says what a confirmed deposit of a variable swap is. It is booked already.
func judgeVariable(d Decision, i int, l leg, punctual bool, told swap.DepositFact, f swap.Fact) Decision {
	switch outside := d.Swap.Terms.Quote.Outside(d.Swap.Deposits[i].Amount); {
	case l.decided:
		return follow(mismatched(d, []int{i}, swap.VerdictExtra, false, f), f)
	case !punctual:
		return late(d, i, l, f)
	case outside != swap.VerdictNone:
		return mismatched(d, []int{i}, outside, true, f)
	}
	return rated(d, i, told, f)
}

// noRate: there is none for what misses the limits, whoever would take it.
func (d Decision) noRate(m swap.Mismatch) bool {
	q := d.Swap.Terms.Quote
	return q.Variable && slices.ContainsFunc(d.partsOf(m), func(i int) bool { return q.Outside(d.Swap.Deposits[i].Amount) != swap.VerdictNone })
}

// variableWait says what a variable swap waits for; "" where the state's own words do.
func (d Decision) variableWait() string {
	q := d.Swap.Terms.Quote
	switch {
	case q.Variable && d.Swap.State == swap.AwaitingDeposit:
		return fmt.Sprintf("Waiting for the deposit: send one of %s to %s to the deposit address. Its rate is set when it is seen.", q.DepositMin, q.DepositMax)
	case q.Variable && d.Swap.State == swap.DepositDetected:
		for _, r := range d.Swap.Amended.Rates {
			requote, err := swap.DecodeRequote(r.SignedRequote)
			if err == nil { // else none is set
				return fmt.Sprintf("A deposit was seen and waits for its confirmations. Its rate is set: %s are paid for %s if it is confirmed until %s.",
					r.Payout, r.Deposit, stamp(rateUntil(q, requote)))
			}
		}
	}
	return ""
}

// rated orders the payout of a confirmed deposit at the rate that was set for it, or waits
// for it, or asks for it.
func rated(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	deposit.Verdict, deposit.Main = swap.VerdictCounted, true
	m := swap.Mismatch{ID: deposit.ID, Deposits: []string{deposit.ID}, Verdict: swap.VerdictCounted, Main: true}
	r := d.rate(deposit.ID)
	if r == nil {
		return askPrice(d, m, swap.BasisMarket, f)
	}
	m.Asked = r.Asked
	switch {
	case r.SignedRequote != "":
		requote, err := swap.DecodeRequote(r.SignedRequote) // verified when it came
		if err != nil {
			return parked("the rate can't be read: %v", err)
		}
		if told.ConfirmedAt.After(rateUntil(d.Swap.Terms.Quote, requote)) {
			endRate(r)
			d.Note = d.say("The rate of %s is too old.", stamp(requote.IssuedAt))
			return askPrice(d, m, swap.BasisMarket, f)
		}
		return pay(d, m, requote, r.SignedRequote)
	case r.Gone || r.Refused != "":
		return askPrice(d, m, swap.BasisMarket, f)
	}
	m.Wait, m.By = swap.WaitPrice, d.now(f).Add(d.waits.Price)
	d = d.keep(m)
	d.Move, d.Swap.Reason = MoveReprice, ReasonRateNotSet
	d.Note = d.say("%s is confirmed, and its rate is still being set.", deposit.Amount)
	return d
}
