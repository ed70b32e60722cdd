package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// chaos tells random facts about some swaps: what chains, users, liquidityd, staff and
// clocks may say in any order.
type chaos struct {
	*rand.Rand
	b     *bundle
	terms []swap.Terms
	// rows are the swaps as they were stored last, told the records of the past and
	// late those that are held back.
	rows       map[string]*swap.Swap
	told, late []bus.Record
	now        time.Time
	staff      int
}

func newChaos(t *testing.T, b *bundle, random *rand.Rand, swaps int) *chaos {
	t.Helper()
	c := &chaos{Rand: random, b: b, rows: map[string]*swap.Swap{}, now: swaptest.Start}
	policies := []swap.Policy{swap.DefaultPolicy(), swap.RefundPolicy(),
		{OnShort: swap.AnswerAsk, OnOver: swap.AnswerAsk, OnLate: swap.AnswerAsk, OnExtra: swap.AnswerAsk},
		{OnShort: swap.AnswerRequote, OnOver: swap.AnswerRequote, OnLate: swap.AnswerRequote, OnExtra: swap.AnswerRequote, ToleranceBPS: 1000}}
	for n := range swaps {
		c.terms = append(c.terms, swaptest.NewTerms(t, b.keys, func(_ *swap.Quote, r *swap.Receipt) {
			r.Policy = policies[n%len(policies)]
			if n >= len(policies) {
				r.RefundAddress = ""
			}
		}))
		c.late = append(c.late, b.record(t, creation(c.terms[n])))
	}
	return c
}

// look reads what is stored.
func (c *chaos) look(t *testing.T) {
	t.Helper()
	for _, terms := range c.terms {
		id := terms.Receipt.SwapID
		c.rows[id] = c.b.load(t, id).Swap
	}
}

// records are some new ones, some that were held back, and some once more.
func (c *chaos) records(t *testing.T) (batch []bus.Record) {
	t.Helper()
	c.now = c.now.Add(time.Duration(c.IntN(4)) * time.Minute)
	for range 1 + c.IntN(12) {
		f, ok := c.fact(t, c.terms[c.IntN(len(c.terms))])
		if !ok {
			continue
		}
		r := c.b.record(t, f)
		if r.Source = c.source(f.Kind); c.IntN(8) == 0 {
			c.late = append(c.late, r)
			continue
		}
		batch = append(batch, r)
	}
	for len(c.late) > 0 && c.IntN(2) == 0 {
		n := c.IntN(len(c.late))
		batch = append(batch, c.late[n])
		c.late = append(c.late[:n], c.late[n+1:]...)
	}
	if len(c.told) > 0 && c.IntN(3) == 0 {
		batch = append(batch, c.told[c.IntN(len(c.told))])
	}
	c.told = append(c.told, batch...)
	return batch
}

func (c *chaos) source(k swap.FactKind) string {
	switch k {
	case swap.FactRequoted:
		return "liquidity"
	case swap.FactAnswered, swap.FactRefundAddressSet:
		return "gateway"
	case swap.FactStaffAction, swap.FactStaffApproved, swap.FactDeadlinePassed:
		return "swap"
	default:
		return "hotwallet"
	}
}

// fact is one about a swap, and whether there is anything to tell.
func (c *chaos) fact(t *testing.T, terms swap.Terms) (swap.Fact, bool) {
	t.Helper()
	row := c.rows[terms.Receipt.SwapID]
	f := swap.Fact{SwapID: terms.Receipt.SwapID, At: c.now}
	roll := c.IntN(20)
	switch {
	case roll < 9 || row == nil:
		c.deposit(terms, &f)
		return f, true
	case roll < 14:
		return f, c.payment(row, &f)
	case roll < 17:
		return f, c.mismatch(t, row, &f)
	case roll < 18:
		return f, c.deadline(row, &f)
	default:
		return f, c.people(t, row, &f)
	}
}

func (c *chaos) deposit(terms swap.Terms, f *swap.Fact) {
	kinds := []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed, swap.FactDepositConfirmed,
		swap.FactDepositConfirmed, swap.FactDepositReplaced, swap.FactDepositReorged}
	amounts := []string{"0.01", "0.006", "0.004", "0.0101", "0.000005"}
	n := c.IntN(len(amounts))
	tx := fmt.Sprintf("tx%d%s", n, terms.Receipt.SwapID)
	f.Kind = kinds[c.IntN(len(kinds))]
	f.Deposit = &swap.DepositFact{DepositID: "bitcoin:" + tx + ":0", TxID: tx, Address: terms.Receipt.DepositAddress,
		Amount: swaptest.Amount(asset.BTC, amounts[n]), Confirmations: int64(c.IntN(4)), Needed: 3, FirstSeen: c.now,
		DustThreshold: asset.NewUnits(1000), Used: c.IntN(4) == 0}
	if f.Kind == swap.FactDepositConfirmed || f.Kind == swap.FactDepositInBlock {
		f.Deposit.Height, f.Deposit.BlockTime = 100+int64(c.IntN(100)), c.now
	}
	if f.Kind == swap.FactDepositConfirmed {
		f.Deposit.ConfirmedAt = c.now
	}
}

func (c *chaos) payment(row *swap.Swap, f *swap.Fact) bool {
	if len(row.Payments) == 0 {
		return false
	}
	kinds := []swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed, swap.FactPaymentFinal,
		swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed}
	p := row.Payments[c.IntN(len(row.Payments))]
	f.Kind = kinds[c.IntN(len(kinds))]
	f.Payment = &swap.PaymentFact{OrderID: p.OrderID, Purpose: p.Purpose, Amount: p.Amount, Destination: p.Destination,
		TxID: "0x" + p.OrderID, Fee: asset.NewUnits(c.Uint64N(1000)), Height: int64(c.IntN(100))}
	return true
}

// mismatch answers what is not settled: liquidityd with a price, or the user.
func (c *chaos) mismatch(t *testing.T, row *swap.Swap, f *swap.Fact) bool {
	t.Helper()
	if len(row.Amended.Mismatches) == 0 {
		return false
	}
	m := row.Amended.Mismatches[c.IntN(len(row.Amended.Mismatches))]
	if m.Wait == swap.WaitPrice {
		f.Kind, f.Requoted = swap.FactRequoted, c.requote(t, row, m)
		return true
	}
	consent := swap.Consent{SwapID: row.ID, ReceiptHash: swap.HashDocument(row.Terms.SignedReceipt), DepositID: m.ID,
		Answer: swap.AnswerRefund, IssuedAt: c.now}
	if c.IntN(2) == 0 {
		consent.Answer, consent.AtLeast = swap.AnswerRequote, swaptest.Amount(asset.ETH, "0.01")
	}
	signed, err := swap.SignConsent(consent, c.b.keys.Attest)
	if err != nil {
		t.Fatal(err)
	}
	f.Kind, f.Answered = swap.FactAnswered, &swap.AnsweredFact{SignedConsent: signed}
	return true
}

func (c *chaos) requote(t *testing.T, row *swap.Swap, m swap.Mismatch) *swap.RequotedFact {
	t.Helper()
	told := &swap.RequotedFact{RequestID: swap.RequestID(m.ID, m.Asked)}
	if refusals := []string{swap.RefusedBeyond, swap.RefusedBelow, swap.RefusedUnavailable}; c.IntN(2) == 0 {
		told.Refused = refusals[c.IntN(len(refusals))]
		told.Offer = swaptest.Amount(asset.ETH, "0.2")
		return told
	}
	var parts []swap.OrderDeposit
	for _, id := range m.Deposits {
		for _, d := range row.Deposits {
			if d.ID == id {
				parts = append(parts, swap.OrderDeposit{ID: id, Amount: d.Amount})
			}
		}
	}
	total, err := swap.Order{Deposits: parts}.Total()
	if err != nil {
		t.Fatal(err)
	}
	// The locked rate is 28.2: a little more than that, and the fees are the quote's.
	q := row.Terms.Quote
	gross, err := total.Units.MulDiv(asset.MustUnits("283000000000000000").Big(), q.Deposit.Units.Big(), asset.Down)
	if err != nil {
		t.Fatal(err)
	}
	r := swap.Requote{ID: told.RequestID, SwapID: row.ID, ReceiptHash: swap.HashDocument(row.Terms.SignedReceipt), Main: m.Main,
		DepositsHash: swap.HashDeposits(parts), Deposit: total, Payout: asset.Amount{Asset: asset.ETH, Units: gross},
		ServiceFee: swaptest.Amount(asset.ETH, "0.0002"), NetworkFee: q.NetworkFee, Rate: "28.3", IssuedAt: c.now}
	if m.SignedConsent != "" {
		r.ConsentHash = swap.HashDocument(m.SignedConsent)
	}
	if told.SignedRequote, err = swap.SignRequote(r, c.b.keys.Quote); err != nil {
		t.Fatal(err)
	}
	return told
}

func (c *chaos) deadline(row *swap.Swap, f *swap.Fact) bool {
	due := []swap.DeadlineFact{{Name: swap.DeadlineDepositBy, Due: row.Terms.Receipt.DepositBy},
		{Name: swap.DeadlineConfirmBy, Due: row.Terms.Receipt.ConfirmBy}}
	for _, m := range row.Amended.Mismatches {
		due = append(due, swap.DeadlineFact{Name: swap.DeadlineMismatch(m.ID), Due: m.By})
	}
	for _, s := range row.Amended.Staff {
		due = append(due, swap.DeadlineFact{Name: swap.DeadlineApproval(s.RequestID), Due: s.By})
	}
	d := due[c.IntN(len(due))]
	if f.At.Before(d.Due) {
		f.At = d.Due
	}
	f.Kind, f.Deadline = swap.FactDeadlinePassed, &d
	return true
}

// people is what members of staff do, and a refund address that a user sets.
func (c *chaos) people(t *testing.T, row *swap.Swap, f *swap.Fact) bool {
	t.Helper()
	if row.Terms.Receipt.RefundAddress == "" && c.IntN(6) == 0 {
		signed, err := swap.SignRefundAddress(swap.RefundAddress{SwapID: row.ID, ReceiptHash: swap.HashDocument(row.Terms.SignedReceipt),
			RefundAddress: swaptest.BitcoinAddress, IssuedAt: c.now}, c.b.keys.Attest)
		if err != nil {
			t.Fatal(err)
		}
		f.Kind, f.Refund = swap.FactRefundAddressSet, &swap.RefundAddressFact{SignedRefundAddress: signed}
		return true
	}
	actors := []string{"alice", "bob"}
	f.Staff = &swap.StaffFact{Actor: actors[c.IntN(len(actors))], Reason: "a case"}
	if waiting := row.Amended.Staff; len(waiting) > 0 && c.IntN(2) == 0 {
		f.Kind, f.Staff.RequestID = swap.FactStaffApproved, waiting[c.IntN(len(waiting))].RequestID
		return true
	}
	actions := []swap.StaffAction{swap.StaffRefund, swap.StaffRequote, swap.StaffRelease, swap.StaffRetry, swap.StaffWriteOff, swap.StaffNote}
	c.staff++
	f.Kind, f.Staff.RequestID, f.Staff.Action = swap.FactStaffAction, fmt.Sprint("r", c.staff), actions[c.IntN(len(actions))]
	return true
}
