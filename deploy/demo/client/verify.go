package client

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// maxSkew is how far the service's clock may be from ours.
const maxSkew = time.Minute

// Refusal is the wallet's own no: an answer that does not verify or does not say
// what was asked for. Nothing must be paid on it.
type Refusal struct {
	// Field is what is wrong, as the answer names it; Reason says how.
	Field, Reason string
	err           error
}

// Error is the field with the reason.
func (r *Refusal) Error() string {
	return "refused before anything was paid: " + r.Field + ": " + r.Reason
}

// Unwrap is the cause where there is one, such as swap.ErrSignature.
func (r *Refusal) Unwrap() error { return r.err }

func refuse(field string, err error) *Refusal {
	return &Refusal{Field: field, Reason: err.Error(), err: err}
}

// check is one comparison of an answer with what it must be.
type check struct {
	field string
	ok    bool
	// reason is what is wrong if not ok.
	reason string
}

func firstWrong(checks []check) error {
	for _, c := range checks {
		if !c.ok {
			return &Refusal{Field: c.field, Reason: c.reason}
		}
	}
	return nil
}

func equal(field string, got, want any) check {
	return check{field, got == want, fmt.Sprintf("it is %v, not %v", got, want)}
}

func same(field string, got, want time.Time) check {
	return check{field, got.Equal(want), fmt.Sprintf("it is %s, not %s", got.UTC().Format(time.RFC3339Nano), want.UTC().Format(time.RFC3339Nano))}
}

// CheckQuote verifies an answer offline. What is returned is what was signed;
// the fields beside it must say the same.
func (c *Client) CheckQuote(ask QuoteRequest, a QuoteAnswer) (swap.Quote, error) {
	q, err := swap.VerifyQuote(a.SignedQuote, c.cfg.QuoteKeys)
	if err != nil {
		return swap.Quote{}, refuse("signed_quote", err)
	}
	checks := []check{
		equal("signed_quote.pair", q.Pair, asset.Pair{From: ask.From, To: ask.To}),
		{"signed_quote.accept_by", q.AcceptBy.After(c.cfg.Now()), "the lock has lapsed: " + q.AcceptBy.Format(time.RFC3339)},
		{"signed_quote.issued_at", !q.IssuedAt.After(c.cfg.Now().Add(maxSkew)), "it is in the future: " + q.IssuedAt.Format(time.RFC3339)},
		equal("quote_id", a.QuoteID, q.ID), equal("from", a.From, q.Pair.From), equal("to", a.To, q.Pair.To),
		equal("deposit_amount", a.DepositAmount, q.Deposit.Decimal()), equal("payout_amount", a.PayoutAmount, q.Payout.Decimal()),
		equal("rate", a.Rate, q.Rate), equal("service_fee", a.ServiceFee, q.ServiceFee.Decimal()),
		equal("network_fee", a.NetworkFee, q.NetworkFee.Decimal()), equal("refund_fee_max", a.RefundFeeMax, q.RefundFeeMax.Decimal()),
		same("issued_at", a.IssuedAt, q.IssuedAt), same("accept_by", a.AcceptBy, q.AcceptBy),
		equal("deposit_window_seconds", a.DepositWindowSeconds, q.DepositWindowSeconds),
		equal("confirm_window_seconds", a.ConfirmWindowSeconds, q.ConfirmWindowSeconds),
	}
	for _, fixed := range []struct {
		field, asked string
		got          asset.Amount
	}{{"signed_quote.deposit", ask.DepositAmount, q.Deposit}, {"signed_quote.payout", ask.PayoutAmount, q.Payout}} {
		if fixed.asked == "" {
			continue
		}
		want, err := asset.ParseDecimal(fixed.got.Asset, fixed.asked)
		if err != nil {
			return swap.Quote{}, refuse(fixed.field, err)
		}
		checks = append(checks, equal(fixed.field, fixed.got, want))
	}
	if err := firstWrong(checks); err != nil {
		return swap.Quote{}, err
	}
	return q, nil
}

// CheckSwap verifies an answer offline: both signatures, that the receipt is for
// the quote that was sent, and that it says what was asked.
func (c *Client) CheckSwap(ask SwapRequest, a SwapAnswer) (swap.Terms, error) {
	t, err := swap.VerifyTerms(ask.SignedQuote, a.SignedReceipt, c.cfg.QuoteKeys, c.cfg.AttestKeys)
	if err != nil {
		return swap.Terms{}, refuse("signed_receipt", err)
	}
	q, r := t.Quote, t.Receipt
	payout, err := c.cfg.Networks.ParseAddress(q.PayoutChain(), ask.PayoutAddress)
	if err != nil {
		return swap.Terms{}, refuse("payout_address", err)
	}
	refund, err := c.cfg.Networks.ParseAddress(q.DepositChain(), ask.RefundAddress)
	if err != nil {
		return swap.Terms{}, refuse("refund_address", err)
	}
	deposit, err := c.cfg.Networks.ParseAddress(r.DepositChain, r.DepositAddress)
	if err != nil {
		return swap.Terms{}, refuse("signed_receipt.deposit_address", err)
	}
	policy := swap.DefaultPolicy()
	if ask.Policy != nil {
		policy = *ask.Policy
	}
	secret := sha256.Sum256([]byte(a.Secret))
	now := c.cfg.Now()
	wrong := firstWrong([]check{
		equal("signed_receipt.payout_address", r.PayoutAddress, payout),
		equal("signed_receipt.refund_address", r.RefundAddress, refund),
		equal("signed_receipt.deposit_address", r.DepositAddress, deposit),
		{"signed_receipt.deposit_address", deposit != refund && deposit != payout, "it is our own address"},
		equal("signed_receipt.policy", r.Policy, policy),
		{"secret", a.Secret != "" && r.SecretHash == hex.EncodeToString(secret[:]), "its SHA-256 is not the receipt's secret_hash"},
		{"signed_receipt.issued_at", !r.IssuedAt.Before(q.IssuedAt.Add(-maxSkew)) && !r.IssuedAt.After(now.Add(maxSkew)),
			"it is before the quote or in the future: " + r.IssuedAt.Format(time.RFC3339)},
		same("signed_receipt.deposit_by", r.DepositBy, r.IssuedAt.Add(time.Duration(q.DepositWindowSeconds)*time.Second)),
		same("signed_receipt.confirm_by", r.ConfirmBy, r.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds)*time.Second)),
		{"signed_receipt.deposit_by", r.DepositBy.After(now), "it has passed: " + r.DepositBy.Format(time.RFC3339)},
		equal("id", a.ID, r.SwapID),
		equal("deposit_asset", a.DepositAsset, q.Pair.From), equal("deposit_amount", a.DepositAmount, q.Deposit.Decimal()),
		equal("deposit_address", a.DepositAddress, r.DepositAddress),
		equal("payout_asset", a.PayoutAsset, q.Pair.To), equal("payout_amount", a.PayoutAmount, q.Payout.Decimal()),
		equal("payout_address", a.PayoutAddress, r.PayoutAddress), equal("refund_address", a.RefundAddress, r.RefundAddress),
		equal("policy", a.Policy, r.Policy),
		same("deposit_by", a.DepositBy, r.DepositBy), same("confirm_by", a.ConfirmBy, r.ConfirmBy),
	})
	if wrong != nil {
		return swap.Terms{}, wrong
	}
	return t, nil
}
