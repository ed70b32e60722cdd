package payment_test

import (
	"math/big"
	"strings"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// requoting is a receipt whose policy swaps what does not match within 1 %.
func requoting(r *swap.Receipt) {
	r.Policy = swap.Policy{OnShort: swap.AnswerRequote, OnOver: swap.AnswerRequote, OnLate: swap.AnswerRequote,
		OnExtra: swap.AnswerRequote, ToleranceBPS: 100}
}

// requoted is an order for half of what the quote of o says, by a requote; of the main
// leg, or of an extra deposit of the same swap.
func (w *world) requoted(o swap.Order, main bool, name string) swap.Order {
	w.t.Helper()
	half := func(u asset.Units) asset.Units {
		n, err := u.MulDiv(asset.Pow10(0), big.NewInt(2), asset.Down)
		w.must(err)
		return n
	}
	from := o.Deposits[0].Amount.Asset
	o.Deposits = deposits(o.Deposits[0].ID+name, asset.Amount{Asset: from, Units: half(asset.NewUnits(5_000_000))})
	o.Amount.Units = half(o.Amount.Units)
	o.SignedRequote = w.requote(o, main, nil)
	o.ID = swap.PayoutOrderID(o.SwapID)
	if !main {
		o.ID = swap.ExtraPayoutOrderID(o.Deposits[0].ID)
	}
	w.storeDeposits(o, asset.MustLookup(from).Chain)
	return o
}

// requote signs what an order pays for its deposits.
func (w *world) requote(o swap.Order, main bool, edit func(r *swap.Requote)) string {
	w.t.Helper()
	r := swap.Requote{ID: swap.RequestID(o.Deposits[0].ID, 1), SwapID: o.SwapID, ReceiptHash: swap.HashDocument(o.SignedReceipt), Main: main,
		DepositsHash: swap.HashDeposits(o.Deposits), Deposit: o.Deposits[0].Amount, Payout: o.Amount,
		ServiceFee: asset.Amount{Asset: o.Amount.Asset}, NetworkFee: asset.Amount{Asset: o.Amount.Asset}, Rate: "1", IssuedAt: swap.Millis(w.clock.Now())}
	if edit != nil {
		edit(&r)
	}
	signed, err := swap.SignRequote(r, w.quoteKey)
	w.must(err)
	return signed
}

func (w *world) consent(o swap.Order, edit func(c *swap.Consent)) string {
	w.t.Helper()
	c := swap.Consent{SwapID: o.SwapID, ReceiptHash: swap.HashDocument(o.SignedReceipt), DepositID: o.Deposits[0].ID,
		Answer: swap.AnswerRequote, AtLeast: o.Amount, IssuedAt: swap.Millis(w.clock.Now())}
	if edit != nil {
		edit(&c)
	}
	signed, err := swap.SignConsent(c, w.attest)
	w.must(err)
	return signed
}

func (w *world) refundAddress(o swap.Order, address string) string {
	w.t.Helper()
	signed, err := swap.SignRefundAddress(swap.RefundAddress{SwapID: o.SwapID, ReceiptHash: swap.HashDocument(o.SignedReceipt),
		RefundAddress: address, IssuedAt: swap.Millis(w.clock.Now())}, w.attest)
	w.must(err)
	return signed
}

// openRefund is a refund of a swap whose receipt left the address open, to the one
// that was set later.
func (w *world) openRefund(u asset.Units) swap.Order {
	w.t.Helper()
	w.edit = func(r *swap.Receipt) { r.RefundAddress = "" }
	defer func() { w.edit = nil }()
	o := w.refund(u)
	o.Destination = w.chain.NewAddress()
	o.SignedRefundAddress = w.refundAddress(o, o.Destination)
	return o
}

// A requoted main leg, an extra deposit's payout and a refund to an address set later
// are stored, signed and paid like any order; the documents reach the signer.
func TestAmendedOrdersArePaid(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		w.edit = requoting
		o := w.payout(w.some(10))
		main := w.requoted(o, true, "1")
		extra := w.requoted(o, false, "2")
		back := w.openRefund(w.some(40))
		w.deliver(main, extra, back)
		w.deliver(main, extra, back)
		for _, o := range []swap.Order{main, extra, back} {
			got := w.payment(o.ID).Order
			if got.SignedRequote != o.SignedRequote || got.SignedRefundAddress != o.SignedRefundAddress {
				t.Errorf("%s is stored without its documents", o.ID)
			}
		}
		// Both payouts of the swap go to one address: what it received is checked below.
		for range 4 {
			w.step()
			w.mine(confirmations + 1)
		}
		w.paidOnce(back)
		for _, o := range []swap.Order{main, extra} {
			if p := w.payment(o.ID); p.State != swap.PaymentFinal {
				t.Errorf("%s is %s: %q", o.ID, p.State, p.Reason)
			}
		}
		if got := w.chain.Received(main.Destination); got != w.some(10) {
			t.Errorf("the user received %s, want two halves of %s", got, w.some(10))
		}
		w.balanced()
		if n := w.refusals(""); n != 0 {
			t.Errorf("%d refusals", n)
		}
	})
}

// An order that differs in one document is another order.
func TestAmendedOrderUnderATakenID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.edit = requoting
	extra := w.requoted(w.payout(w.some(10)), false, "1")
	back := w.openRefund(w.some(40))
	w.deliver(extra, back)
	requote, consent, address := extra, extra, back
	requote.SignedRequote += "x"
	consent.SignedConsent = "x"
	address.SignedRefundAddress += "x"
	w.deliver(requote, consent, address)
	if n := w.refusals("different order"); n != 3 {
		t.Errorf("%d refusals, want 3", n)
	}
	long := back
	for _, change := range []func(o *swap.Order){
		func(o *swap.Order) { o.SignedRequote = strings.Repeat("x", swap.MaxDocument+1) },
		func(o *swap.Order) { o.SignedConsent = "\x00" },
		func(o *swap.Order) { o.SignedRefundAddress = strings.Repeat("x", swap.MaxDocument+1) },
	} {
		o := long
		change(&o)
		if payment.CheckStorable(o) == nil {
			t.Errorf("an order that no row holds is stored: %.60q, %.60q, %.60q", o.SignedRequote, o.SignedConsent, o.SignedRefundAddress)
		}
	}
}

// What the documents of an amended order do not allow ties up no coin. Each case
// breaks one rule.
func TestAuthorityOfAmendments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	check := func(o swap.Order) error {
		return payment.CheckAuthority(o, public(w.quoteKey), public(w.attest))
	}
	w.edit = requoting
	quoted := w.payout(w.some(10))
	main, extra := w.requoted(quoted, true, "1"), w.requoted(quoted, false, "2")
	w.edit = nil // the policy refunds: a requote needs a consent
	plain := w.payout(w.some(10))
	without := w.requoted(plain, true, "3")
	asked := without
	consent := w.consent(asked, nil)
	asked.SignedConsent = consent
	asked.SignedRequote = w.requote(asked, true, func(r *swap.Requote) { r.ConsentHash = swap.HashDocument(consent) })
	closed, back := w.refund(w.some(50)), w.openRefund(w.some(40))
	for name, o := range map[string]swap.Order{"main": main, "extra": extra, "asked": asked, "closed": closed, "open": back, "quoted": quoted} {
		if err := check(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		order    swap.Order
		change   func(o *swap.Order)
		sentence string
	}{
		"no consent":           {without, func(*swap.Order) {}, "no consent"},
		"no requote":           {main, func(o *swap.Order) { o.SignedRequote = "" }, "the quote says"},
		"an extra without one": {extra, func(o *swap.Order) { o.SignedRequote = "" }, "the quote says"},
		"the other leg's":      {main, func(o *swap.Order) { o.SignedRequote = extra.SignedRequote }, "another leg"},
		"main as extra":        {main, func(o *swap.Order) { o.ID = swap.ExtraPayoutOrderID(o.Deposits[0].ID) }, "another leg"},
		"other deposits":       {main, func(o *swap.Order) { o.Deposits = extra.Deposits }, "other deposits"},
		"another amount":       {main, func(o *swap.Order) { o.Amount.Units = asset.NewUnits(1) }, "the requote says"},
		"another address":      {main, func(o *swap.Order) { o.Destination = w.chain.NewAddress() }, "payout address"},
		"broken":               {main, func(o *swap.Order) { o.SignedRequote += "A" }, "does not verify"},
		"a needless consent":   {main, func(o *swap.Order) { o.SignedConsent = w.consent(*o, nil) }, "no consent"},
		"a consent by itself":  {quoted, func(o *swap.Order) { o.SignedConsent = w.consent(*o, nil) }, "without the requote"},
		"a payout's address":   {quoted, func(o *swap.Order) { o.SignedRefundAddress = w.refundAddress(*o, o.Destination) }, "no use"},
		"a broken consent":     {asked, func(o *swap.Order) { o.SignedConsent += "A" }, "does not verify"},
		"no consent any more":  {asked, func(o *swap.Order) { o.SignedConsent = "" }, "not there"},
		"another consent": {asked, func(o *swap.Order) {
			o.SignedConsent = w.consent(*o, func(c *swap.Consent) { c.AtLeast.Units = asset.NewUnits(1) })
		}, "not there"},
		"a refund with one":     {closed, func(o *swap.Order) { o.SignedRequote = main.SignedRequote }, "no use"},
		"a refund with consent": {closed, func(o *swap.Order) { o.SignedConsent = consent }, "no use"},
		"a second address":      {closed, func(o *swap.Order) { o.SignedRefundAddress = w.refundAddress(*o, o.Destination) }, "no other takes"},
		"nowhere to go":         {back, func(o *swap.Order) { o.SignedRefundAddress = "" }, "leaves the refund address open"},
		"not where it was set":  {back, func(o *swap.Order) { o.Destination = w.chain.NewAddress() }, "not the swap's refund address"},
		"another swap's":        {back, func(o *swap.Order) { o.SignedRefundAddress = w.refundAddress(closed, o.Destination) }, "another receipt"},
		"a broken address":      {back, func(o *swap.Order) { o.SignedRefundAddress += "A" }, "does not verify"},
	} {
		o := c.order
		c.change(&o)
		if err := check(o); err == nil || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: %v, want %q", name, err, c.sentence)
		}
	}
}

// A quote that locks no price pays by the rate that was set for its deposit, and by nothing
// else.
func TestVariableQuoteIsPaidByItsRate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	o := w.payout(w.some(10))
	terms, err := swap.DecodeTerms(o.SignedQuote, o.SignedReceipt)
	w.must(err)
	q, r := terms.Quote, terms.Receipt
	q.Variable, q.DepositMin, q.DepositMax = true, asset.Amount{Asset: q.Pair.From, Units: asset.NewUnits(1)}, q.Deposit
	o.SignedQuote, err = swap.SignQuote(q, w.quoteKey)
	w.must(err)
	r.QuoteHash = swap.HashDocument(o.SignedQuote)
	o.SignedReceipt, err = swap.SignReceipt(r, w.attest)
	w.must(err)
	if err := payment.CheckAuthority(o, public(w.quoteKey), public(w.attest)); err == nil || !strings.Contains(err.Error(), "there is no rate") {
		t.Errorf("without a rate: %v", err)
	}
	o.SignedRequote = w.requote(o, true, nil)
	if err := payment.CheckAuthority(o, public(w.quoteKey), public(w.attest)); err != nil {
		t.Error(err)
	}
}
