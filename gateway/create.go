package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// CreateSwap answers POST /v1/swaps. Its order is its safety:
//
//  1. What can be checked without a trace is checked.
//  2. The key is claimed with the new swap's id, so that whatever happens from
//     here on, a retry continues this swap and starts no other.
//  3. liquidityd accepts the quote for that id. This comes before the address, so
//     that a used or lapsed quote costs none.
//  4. The hot wallet issues an address for that id; the receipt is verified.
//  5. One transaction stores the terms, tells swap.created and answers the claim.
//
// Steps 3 and 4 may be repeated for one id by their contracts.
func (g *Gateway) CreateSwap(ctx context.Context, req api.CreateSwapRequestObject) (api.CreateSwapResponseObject, error) {
	r, err := g.readSwap(req.Params.IdempotencyKey, *req.Body)
	if err != nil {
		return nil, err
	}
	claim, claimed, err := g.store.Claimed(ctx, r.key())
	if err != nil {
		return nil, err
	}
	switch {
	case claimed && claim.Request != r.hash():
		return nil, keyReused()
	case claimed && claim.Response != nil:
		return g.answer(r, claim)
	case !claimed && !r.quote.AcceptBy.After(g.config.Now()):
		return nil, quoteExpired(r.quote.AcceptBy)
	}
	if err := g.checkDestinations(ctx, r); err != nil {
		return nil, err
	}
	crash.Point("gateway.claim.before")
	claim, err = g.store.Claim(ctx, r.key(), Claim{SwapID: swap.NewID(swap.SwapPrefix, g.config.Now()), Request: r.hash()}, g.config.Now())
	switch {
	case err != nil:
		return nil, err
	case claim.Request != r.hash():
		return nil, keyReused()
	case claim.Response != nil:
		return g.answer(r, claim)
	}
	crash.Point("gateway.claim.after")
	return g.perform(ctx, r, claim)
}

// checkDestinations asks both chains' wallets whether the addresses may be paid.
func (g *Gateway) checkDestinations(ctx context.Context, r swapRequest) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.checkDestination(ctx, "payout_address", r.quote.PayoutChain(), r.payout) })
	if r.refund != "" {
		group.Go(func() error { return g.checkDestination(ctx, fieldRefundAddress, r.quote.DepositChain(), r.refund) })
	}
	return group.Wait()
}

// checkDestination asks a chain's wallet whether an address may be paid.
func (g *Gateway) checkDestination(ctx context.Context, field string, chain asset.Chain, address string) error {
	err := g.calls.Wallets[chain].CheckDestination(ctx, address)
	var refusal *swap.Error
	if errors.As(err, &refusal) {
		// The wallet does not know which of our fields it was asked about.
		return swap.Refuse(refusal.Code, field, refusal.Limit, refusal.Message)
	}
	return err
}

// storeTimeout bounds one transaction.
const storeTimeout = 5 * time.Second

// perform does what a claim still lacks. It goes on when the client hangs up: a
// swap half made would only wait for the retry.
func (g *Gateway) perform(ctx context.Context, r swapRequest, claim Claim) (api.CreateSwapResponseObject, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptTimeout+issueTimeout+2*storeTimeout)
	defer cancel()
	if err := g.calls.Liquidity.Accept(ctx, r.signedQuote, claim.SwapID); err != nil {
		if code := swap.ErrorCode(err); code != swap.CodeInternal && code != swap.CodeUnavailable {
			// A refusal is a definite no: the lock is not ours, so nothing stays behind.
			// A claim that can't be released only makes the same key ask again.
			crash.Point("gateway.release.before")
			if releaseErr := g.store.Release(ctx, r.key(), claim.SwapID); releaseErr != nil {
				g.config.Log.ErrorContext(ctx, "claim not released", "request_id", requestID(ctx), "swap", claim.SwapID, "error", releaseErr)
			}
			crash.Point("gateway.release.after")
		}
		return nil, err
	}
	crash.Point("gateway.accept.after")
	terms, err := g.issue(ctx, r, claim.SwapID)
	if err != nil {
		return nil, err
	}
	crash.Point("gateway.issue.after")
	return g.finish(ctx, r, claim, terms)
}

// finish stores the swap. Another request under the same key may have been faster:
// then its answer is the answer.
func (g *Gateway) finish(ctx context.Context, r swapRequest, claim Claim, terms swap.Terms) (api.CreateSwapResponseObject, error) {
	now := swap.Millis(g.config.Now())
	creation, err := g.creation(terms, now)
	if err != nil {
		return nil, err
	}
	creation.Key, creation.Request = r.key(), claim.Request
	if err := g.store.Finish(ctx, creation); err != nil && !errors.Is(err, ErrClaimMoved) {
		return nil, err
	} else if err == nil {
		crash.Point("gateway.finish.after")
		g.config.Log.InfoContext(ctx, "swap created", "request_id", requestID(ctx), "swap", claim.SwapID)
		claim.Response = creation.Response
		return g.answer(r, claim)
	}
	claim, claimed, err := g.store.Claimed(ctx, r.key())
	switch {
	case err != nil:
		return nil, err
	case claimed && claim.Request != r.hash():
		return nil, keyReused()
	case claimed && claim.Response != nil:
		return g.answer(r, claim)
	}
	return nil, swap.Refuse(swap.CodeUnavailable, "", "", "Another request with this key is under way; try again.")
}

// storedAnswer is a CreatedSwap without its secret: the outer field hides the
// inner one, and is empty.
type storedAnswer struct {
	api.CreatedSwap
	Secret string `json:"secret,omitempty"`
}

// answer adds the secret to a stored response. What a database says is shown only
// if it was signed, for this very request: of the response only the receipt is
// taken, and when it was made.
func (g *Gateway) answer(r swapRequest, claim Claim) (api.CreateSwapResponseObject, error) {
	var stored storedAnswer
	if err := json.Unmarshal(claim.Response, &stored); err != nil {
		return nil, fmt.Errorf("read the stored answer of %s: %w", claim.SwapID, err)
	}
	terms, err := g.checkReceipt(stored.SignedReceipt, g.asked(r, claim.SwapID))
	if err != nil {
		return nil, fmt.Errorf("verify the stored answer: %w", err)
	}
	created, err := g.created(terms, stored.CreatedAt)
	if err != nil {
		return nil, err
	}
	created.Secret = g.secretOf(r.idempotencyKey, claim.SwapID)
	return api.CreateSwap201JSONResponse(created), nil
}

func keyReused() error {
	return swap.Refuse(swap.CodeIdempotencyKeyReused, keyHeader, "", "This Idempotency-Key was used with other addresses or another policy for this quote; send what was sent then.")
}

func quoteExpired(at time.Time) error {
	return swap.Refuse(swap.CodeQuoteExpired, "signed_quote", api.MillisOf(at).String(), "The quote has expired; ask for a new one.")
}
