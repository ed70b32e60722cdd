package payment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// Reasons of a payment whose deposits attestd does not vouch for (yet). What it said
// follows.
const (
	ReasonUnattested     = "deposit_not_attested:"
	ReasonUnattestedLong = "deposit_not_attested for long:"
)

// attestPatience is how long a deposit may go without attestation until that is an
// alarm: a second node is behind the first for seconds, and for minutes if something
// is wrong with either.
const attestPatience = time.Minute

// fieldUnreadable is what a refusal names where attestd's node answers and can't show
// the deposit's block. That may last, and each look may take long, so that the pauses
// between them are long ones: other payments must not wait for them.
const fieldUnreadable = "block"

// AttestRequest asks for an attestation of one deposit.
type AttestRequest struct {
	Order   swap.Order
	Deposit swap.OrderDeposit
	// Block is where our own book has it.
	Block chain.Ref
	// FencingToken is the caller's lease on the order's chain.
	FencingToken uint64
}

// Attestor vouches for deposits from a node of its own. A *swap.Error says why it does
// not; any other error leaves that open. Either may be different the next time.
type Attestor interface {
	AttestDeposit(ctx context.Context, r AttestRequest) (signed string, err error)
}

// attest has each deposit of a payment attested. It reports false, with the reason
// stored, while one is not.
func (e *Engine) attest(ctx context.Context, p Payment) ([]string, bool, error) {
	blocks, err := e.config.Store.DepositBlocks(ctx, p.Order)
	if err != nil {
		return nil, false, err
	}
	terms, err := swap.DecodeTerms(p.Order.SignedQuote, p.Order.SignedReceipt)
	if err != nil {
		return nil, false, err
	}
	on := asset.MustLookup(p.Order.Deposits[0].Amount.Asset).Chain
	signed := make([]string, len(p.Order.Deposits))
	for i, d := range p.Order.Deposits {
		if signed[i], err = e.attestOne(ctx, on, terms, AttestRequest{Order: p.Order, Deposit: d, Block: blocks[i], FencingToken: e.config.FencingToken}); err != nil {
			return nil, false, e.unattested(ctx, p, err)
		}
	}
	crash.Point("payment.attest.after")
	delete(e.unattestedSince, p.Order.ID)
	return signed, true, nil
}

// attestOne has one deposit attested. Where attestd, or its node of a chain, gives no
// answer it is not asked again in this round: one that is slow to fail would hold up all.
func (e *Engine) attestOne(ctx context.Context, on asset.Chain, t swap.Terms, r AttestRequest) (string, error) {
	if err, known := e.unanswered[on]; known {
		return "", err
	}
	signed, err := e.config.Attestor.AttestDeposit(ctx, r)
	var refusal *swap.Error
	switch {
	case err == nil:
		return signed, e.checkAttested(t, r.Deposit, signed)
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &refusal) && refusal.Code != swap.CodeUnavailable:
		return "", err
	}
	if refusal == nil {
		e.config.Log.Warn("the attestor does not answer, will try again", "chain", e.config.Chain, "order", r.Order.ID, "error", err)
		err = swap.Refuse(swap.CodeUnavailable, "", "", "The attestor does not answer.")
	}
	e.unanswered[on] = err
	return "", err
}

// checkAttested is the signer's rule, asked before a coin or nonce is tied up.
func (e *Engine) checkAttested(t swap.Terms, d swap.OrderDeposit, signed string) error {
	a, err := swap.VerifyDepositAttestation(signed, e.config.AttestKeys)
	if err != nil {
		return fmt.Errorf("deposit %s: %w", d.ID, err)
	}
	return t.Attested(a, d)
}

// unattested puts a payment off and says why, as an alarm once that has lasted.
func (e *Engine) unattested(ctx context.Context, p Payment, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *swap.Error
	if errors.As(cause, &refusal) && refusal.Field == fieldUnreadable {
		e.later(p.Order.ID, pauseLeast, pauseMost)
	} else {
		e.later(p.Order.ID, waitLeast, waitMost)
	}
	since, known := e.unattestedSince[p.Order.ID]
	if !known {
		since = e.config.Now()
		e.unattestedSince[p.Order.ID] = since
	}
	why := cause.Error()
	if refusal != nil {
		why = refusal.Message
	}
	if e.config.Now().Sub(since) < attestPatience && !strings.HasPrefix(p.Reason, ReasonUnattestedLong) {
		return e.stand(ctx, p, because(ReasonUnattested, errors.New(why)), false)
	}
	return e.stand(ctx, p, because(ReasonUnattestedLong, errors.New(why)), true)
}
