package verify

import (
	"errors"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// MaxSkew is how far the service's clock may be from the client's.
const MaxSkew = time.Minute

// Verifier is what a client knows before its first request.
type Verifier struct {
	Networks asset.Networks
	// QuoteKeys and AttestKeys are pinned: they come with the client, never from
	// the service.
	QuoteKeys, AttestKeys swap.PublicKeys
	// Now is the client's clock; time.Now if nil.
	Now func() time.Time
}

// Validate reports a verifier that could verify nothing.
func (v Verifier) Validate() error {
	if len(v.QuoteKeys) == 0 || len(v.AttestKeys) == 0 {
		return errors.New("the public keys that sign quotes and receipts must be pinned")
	}
	return v.Networks.Validate()
}

func (v Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

// QuoteAsk is what a quote was asked for.
type QuoteAsk struct {
	Pair asset.Pair
	// Deposit and Payout are what was fixed; a zero amount left it open.
	Deposit, Payout asset.Amount
	// Variable: the rate is to be set when the deposit is detected.
	Variable bool
}

// Quote verifies that a quote was signed by a pinned key, that it is for what was
// asked, and that it holds now.
func (v Verifier) Quote(signed string, ask QuoteAsk) (swap.Quote, error) {
	q, err := swap.VerifyQuote(signed, v.QuoteKeys)
	if err != nil {
		return swap.Quote{}, Refuse("signed_quote", err)
	}
	checks := []Check{Equal("signed_quote.pair", q.Pair, ask.Pair), Equal("signed_quote.variable", q.Variable, ask.Variable)}
	if !ask.Deposit.Units.IsZero() {
		checks = append(checks, Equal("signed_quote.deposit", q.Deposit, ask.Deposit))
	}
	if !ask.Payout.Units.IsZero() {
		checks = append(checks, Equal("signed_quote.payout", q.Payout, ask.Payout))
	}
	if err := First(checks...); err != nil {
		return swap.Quote{}, err
	}
	if err := v.Holds(q); err != nil {
		return swap.Quote{}, err
	}
	return q, nil
}

// Holds checks a verified quote against the clock: a swap can be made from it now.
func (v Verifier) Holds(q swap.Quote) error {
	now := v.now()
	return First(
		That("signed_quote.issued_at", !q.IssuedAt.After(now.Add(MaxSkew)), "it is in the future: "+stamp(q.IssuedAt)),
		That("signed_quote.accept_by", q.AcceptBy.After(now), "the lock has lapsed: "+stamp(q.AcceptBy)))
}

// Terms verifies all of a receipt that needs no knowledge of what was asked: both
// signatures, that the receipt is for exactly this quote, that the deposit
// address is one on the quote's chain and network and not the client's own, and
// that the deadlines are those the quote promised. Whose swap it is, Asked
// checks; whether there still is time, Payable.
func (v Verifier) Terms(signedQuote, signedReceipt string) (swap.Terms, error) {
	t, err := swap.VerifyTerms(signedQuote, signedReceipt, v.QuoteKeys, v.AttestKeys)
	if err != nil {
		if _, quoteErr := swap.VerifyQuote(signedQuote, v.QuoteKeys); quoteErr != nil {
			return swap.Terms{}, Refuse("signed_quote", quoteErr)
		}
		return swap.Terms{}, Refuse("signed_receipt", err)
	}
	q, r := t.Quote, t.Receipt
	deposit, err := v.Networks.ParseAddress(r.DepositChain, r.DepositAddress)
	if err != nil {
		return swap.Terms{}, Refuse("signed_receipt.deposit_address", err)
	}
	err = First(
		Equal("signed_receipt.deposit_address", r.DepositAddress, deposit),
		That("signed_receipt.deposit_address", deposit != r.RefundAddress && deposit != r.PayoutAddress, "it is the client's own address"),
		That("signed_receipt.issued_at", !r.IssuedAt.Before(q.IssuedAt.Add(-MaxSkew)), "it is before the quote: "+stamp(r.IssuedAt)),
		That("signed_receipt.issued_at", !r.IssuedAt.After(v.now().Add(MaxSkew)), "it is in the future: "+stamp(r.IssuedAt)),
		Same("signed_receipt.deposit_by", r.DepositBy, r.IssuedAt.Add(time.Duration(q.DepositWindowSeconds)*time.Second)),
		Same("signed_receipt.confirm_by", r.ConfirmBy, r.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds)*time.Second)))
	if err != nil {
		return swap.Terms{}, err
	}
	return t, nil
}

// ReceiptAsk is what a swap was asked for. Every field is compared.
type ReceiptAsk struct {
	// PayoutAddress and RefundAddress may be in any form that the chain accepts;
	// RefundAddress is "" where it was left open.
	PayoutAddress, RefundAddress string
	Policy                       swap.Policy
	// SecretHash is swap.HashDocument of the swap's secret.
	SecretHash string
}

// Asked checks verified terms against what the client asked for.
func (v Verifier) Asked(t swap.Terms, ask ReceiptAsk) error {
	payout, err := v.Networks.ParseAddress(t.Quote.PayoutChain(), ask.PayoutAddress)
	if err != nil {
		return Refuse("payout_address", err)
	}
	refund := ""
	if ask.RefundAddress != "" {
		if refund, err = v.Networks.ParseAddress(t.Quote.DepositChain(), ask.RefundAddress); err != nil {
			return Refuse("refund_address", err)
		}
	}
	r := t.Receipt
	return First(
		Equal("signed_receipt.payout_address", r.PayoutAddress, payout),
		Equal("signed_receipt.refund_address", r.RefundAddress, refund),
		Equal("signed_receipt.policy", r.Policy, ask.Policy),
		Equal("signed_receipt.secret_hash", r.SecretHash, ask.SecretHash))
}

// Payable checks that verified terms may still be paid on: later, a deposit would
// be refunded as late.
func (v Verifier) Payable(t swap.Terms) error {
	return First(That("signed_receipt.deposit_by", t.Receipt.DepositBy.After(v.now()), "it has passed: "+stamp(t.Receipt.DepositBy)))
}

// Receipt is Terms, Asked and Payable in one: after it, the deposit can be paid.
func (v Verifier) Receipt(signedQuote, signedReceipt string, ask ReceiptAsk) (swap.Terms, error) {
	t, err := v.Terms(signedQuote, signedReceipt)
	if err != nil {
		return swap.Terms{}, err
	}
	if err := v.Asked(t, ask); err != nil {
		return swap.Terms{}, err
	}
	if err := v.Payable(t); err != nil {
		return swap.Terms{}, err
	}
	return t, nil
}
