package payment

import (
	"context"
	"errors"
	"strings"
	"time"

	"ferry/swap"
)

// ReasonDepositLong is that a deposit has not been confirmed in our book for so long that it
// may never be again: people decide what becomes of the swap. Nothing is signed meanwhile, and
// should it come back, the payment goes on.
const ReasonDepositLong = "a deposit it uses up has been gone for long"

// goneMost is how long a deposit may be gone before that waits for people: the blocks that
// took it back bring it again by then, unless somebody has spent it otherwise.
const goneMost = time.Hour

// gone is why a payment waits whose deposits are not confirmed in our book.
func (e *Engine) gone(p Payment) string {
	if e.config.Now().Sub(e.sinceOf(e.goneSince, p, ReasonDeposit)) < goneMost && !strings.HasPrefix(p.Reason, ReasonDepositLong) {
		return ReasonDeposit
	}
	return ReasonDepositLong
}

// missing is why a batch can't be signed now whose deposits are not all confirmed in our book, ""
// if they are: a reorganisation may have taken one back since the plan was stored.
func (e *Engine) missing(ctx context.Context, b Batch) (reason string, err error) {
	for _, p := range b.Payments {
		confirmed, err := e.config.Store.DepositsConfirmed(ctx, p.Order)
		switch {
		case err != nil:
			return "", err
		case confirmed:
			delete(e.goneSince, p.Order.ID)
		case reason != ReasonDepositLong:
			reason = e.gone(p)
		}
	}
	return reason, nil
}

// mayBeSigned follows the reason of a plan that can't be given up.
const mayBeSigned = "; the signer may have signed it:"

// recall asks what the signer has signed of a stored plan that it would not sign now, since a deposit
// is gone, nobody vouches for it, or it refuses it: without attestations it signs nothing first.
// Where it has signed nothing, and now never will, the plan is given up, so that it keeps no coin, no nonce
// and no other payment of its batch from going on. Where it has, it gives the bytes out again, and
// they are handed in like any that are stored: a payment is made when it is signed, or a lost
// answer would decide what becomes of it. Where it does not say, the plan stays. One of the house's
// own has no attestations: it is asked for once more, and may be signed.
func (e *Engine) recall(ctx context.Context, b Batch, reason string) (Batch, bool, error) {
	raw, txid, err := e.config.Signer.Sign(ctx, SignRequest{Authorities: b.authorities(), Plan: b.Last().Plan, FencingToken: e.config.FencingToken})
	if err == nil {
		return e.signed(ctx, b, raw, txid)
	}
	if ctx.Err() != nil {
		return b, false, ctx.Err()
	}
	var refusal *swap.Error
	switch {
	case !errors.As(err, &refusal):
		e.config.Observer.signing(Unanswered)
		e.config.Log.Warn("signer call failed, will try again", "chain", e.config.Chain, "batch", b.ID, "error", err)
		err = errors.New(ReasonSigner)
	case refusal.Code == swap.CodeRefused:
		e.config.Log.Warn("a plan is given up, for nothing was signed of it", "chain", e.config.Chain, "batch", b.ID, "attempt", b.Last().N, "reason", reason)
		if strings.HasPrefix(reason, ReasonRefused) {
			e.later(b.ID, pauseLeast, pauseMost)
		} else {
			e.later(b.ID, waitLeast, waitMost)
		}
		return b, false, e.drop(ctx, b, reason)
	default:
		err = errors.New(refusal.Message)
	}
	e.later(b.ID, pauseLeast, pauseMost)
	return b, false, e.stand(ctx, b, because(reason+mayBeSigned, err), true)
}

// authorities are why a batch may be signed that was before: without attestations.
func (b Batch) authorities() (all []Authority) {
	for _, p := range b.Payments {
		all = append(all, Authority{Order: p.Order, House: p.House})
	}
	return all
}

// unvouched recalls a plan whose deposits attestd has not vouched for in long.
func (e *Engine) unvouched(ctx context.Context, b Batch) (Batch, bool, error) {
	b, err := e.config.Store.Batch(ctx, b.ID) // its reason has been stored
	if err != nil || b.Last().State != AttemptPlanned || !strings.HasPrefix(b.Reason(), ReasonUnattestedLong) {
		return b, false, err
	}
	reason, _, _ := strings.Cut(b.Reason(), mayBeSigned)
	pace := e.tries[b.ID] // of what waits for attestd, not for the signer
	b, done, err := e.recall(ctx, b, reason)
	if err == nil && !done {
		e.tries[b.ID] = pace
	}
	return b, done, err
}
