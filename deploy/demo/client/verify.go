package client

import (
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/verify"
)

// Refusal is the wallet's own no: an answer that does not verify or does not say
// what was asked for. Nothing must be paid on it.
type Refusal = verify.Refusal

func (c *Client) verifier() verify.Verifier {
	return verify.Verifier{Networks: c.cfg.Networks, QuoteKeys: c.cfg.QuoteKeys, AttestKeys: c.cfg.AttestKeys, Now: c.cfg.Now}
}

// CheckQuote verifies an answer offline. What is returned is what was signed;
// the fields beside it must say the same.
func (c *Client) CheckQuote(ask QuoteRequest, a QuoteAnswer) (swap.Quote, error) {
	want := verify.QuoteAsk{Pair: asset.Pair{From: ask.From, To: ask.To}, Variable: ask.Variable}
	for _, fixed := range []struct {
		field, asked string
		id           asset.ID
		into         *asset.Amount
	}{{"deposit_amount", ask.DepositAmount, ask.From, &want.Deposit}, {"payout_amount", ask.PayoutAmount, ask.To, &want.Payout}} {
		if fixed.asked == "" {
			continue
		}
		amount, err := asset.ParseDecimal(fixed.id, fixed.asked)
		if err != nil {
			return swap.Quote{}, verify.Refuse(fixed.field, err)
		}
		*fixed.into = amount
	}
	q, err := c.verifier().Quote(a.SignedQuote, want)
	if err != nil {
		return swap.Quote{}, err
	}
	err = verify.First(
		verify.Equal("quote_id", a.QuoteID, q.ID), verify.Equal("from", a.From, q.Pair.From), verify.Equal("to", a.To, q.Pair.To),
		verify.Equal("deposit_amount", a.DepositAmount, q.Deposit.Decimal()), verify.Equal("payout_amount", a.PayoutAmount, q.Payout.Decimal()),
		verify.Equal("rate", a.Rate, q.Rate), verify.Equal("service_fee", a.ServiceFee, q.ServiceFee.Decimal()),
		verify.Equal("network_fee", a.NetworkFee, q.NetworkFee.Decimal()), verify.Equal("refund_fee_max", a.RefundFeeMax, q.RefundFeeMax.Decimal()),
		verify.Same("issued_at", a.IssuedAt, q.IssuedAt), verify.Same("accept_by", a.AcceptBy, q.AcceptBy),
		verify.Equal("deposit_window_seconds", a.DepositWindowSeconds, q.DepositWindowSeconds),
		verify.Equal("confirm_window_seconds", a.ConfirmWindowSeconds, q.ConfirmWindowSeconds),
		verify.Equal("variable", a.Variable, q.Variable), verify.Equal("policy", a.Policy, policyOf(ask.Policy)))
	if err != nil {
		return swap.Quote{}, err
	}
	return q, nil
}

// policyOf is the policy that was asked for.
func policyOf(asked *swap.Policy) swap.Policy {
	if asked == nil {
		return swap.DefaultPolicy()
	}
	return *asked
}

// CheckSwap verifies an answer offline: both signatures, that the receipt is for
// the quote that was sent, and that it says what was asked.
func (c *Client) CheckSwap(ask SwapRequest, a SwapAnswer) (swap.Terms, error) {
	t, err := c.verifier().Receipt(ask.SignedQuote, a.SignedReceipt, verify.ReceiptAsk{PayoutAddress: ask.PayoutAddress,
		RefundAddress: ask.RefundAddress, Policy: policyOf(ask.Policy), SecretHash: swap.HashDocument(a.Secret)})
	if err != nil {
		return swap.Terms{}, err
	}
	q, r := t.Quote, t.Receipt
	err = verify.First(
		verify.That("secret", a.Secret != "", "it is missing"), verify.Equal("id", a.ID, r.SwapID),
		verify.Equal("deposit_asset", a.DepositAsset, q.Pair.From), verify.Equal("deposit_amount", a.DepositAmount, q.Deposit.Decimal()),
		verify.Equal("deposit_address", a.DepositAddress, r.DepositAddress),
		verify.Equal("payout_asset", a.PayoutAsset, q.Pair.To), verify.Equal("payout_amount", a.PayoutAmount, q.Payout.Decimal()),
		verify.Equal("payout_address", a.PayoutAddress, r.PayoutAddress), verify.Equal("refund_address", a.RefundAddress, r.RefundAddress),
		verify.Equal("policy", a.Policy, r.Policy),
		verify.Same("deposit_by", a.DepositBy, r.DepositBy), verify.Same("confirm_by", a.ConfirmBy, r.ConfirmBy))
	if err != nil {
		return swap.Terms{}, err
	}
	return t, nil
}
