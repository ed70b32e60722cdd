package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/verify"
)

// asked is what a request means for the swap it makes.
func (g *Gateway) asked(r swapRequest, swapID string) IssueRequest {
	return IssueRequest{SwapID: swapID, SignedQuote: r.signedQuote, PayoutAddress: r.payout, RefundAddress: r.refund,
		Policy: r.policy, SecretHash: hashOf(g.secretOf(r.idempotencyKey, swapID))}
}

// issue has a deposit address issued and returns the terms, verified.
func (g *Gateway) issue(ctx context.Context, r swapRequest, swapID string) (swap.Terms, error) {
	ask := g.asked(r, swapID)
	signed, err := g.calls.Wallets[r.quote.DepositChain()].Issue(ctx, ask)
	if err != nil {
		return swap.Terms{}, err
	}
	terms, err := g.checkReceipt(signed, ask)
	if err != nil {
		return swap.Terms{}, err
	}
	if !terms.Receipt.DepositBy.After(g.config.Now()) {
		// Only a retry long after the first try comes here: nobody may be told now
		// to pay what would be late already.
		return swap.Terms{}, quoteExpired(terms.Receipt.DepositBy)
	}
	return terms, nil
}

// checkReceipt does what a client can do alone, with the keys pinned here. Whether
// there is still time to pay is the caller's to ask.
func (g *Gateway) checkReceipt(signed string, ask IssueRequest) (swap.Terms, error) {
	v := g.verifier()
	terms, err := v.Terms(ask.SignedQuote, signed)
	if err == nil {
		err = errors.Join(v.Asked(terms, verify.ReceiptAsk{PayoutAddress: ask.PayoutAddress, RefundAddress: ask.RefundAddress,
			Policy: ask.Policy, SecretHash: ask.SecretHash}),
			verify.First(verify.Equal("signed_receipt.swap_id", terms.Receipt.SwapID, ask.SwapID)))
	}
	if err != nil {
		return swap.Terms{}, fmt.Errorf("receipt of %s: %w", ask.SwapID, err)
	}
	return terms, nil
}

// creation is what is stored of a new swap; the caller adds the hashes.
func (g *Gateway) creation(t swap.Terms, now time.Time) (Creation, error) {
	created, err := g.created(t, api.MillisOf(now))
	if err != nil {
		return Creation{}, err
	}
	//nolint:gosec // G117: storedAnswer leaves the secret out, and the table has a CHECK for it
	response, err := json.Marshal(storedAnswer{CreatedSwap: created})
	if err != nil {
		return Creation{}, fmt.Errorf("encode the answer of %s: %w", t.Receipt.SwapID, err)
	}
	fact, err := bus.FactMessage(swap.Fact{Kind: swap.FactSwapCreated, SwapID: t.Receipt.SwapID, At: now,
		Created: &swap.CreatedFact{SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt}})
	if err != nil {
		return Creation{}, fmt.Errorf("tell of %s: %w", t.Receipt.SwapID, err)
	}
	first := swap.Update{SwapID: t.Receipt.SwapID, State: swap.AwaitingDeposit, Actor: "user", By: t.Receipt.DepositBy, At: now,
		RefundAddress: t.Receipt.RefundAddress,
		Message:       whatToSend(t.Quote)}
	return Creation{Terms: t, Response: response, First: first, Fact: fact, At: now}, nil
}

// created is the answer to a request, without the secret, from what was signed.
func (g *Gateway) created(t swap.Terms, at api.Millis) (api.CreatedSwap, error) {
	uri, err := paymentURI(g.config.Networks, t.Receipt.DepositAddress, toPay(t, swap.Update{}))
	if err != nil {
		return api.CreatedSwap{}, err
	}
	least, most := showLimits(t.Quote)
	return api.CreatedSwap{
		Variable: t.Quote.Variable, DepositMin: least, DepositMax: most,
		Id: t.Receipt.SwapID, State: api.AwaitingDeposit,
		DepositAsset: string(t.Quote.Pair.From), DepositAmount: t.Quote.Deposit.Decimal(),
		DepositAddress: t.Receipt.DepositAddress, PaymentUri: uri,
		PayoutAsset: string(t.Quote.Pair.To), PayoutAmount: t.Quote.Payout.Decimal(),
		PayoutAddress: t.Receipt.PayoutAddress, RefundAddress: t.Receipt.RefundAddress, Policy: showPolicy(t.Receipt.Policy),
		DepositBy: api.MillisOf(t.Receipt.DepositBy), ConfirmBy: api.MillisOf(t.Receipt.ConfirmBy),
		CreatedAt: at, SignedReceipt: t.SignedReceipt,
	}, nil
}

// whatToSend asks for the deposit.
func whatToSend(q swap.Quote) string {
	if q.Variable {
		return fmt.Sprintf("Send one deposit of %s to %s to the deposit address; its rate is set when it is seen.", q.DepositMin, q.DepositMax)
	}
	return fmt.Sprintf("Send exactly %s to the deposit address.", q.Deposit)
}
