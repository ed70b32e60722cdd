package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/bus"
)

// maxSkew is how far the attestor's clock may be from ours.
const maxSkew = time.Minute

// issue has a deposit address issued and returns the terms, verified.
func (g *Gateway) issue(ctx context.Context, r swapRequest, swapID string) (swap.Terms, error) {
	ask := IssueRequest{SwapID: swapID, SignedQuote: r.signedQuote, PayoutAddress: r.payout, RefundAddress: r.refund,
		Policy: r.policy, SecretHash: hashOf(g.secretOf(r.idempotencyKey, swapID))}
	signed, err := g.calls.Wallets[r.quote.DepositChain()].Issue(ctx, ask)
	if err != nil {
		return swap.Terms{}, err
	}
	// This compares the quote's id and hash, the chain and the asset.
	terms, err := swap.VerifyTerms(r.signedQuote, signed, g.config.QuoteKeys, g.config.AttestKeys)
	if err != nil {
		return swap.Terms{}, fmt.Errorf("verify the receipt of %s: %w", swapID, err)
	}
	if err := g.checkReceipt(terms, ask); err != nil {
		return swap.Terms{}, err
	}
	if !terms.Receipt.DepositBy.After(g.config.Now()) {
		// Only a retry long after the first try comes here: nobody may be told now
		// to pay what would be late already.
		return swap.Terms{}, quoteExpired(terms.Receipt.DepositBy)
	}
	return terms, nil
}

// checkReceipt compares a verified receipt with what was asked, field by field.
func (g *Gateway) checkReceipt(t swap.Terms, ask IssueRequest) error {
	r, q := t.Receipt, t.Quote
	address, err := g.config.Networks.ParseAddress(r.DepositChain, r.DepositAddress)
	if err != nil {
		return fmt.Errorf("receipt of %s: deposit address: %w", ask.SwapID, err)
	}
	for _, field := range []struct {
		name string
		same bool
	}{
		{"swap_id", r.SwapID == ask.SwapID},
		{"payout_address", r.PayoutAddress == ask.PayoutAddress},
		{"refund_address", r.RefundAddress == ask.RefundAddress},
		{"policy", r.Policy == ask.Policy},
		{"secret_hash", r.SecretHash == ask.SecretHash},
		{"deposit_address", address == r.DepositAddress && address != r.RefundAddress && address != r.PayoutAddress},
		{"issued_at", !r.IssuedAt.After(g.config.Now().Add(maxSkew)) && !r.IssuedAt.Before(q.IssuedAt.Add(-maxSkew))},
		{"deposit_by", r.DepositBy.Equal(r.IssuedAt.Add(time.Duration(q.DepositWindowSeconds) * time.Second))},
		{"confirm_by", r.ConfirmBy.Equal(r.IssuedAt.Add(time.Duration(q.ConfirmWindowSeconds) * time.Second))},
	} {
		if !field.same {
			return fmt.Errorf("receipt of %s: %s is not what was asked for", ask.SwapID, field.name)
		}
	}
	return nil
}

// creation is what is stored of a new swap; the caller adds the hashes.
func (g *Gateway) creation(r swapRequest, t swap.Terms, now time.Time) (Creation, error) {
	uri, err := paymentURI(g.config.Networks, t.Receipt.DepositAddress, t.Quote.Deposit)
	if err != nil {
		return Creation{}, err
	}
	//nolint:gosec // G117: storedAnswer leaves the secret out, and the table has a CHECK for it
	response, err := json.Marshal(storedAnswer{CreatedSwap: api.CreatedSwap{
		Id: t.Receipt.SwapID, State: api.AwaitingDeposit,
		DepositAsset: string(t.Quote.Pair.From), DepositAmount: t.Quote.Deposit.Decimal(),
		DepositAddress: t.Receipt.DepositAddress, PaymentUri: uri,
		PayoutAsset: string(t.Quote.Pair.To), PayoutAmount: t.Quote.Payout.Decimal(),
		PayoutAddress: r.payout, RefundAddress: r.refund, Policy: showPolicy(r.policy),
		DepositBy: api.MillisOf(t.Receipt.DepositBy), ConfirmBy: api.MillisOf(t.Receipt.ConfirmBy),
		CreatedAt: api.MillisOf(now), SignedReceipt: t.SignedReceipt,
	}})
	if err != nil {
		return Creation{}, fmt.Errorf("encode the answer of %s: %w", t.Receipt.SwapID, err)
	}
	fact, err := bus.FactMessage(swap.Fact{Kind: swap.FactSwapCreated, SwapID: t.Receipt.SwapID, At: now,
		Created: &swap.CreatedFact{SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt}})
	if err != nil {
		return Creation{}, fmt.Errorf("tell of %s: %w", t.Receipt.SwapID, err)
	}
	first := swap.Update{SwapID: t.Receipt.SwapID, State: swap.AwaitingDeposit, Actor: "user", By: t.Receipt.DepositBy, At: now,
		Message: fmt.Sprintf("Send exactly %s to the deposit address.", t.Quote.Deposit)}
	return Creation{Terms: t, Response: response, First: first, Fact: fact, At: now}, nil
}
