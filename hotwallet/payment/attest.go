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

// attest has each deposit of some payments attested. It reports false, with the reason
// stored for what, while one is not.
func (e *Engine) attest(ctx context.Context, what standing, payments []Payment) ([]Authority, bool, error) {
	var all []Authority
	for _, p := range payments {
		signed, cause, err := e.attestations(ctx, p.Order)
		if err != nil {
			return nil, false, err
		}
		if cause != nil {
			return nil, false, e.unattested(ctx, what, p, cause)
		}
		delete(e.unattestedSince, p.Order.ID)
		all = append(all, Authority{Order: p.Order, Attestations: signed, House: p.House})
	}
	crash.Point("payment.attest.after")
	return all, true, nil
}

// attestations are one for each of the order's deposits; cause is why one is not vouched for.
func (e *Engine) attestations(ctx context.Context, o swap.Order) (signed []string, cause, err error) {
	if o.Purpose.House() {
		return nil, nil, nil // it uses up no deposit
	}
	blocks, err := e.config.Store.DepositBlocks(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	terms, err := swap.DecodeTerms(o.SignedQuote, o.SignedReceipt)
	if err != nil {
		return nil, nil, err
	}
	on := asset.MustLookup(o.Deposits[0].Amount.Asset).Chain
	signed = make([]string, len(o.Deposits))
	for i, d := range o.Deposits {
		if signed[i], cause = e.attestOne(ctx, on, terms, AttestRequest{Order: o, Deposit: d, Block: blocks[i], FencingToken: e.config.FencingToken}); cause != nil {
			return nil, cause, nil
		}
	}
	return signed, nil, nil
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

// unattested puts off what waits for a payment's deposits and says why, as an alarm once
// that has lasted.
func (e *Engine) unattested(ctx context.Context, what standing, p Payment, cause error) error {
	key := p.Order.ID
	if p.BatchID != "" {
		key = p.BatchID
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *swap.Error
	if errors.As(cause, &refusal) && refusal.Field == fieldUnreadable {
		e.later(key, pauseLeast, pauseMost)
	} else {
		e.later(key, waitLeast, waitMost)
	}
	since := e.sinceOf(e.unattestedSince, p, ReasonUnattested)
	why := cause.Error()
	if refusal != nil {
		why = refusal.Message
	}
	if e.config.Now().Sub(since) < attestPatience && !strings.HasPrefix(p.Reason, ReasonUnattestedLong) {
		return e.stand(ctx, what, because(ReasonUnattested, errors.New(why)), false)
	}
	reason := because(ReasonUnattestedLong, errors.New(why))
	if before, _ := what.stood(); strings.HasPrefix(before, reason+mayBeSigned) {
		return nil // it says so already, with what the signer answered
	}
	return e.stand(ctx, what, reason, true)
}
