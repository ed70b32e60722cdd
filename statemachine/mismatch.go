package statemachine

import (
	"fmt"
	"slices"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// mismatched gives confirmed deposits that do not match the terms their verdict and
// does what the receipt's policy says of it. Those of the main leg decide the swap;
// any other is a matter of its own, and follows the policy for extra deposits.
func mismatched(d Decision, parts []int, verdict swap.Verdict, main bool, f swap.Fact) Decision {
	for _, i := range parts {
		d.Swap.Deposits[i].Verdict, d.Swap.Deposits[i].Main = verdict, main
	}
	m := swap.Mismatch{Verdict: verdict, Main: main}
	for _, used := range d.orderDeposits(parts) {
		m.Deposits = append(m.Deposits, used.ID)
	}
	m.ID = m.Deposits[0]
	if r := d.rate(m.ID); r != nil { // its requests are used up, and a request is answered once
		m.Asked = r.Asked
		endRate(r)
	}
	policy := d.Swap.Terms.Receipt.Policy
	answer := policy.OnExtra
	if main {
		answer, d.Swap.Reason = policy.For(verdict), reasons[verdict]
	}
	switch {
	case d.noRate(m):
		return refundAll(d, m, f)
	case !main && d.manyRepriced():
		return refundAll(d, m, f)
	case main && verdict == swap.VerdictOver && answer != swap.AnswerAsk && d.excessIsSmall(parts):
		// Sending it back would cost more than it is worth, and a satoshi too much must
		// not make a price worse: all is swapped, at the locked rate.
		return askPrice(d, m, swap.BasisLocked, f)
	case answer == swap.AnswerRequote && verdict == swap.VerdictLate && main && !d.Swap.Terms.Quote.Variable:
		return askPrice(d, m, swap.BasisLate, f)
	case answer == swap.AnswerRequote:
		return askPrice(d, m, swap.BasisMarket, f)
	case answer == swap.AnswerAsk:
		return askUser(d, m, ReasonAsk, f)
	}
	return refundAll(d, m, f)
}

// maxAsked bounds how often a price is asked for one mismatch: whoever answers for
// ever gets it back.
const maxAsked = 20

// maxRepriced is how many deposits of a swap may have a price of their own: with each
// such payout its documents are told, and what is told has to fit into a message.
const maxRepriced = 20

// manyRepriced: any further extra deposit is refunded.
func (d Decision) manyRepriced() bool {
	return len(d.Swap.Amended.Requotes)+len(d.Swap.Amended.Mismatches) >= maxRepriced
}

// priced counts the deposits that have a price of their own, or wait for one.
func (d Decision) priced() int {
	n := len(d.Swap.Amended.Requotes)
	for _, m := range d.Swap.Amended.Mismatches {
		if m.Wait == swap.WaitPrice {
			n++
		}
	}
	return n
}

// excessIsSmall: what is beyond the quoted amount is hardly worth sending back.
func (d Decision) excessIsSmall(parts []int) bool {
	total, err := swap.Order{ID: d.Swap.ID, Deposits: d.orderDeposits(parts)}.Total()
	return err == nil && d.Swap.Terms.SmallExcess(total)
}

// askPrice asks liquidityd what is paid for the deposits.
func askPrice(d Decision, m swap.Mismatch, basis swap.Basis, f swap.Fact) Decision {
	if m.Asked >= maxAsked {
		d.Note = d.say("A price was asked for %d times.", m.Asked)
		return refundAll(d, m, f)
	}
	m.Wait, m.Reason, m.By, m.Asked = swap.WaitPrice, "", d.now(f).Add(d.waits.Price), m.Asked+1
	if basis == swap.BasisLocked {
		m.Reason = ReasonSmallExcess
	}
	used := d.orderDeposits(d.partsOf(m))
	d.Requests = append(d.Requests, swap.RequoteRequest{ID: swap.RequestID(m.ID, m.Asked), SwapID: d.Swap.ID, Main: m.Main,
		Basis: basis, Deposits: used, SignedQuote: d.Swap.Terms.SignedQuote, SignedReceipt: d.Swap.Terms.SignedReceipt,
		SignedConsent: m.SignedConsent})
	d = d.keep(m)
	d.Note = d.say("%s: a price for it is asked for.", d.what(m))
	if m.Main {
		d.Swap.Reason = reasons[m.Verdict]
	}
	if m.Main && d.From != swap.DepositConfirmed {
		d.Move = MoveReprice
	}
	return d
}

// askUser holds the deposits until the user answers.
func askUser(d Decision, m swap.Mismatch, reason string, f swap.Fact) Decision {
	if m.Wait != swap.WaitAnswer || m.By.IsZero() {
		m.By = d.now(f).Add(d.waits.Answer)
	}
	m.Wait, m.Reason = swap.WaitAnswer, reason
	d = d.keep(m)
	d.Note = d.say("%s: the user is asked, until %s.", d.what(m), stamp(m.By))
	return d.hold(m, reasons[m.Verdict])
}

// hold moves a swap whose main leg waits for a person.
func (d Decision) hold(m swap.Mismatch, reason string) Decision {
	if !m.Main {
		return d
	}
	d.Swap.Reason = reason
	if d.From != swap.Held {
		d.Move = MoveAsk
	}
	return d
}

// refundAll sends the deposits of a mismatch back, each by itself, or waits until
// somebody says where to.
func refundAll(d Decision, m swap.Mismatch, f swap.Fact) Decision {
	if d.Swap.RefundsTo() == "" {
		if m.Wait != swap.WaitAddress {
			m.Reminded = 0
		}
		m.Wait, m.Reason, m.By = swap.WaitAddress, ReasonNoAddress, d.now(f).Add(d.waits.Reminder)
		d = d.keep(m)
		d.Note = d.say("%s: its refund waits for a refund address.", d.what(m))
		return d.hold(m, ReasonNoAddress)
	}
	before := d.Note
	d = d.settle(m.ID)
	for _, i := range d.partsOf(m) {
		if d = refund(d, i); d.Outcome != Applied {
			return d
		}
	}
	if len(m.Deposits) > 1 {
		d.Note = fmt.Sprintf("%d deposits together are %s of %s: each is refunded to the refund address.",
			len(m.Deposits), m.Verdict, d.Swap.Terms.Quote.Deposit)
	}
	if before != "" {
		d.Note = before + " " + d.Note
	}
	if m.Main {
		d.Move, d.Swap.Reason = MoveRefund, reasons[m.Verdict]
	}
	return d
}

// refund sends a deposit back, less the fee the quote named as the most.
func refund(d Decision, i int) Decision {
	deposit := d.Swap.Deposits[i]
	back, err := sub(deposit.Amount, d.Swap.Terms.Quote.RefundFeeMax)
	if err != nil || back.Units.IsZero() {
		return parked("a refund of %s would leave nothing after its fee", deposit.Amount)
	}
	d.Entries = append(d.Entries, refundEntry(d.Swap.ID, deposit, back))
	is := string(deposit.Verdict)
	if deposit.Verdict == swap.VerdictCounted {
		is = "without a rate"
	}
	d.Note = fmt.Sprintf("%s is %s: a refund of %s to the refund address is ordered.", deposit.Amount, is, back)
	o := swap.Order{Purpose: swap.PurposeRefund, Amount: back, Destination: d.Swap.RefundsTo(), Deferrable: !deposit.Main}
	if d.Swap.Terms.Receipt.RefundAddress == "" {
		o.SignedRefundAddress = d.Swap.Amended.SignedRefundAddress
	}
	return d.order([]int{i}, o)
}

// pay orders the payout of a mismatch at the price of a verified requote.
func pay(d Decision, m swap.Mismatch, r swap.Requote, signed string) Decision {
	parts := d.partsOf(m)
	entry, err := exchangeEntry(d.Swap, requoted(r, m.ID), 0)
	if err != nil {
		return parked("the requote's amounts overflow: %v", err)
	}
	d = d.settle(m.ID)
	d.Entries = append(d.Entries, entry)
	o := swap.Order{ID: swap.PayoutOrderID(d.Swap.ID), Purpose: swap.PurposePayout, Amount: r.Payout,
		Destination: d.Swap.Terms.Receipt.PayoutAddress, SignedRequote: signed, SignedConsent: m.SignedConsent}
	if r.ConsentHash == "" {
		o.SignedConsent = ""
	}
	if !m.Main {
		o.ID = swap.ExtraPayoutOrderID(m.ID)
	}
	d.Swap.Amended.Requotes = append(d.Swap.Amended.Requotes,
		swap.Repriced{OrderID: o.ID, SignedRequote: signed, SignedConsent: o.SignedConsent})
	d.Note = fmt.Sprintf("%s counted at a new price; %s ordered to the payout address.", r.Deposit, r.Payout)
	if m.Verdict == swap.VerdictCounted {
		d.Note = fmt.Sprintf("%s counted at its rate; %s ordered to the payout address.", r.Deposit, r.Payout)
	}
	if m.Main {
		d.Swap.Reason = ""
		if d.From != swap.DepositConfirmed {
			d.Move = MoveReprice
		}
	}
	return d.order(parts, o)
}

// keep stores a mismatch under its id and sets its deadline.
func (d Decision) keep(m swap.Mismatch) Decision {
	m.By = swap.Millis(m.By) // no finer than any store keeps it: see decideWait
	d = d.settle(m.ID)
	d.Swap.Amended.Mismatches = append(d.Swap.Amended.Mismatches, m)
	d.Deadlines = append(d.Deadlines, swap.DeadlineFact{Name: swap.DeadlineMismatch(m.ID), Due: m.By})
	return d
}

// settle takes a mismatch out: there is none of this id any more. Its deadline stays,
// and no longer matters.
func (d Decision) settle(id string) Decision {
	d.Swap.Amended.Mismatches = slices.DeleteFunc(slices.Clone(d.Swap.Amended.Mismatches), func(m swap.Mismatch) bool { return m.ID == id })
	return d
}

// mismatch finds one by its id.
func (d Decision) mismatch(id string) (swap.Mismatch, bool) {
	for _, m := range d.Swap.Amended.Mismatches {
		if m.ID == id {
			return m, true
		}
	}
	return swap.Mismatch{}, false
}

// mainMismatch finds the one that the swap's state waits for.
func mainMismatch(s swap.Swap) (swap.Mismatch, bool) {
	for _, m := range s.Amended.Mismatches {
		if m.Main {
			return m, true
		}
	}
	return swap.Mismatch{}, false
}

// partsOf are the indexes of a mismatch's deposits.
func (d Decision) partsOf(m swap.Mismatch) []int {
	parts := make([]int, 0, len(m.Deposits))
	for _, id := range m.Deposits {
		if i := d.depositIndex(id); i >= 0 {
			parts = append(parts, i)
		}
	}
	return parts
}

// isHere reports that no reorganisation has taken a deposit of it back.
func (d Decision) isHere(m swap.Mismatch) bool {
	return !slices.ContainsFunc(d.partsOf(m), func(i int) bool { return d.Swap.Deposits[i].State != swap.DepositFinal })
}

// what says what came, and what is wrong with it.
func (d Decision) what(m swap.Mismatch) string {
	total, err := swap.Order{ID: d.Swap.ID, Deposits: d.orderDeposits(d.partsOf(m))}.Total()
	if err != nil {
		total = asset.Amount{Asset: d.Swap.Terms.Quote.Pair.From}
	}
	if m.Verdict == swap.VerdictCounted {
		return fmt.Sprintf("%s is here and has no rate yet", total)
	}
	return fmt.Sprintf("%s is %s", total, m.Verdict)
}

// say adds a sentence to what was decided.
func (d Decision) say(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if d.Note != "" {
		text = d.Note + " " + text
	}
	return text
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
