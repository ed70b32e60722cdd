package main

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// requotes adds the cases on new prices. The quote is 0.28 ETH for 0.01 BTC, 0.282
// before fees; the lenient receipt has the default policy, the other refunds all.
func (s *set) requotes(consent swap.Consent, lenient string) error {
	r := requoting{set: s, lenient: lenient, consent: consent}
	// 40 % at the locked rate: 0.1128 before fees, of which the service's part is as quoted.
	r.good = swap.Requote{ID: swap.RequestID(firstID, 1), SwapID: swapID, ReceiptHash: swap.HashDocument(lenient), Main: true,
		Deposit: sat(400_000), Payout: wei(111_700_000_000_000_000), ServiceFee: wei(600_000_000_000_000), NetworkFee: wei(500_000_000_000_000),
		Rate: "28.2", IssuedAt: later}
	r.deposits = []swap.OrderDeposit{{ID: firstID, Amount: sat(400_000)}}
	signed, err := swap.SignRequote(r.finished(r.good, r.deposits), s.quoteKey)
	if err != nil {
		return err
	}
	s.forms(r.signedCase, "signed_requote", swap.TypeRequote, swap.TypeQuote, signed, s.quoteKey, s.attestKey, idOf("swap_id", swapID))
	r.signedCase("from the future", "signed_requote.issued_at", signed, at(later.Add(-time.Minute-time.Millisecond)))
	r.signedCase("other deposits", "signed_requote", signed, func(c *Case) { c.Ask.Deposits[0].ID = secondID })
	r.signedCase("no deposits", "signed_requote", signed, func(c *Case) { c.Ask.Deposits = nil })
	r.signedCase("deposits of another amount", "signed_requote", signed, func(c *Case) { c.Ask.Deposits[0].Amount = sat(400_001) })
	r.foreseen()
	r.fees()
	r.consented()
	return r.err
}

// requoting makes requotes from a good one.
type requoting struct {
	*set
	lenient  string
	good     swap.Requote
	deposits []swap.OrderDeposit
	consent  swap.Consent
	err      error
}

func (r *requoting) signedCase(name, refused, signed string, change ...func(*Case)) {
	deposits := append([]swap.OrderDeposit{}, r.deposits...)
	r.amended("requote", name, refused, signed, Ask{Deposits: deposits}, append([]func(*Case){receiptIs(r.lenient)}, change...))
}

func (r *requoting) finished(q swap.Requote, deposits []swap.OrderDeposit) swap.Requote {
	q.DepositsHash = swap.HashDeposits(deposits)
	return q
}

// try adds a requote changed from the good one; deposits are its own if there is one.
func (r *requoting) try(name, refused string, edit func(*swap.Requote), change ...func(*Case)) {
	r.tryFor(name, refused, r.deposits, edit, change...)
}

func (r *requoting) tryFor(name, refused string, deposits []swap.OrderDeposit, edit func(*swap.Requote), change ...func(*Case)) {
	q := r.good
	edit(&q)
	// Signed as it is, whatever it says: what must be refused can't be made by SignRequote.
	signed, err := swap.Sign(swap.TypeRequote, r.finished(q, deposits), r.quoteKey)
	if err != nil {
		r.err = err
		return
	}
	r.signedCase(name, refused, signed, append([]func(*Case){func(c *Case) { c.Ask.Deposits = deposits }}, change...)...)
}

// strict judges by the receipt that refunds all.
func (r *requoting) strict(q *swap.Requote) { q.ReceiptHash = swap.HashDocument(r.signedReceipt) }

func (r *requoting) foreseen() {
	const no = "signed_requote"
	strict := receiptIs(r.signedReceipt)
	// At most 1 % worse: 0.111672 before fees, and a step of 10 gwei for rounding.
	edge := func(less uint64) func(*swap.Requote) {
		return func(q *swap.Requote) {
			q.Payout, q.ServiceFee = wei(110_578_000_000_000_000-less), wei(594_000_000_000_000)
		}
	}
	double := []swap.OrderDeposit{{ID: firstID, Amount: sat(100_000)}, {ID: secondID, Amount: sat(300_000)}}
	over := []swap.OrderDeposit{{ID: firstID, Amount: sat(1_100_000)}}
	locked := func(q *swap.Requote) {
		q.Deposit, q.Payout, q.ServiceFee = sat(1_100_000), wei(308_050_000_000_000_000), wei(1_650_000_000_000_000)
	}
	whole := []swap.OrderDeposit{{ID: firstID, Amount: sat(1_000_000)}}
	r.try("short, at the locked rate", "", func(*swap.Requote) {})
	r.try("short, at a better rate", "", func(q *swap.Requote) { q.Payout = wei(120_000_000_000_000_000) })
	r.try("short, at the edge of the tolerance", "", edge(10_000_000_000))
	r.try("short, beyond the tolerance", no, edge(10_000_000_001))
	r.tryFor("short, in two deposits", "", double, func(*swap.Requote) {})
	r.tryFor("short, in two deposits in another order", "", double, func(*swap.Requote) {}, func(c *Case) {
		c.Ask.Deposits = []swap.OrderDeposit{double[1], double[0]}
	})
	r.tryFor("late, within the tolerance", "", whole, func(q *swap.Requote) {
		q.Deposit, q.Payout, q.ServiceFee = sat(1_000_000), wei(278_000_000_000_000_000), wei(1_480_000_000_000_000)
	})
	r.tryFor("over, at the locked rate", "", over, locked)
	r.tryFor("over, though the policy refunds", no, over, func(q *swap.Requote) { locked(q); r.strict(q) }, strict)
	r.excess()
	twice := []swap.OrderDeposit{{ID: firstID, Amount: sat(200_000)}, {ID: firstID, Amount: sat(200_000)}}
	r.tryFor("one deposit twice", no, twice, func(*swap.Requote) {})
	r.try("short though the policy refunds", no, r.strict, strict)
	r.try("extra though the policy refunds", no, func(q *swap.Requote) { q.Main = false })
	r.tryFor("extra, two at once", no, double, func(q *swap.Requote) { q.Main = false })
}

// excess: what is too much by no more than two refund fees is added at the locked
// rate where the policy would refund it.
func (r *requoting) excess() {
	const no = "signed_requote"
	try := func(name, refused string, deposit, payout uint64, change ...func(*Case)) {
		deposits := []swap.OrderDeposit{{ID: firstID, Amount: sat(deposit)}}
		r.tryFor("over by little, "+name, refused, deposits, func(q *swap.Requote) {
			q.Deposit, q.Payout, q.ServiceFee = sat(deposit), wei(payout), wei(1_506_000_000_000_000)
			if len(change) > 0 {
				r.strict(q)
			}
		}, change...)
	}
	strict := receiptIs(r.signedReceipt)
	try("at the locked rate though the policy refunds", "", 1_004_000, 281_122_000_000_000_000, strict)
	try("a step below the locked rate though the policy refunds", "", 1_004_000, 281_121_990_000_000_000, strict)
	try("below the locked rate though the policy refunds", no, 1_004_000, 281_121_989_999_999_999, strict)
	try("by a unit too much though the policy refunds", no, 1_004_001, 281_200_000_000_000_000, strict)
	try("where the policy requotes", "", 1_004_000, 281_122_000_000_000_000)
}

func (r *requoting) fees() {
	const no = "signed_requote"
	r.try("of another swap", no+".swap_id", func(q *swap.Requote) { q.SwapID = otherID })
	r.try("of another receipt", no+".receipt_hash", r.strict)
	r.try("issued before the receipt", no+".issued_at", func(q *swap.Requote) { q.IssuedAt = start.Add(-time.Minute) })
	r.try("a greater network fee", no, func(q *swap.Requote) {
		q.NetworkFee, q.Payout = wei(500_000_000_000_001), wei(111_699_999_999_999_999)
	})
	r.try("a greater part for the service", no, func(q *swap.Requote) {
		q.ServiceFee, q.Payout = wei(600_100_000_000_000), wei(111_699_900_000_000_000)
	})
	r.try("for more than the deposits", no, func(q *swap.Requote) { q.Deposit = sat(400_001) })
	r.try("the other way round", no, func(q *swap.Requote) {
		q.Deposit, q.Payout, q.ServiceFee, q.NetworkFee = wei(1), sat(1), sat(0), sat(0)
	})
	r.try("in one asset", no, func(q *swap.Requote) { q.Payout, q.ServiceFee, q.NetworkFee = sat(1), sat(0), sat(0) })
	r.try("in an unknown asset", no, func(q *swap.Requote) { q.Deposit.Asset = "XXX" })
	r.try("a fee in another asset", no, func(q *swap.Requote) { q.NetworkFee = sat(0) })
	r.try("paying nothing", no, func(q *swap.Requote) { q.Payout = wei(0) })
	r.try("without an id", no, func(q *swap.Requote) { q.ID = "" })
	r.try("a rate that is no number", no, func(q *swap.Requote) { q.Rate = "28,2" })
	r.try("a hash that is none", no, func(q *swap.Requote) { q.ReceiptHash = "abc" })
}

func (r *requoting) consented() {
	const no, low = "signed_requote", 100_000_000_000_000_000
	strict := receiptIs(r.signedReceipt)
	with := func(name, refused string, payout uint64, edit func(*swap.Consent), more ...func(*Case)) {
		c := r.consent
		edit(&c)
		signed, err := swap.SignConsent(c, r.attestKey)
		if err != nil {
			r.err = err
			return
		}
		r.try(name, refused, func(q *swap.Requote) {
			r.strict(q)
			q.Main, q.Payout, q.ServiceFee, q.ConsentHash = false, wei(payout), wei(500_000_000_000_000), swap.HashDocument(signed)
		}, append([]func(*Case){strict, func(c *Case) { c.SignedConsent = signed }}, more...)...)
	}
	as := func(*swap.Consent) {}
	with("extra, consented to", "", low, as)
	with("extra, paying less than consented to", no, low-1, as)
	with("extra, resting on a refund", no, low, func(c *swap.Consent) { c.Answer, c.AtLeast = swap.AnswerRefund, asset.Amount{} })
	with("extra, resting on a consent to another deposit", no, low, func(c *swap.Consent) { c.DepositID = secondID })
	with("extra, resting on another swap's consent", "signed_consent.swap_id", low, func(c *swap.Consent) { c.SwapID = otherID })
	with("extra, consent in another asset", no, low, func(c *swap.Consent) { c.AtLeast = sat(1) })
	with("extra, without the consent it rests on", no, low, as, func(c *Case) { c.SignedConsent = "" })
	with("extra, with a tampered consent", "signed_consent", low, as, func(c *Case) { c.SignedConsent += "A" })
}
