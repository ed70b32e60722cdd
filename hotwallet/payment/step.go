package payment

import (
	"cmp"
	"context"
	"errors"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/crash"
)

// Reasons for which a payment stands still, as people read them. Those that end
// with a colon are followed by what was said.
const (
	ReasonFunds       = "waiting for funds"
	ReasonToken       = "the token's contract refuses it now:"
	ReasonEarlier     = "waiting for an earlier payment to be signed"
	ReasonInFlight    = "waiting for room: as many of the sender's transactions are in no block as may be at once"
	ReasonDeposit     = "a deposit it uses up is not confirmed in our book"
	ReasonAuthority   = "the order is not allowed by its documents:"
	ReasonAmount      = "the amount is above the limit for one payment"
	ReasonFee         = "fees_above_limit: the network fee is more than the house carries for this amount; it is paid when fees fall"
	ReasonDeferred    = "fees_above_limit: deferred until the network fee is no more than was kept back for it"
	ReasonPlan        = "it can't be planned now:"
	ReasonRefused     = "the signer refused:"
	ReasonSigner      = "the signer does not answer"
	ReasonConflicting = "the node knows another transaction that spends the same:"
	ReasonRejected    = "the node rejected it:"
	ReasonBytes       = "the stored bytes are not the signed plan:"
)

// plan makes and stores the plan of a batch for a payment, whose deposits are attested
// before a coin or nonce is tied up. It reports whether there is one.
func (e *Engine) plan(ctx context.Context, p Payment) (b Batch, why []Authority, done bool, err error) {
	if err := e.running(ctx); err != nil {
		return b, nil, false, err
	}
	limit, ok, err := e.admit(ctx, p)
	if err != nil || !ok {
		return b, nil, false, err
	}
	basis, err := e.config.Store.Basis(ctx, []Payment{p})
	if err != nil {
		return b, nil, false, err
	}
	if !basis.DepositsConfirmed {
		return b, nil, false, e.unconfirmed(ctx, p)
	}
	delete(e.goneSince, p.Order.ID)
	if gone, err := e.needless(ctx, p, basis); err != nil || gone {
		return b, nil, false, err
	}
	if basis.Unsigned {
		e.later(p.Order.ID, waitLeast, waitMost)
		return b, nil, false, e.stand(ctx, p, ReasonEarlier, false)
	}
	if basis.Full {
		return b, nil, false, e.crowd(ctx, p)
	}
	plan, err := e.planFrom(ctx, basis, request(p, limit.most))
	if err != nil {
		return b, nil, false, e.notPlanned(ctx, p, limit, err)
	}
	if limit.most.Less(plan.Fee) {
		return b, nil, false, e.notPlanned(ctx, p, limit, chain.ErrFeeMax)
	}
	// Only now: a payment that there is nothing to pay with asks nobody for a look.
	why, ok, err = e.attest(ctx, p, []Payment{p})
	if err != nil || !ok {
		return b, nil, false, err
	}
	crash.Point("payment.plan.before")
	b, err = e.config.Store.StorePlan(ctx, []Payment{p}, returned(p, basis.Funds, plan))
	if err != nil {
		return b, nil, false, err
	}
	crash.Point("payment.plan.after")
	e.config.Log.Info("payment planned", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "fee", plan.Fee.String())
	e.soon(p.Order.ID)
	e.moved()
	return b, why, true, nil
}

// admit reports whether nothing of its own holds a payment up, with the most it may cost:
// its documents allow it, and its amount is within the limit.
func (e *Engine) admit(ctx context.Context, p Payment) (limit feeLimit, ok bool, err error) {
	if err := e.allowed(p); err != nil {
		e.later(p.Order.ID, pauseLeast, pauseMost)
		return limit, false, e.stand(ctx, p, because(ReasonAuthority, err), true)
	}
	if e.tooLarge(p.Order) {
		e.later(p.Order.ID, pauseLeast, pauseMost)
		return limit, false, e.stand(ctx, p, ReasonAmount, true)
	}
	limit, err = e.limitOf(p)
	return limit, err == nil, err
}

// crowd has a payment wait for a block to take one of those before it. It is looked at again
// in each round, the oldest first: as soon as one finds no room, none of the others has.
func (e *Engine) crowd(ctx context.Context, p Payment) error {
	e.full, e.crowded[p.Order.ID] = true, true
	delete(e.tries, p.Order.ID)
	delete(e.unattestedSince, p.Order.ID)
	return e.stand(ctx, p, ReasonInFlight, false)
}

func (e *Engine) unconfirmed(ctx context.Context, p Payment) error {
	e.later(p.Order.ID, waitLeast, waitMost)
	return e.stand(ctx, p, e.gone(p), true)
}

func (e *Engine) notPlanned(ctx context.Context, p Payment, limit feeLimit, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e.outlived(p) {
		return e.withdraw(ctx, p, cause)
	}
	if limit.deferred && (errors.Is(cause, chain.ErrFeeMax) || errors.Is(cause, chain.ErrFunds) && p.Order.Purpose == swap.PurposeSweep) {
		e.later(p.Order.ID, pauseLeast, pauseMost)
		return e.stand(ctx, p, ReasonDeferred, false)
	}
	e.later(p.Order.ID, waitLeast, waitMost)
	delete(e.unattestedSince, p.Order.ID) // it waits for something else now
	switch {
	case errors.Is(cause, chain.ErrFunds):
		return e.stand(ctx, p, e.short(p.Order, cause), true)
	case errors.Is(cause, chain.ErrRefused):
		return e.stand(ctx, p, because(ReasonToken, cause), true)
	case errors.Is(cause, chain.ErrFeeMax):
		return e.stand(ctx, p, ReasonFee, true)
	}
	return e.stand(ctx, p, because(ReasonPlan, cause), true)
}

// short is ReasonFunds; of a token's payment it names what is short, which may be the
// chain's own asset for the fee.
func (e *Engine) short(o swap.Order, cause error) string {
	var lacks *chain.ShortError
	switch {
	case !e.isToken(o) || !errors.As(cause, &lacks):
		return ReasonFunds
	case lacks.Asset == o.Amount.Asset:
		return ReasonFunds + " in " + string(lacks.Asset)
	}
	return ReasonFunds + " in " + string(lacks.Asset) + ", for the network fee"
}

// sign has the newest plan signed and stores the bytes. It reports whether it is
// signed. Where the deposits of a first one were not attested just now they are again. What conflicts
// with it was attested with it.
func (e *Engine) sign(ctx context.Context, b Batch, why []Authority) (Batch, bool, error) {
	if err := e.running(ctx); err != nil {
		return b, false, err
	}
	plan, first, fresh := b.Last().Plan, b.Last().N == 1, why != nil
	if first {
		if gone, err := e.missing(ctx, b); err != nil {
			return b, false, err
		} else if gone != "" {
			return e.recall(ctx, b, gone)
		}
	} else {
		why = b.authorities()
	}
	if why == nil {
		plan = e.planned(ctx, b)
		var ok bool
		var err error
		if why, ok, err = e.attest(ctx, b, b.Payments); err != nil {
			return b, false, err
		}
		if !ok {
			return e.unvouched(ctx, b)
		}
	}
	deaths, cause, err := e.deaths(ctx, b)
	switch {
	case errors.Is(err, errEnded):
		return b, false, e.noAnswer(ctx, b, err)
	case err != nil:
		return b, false, err
	case cause != nil:
		return e.unended(ctx, b, cause)
	}
	delete(e.formerSince, b.Payments[0].Order.ID)
	raw, txid, err := e.config.Signer.Sign(ctx, SignRequest{Authorities: why, Plan: plan, Deaths: deaths, FencingToken: e.config.FencingToken})
	var refusal *swap.Error
	switch {
	case err == nil:
		return e.signed(ctx, b, raw, txid)
	case errors.As(err, &refusal) && refusal.Code == swap.CodeRefused:
		e.config.Observer.signing(Refused)
		reason := because(ReasonRefused, errors.New(refusal.Message))
		if first && !fresh { // an earlier request for it may be on its way still, and better founded
			return e.recall(ctx, b, reason)
		}
		e.later(b.ID, pauseLeast, pauseMost)
		return b, false, e.drop(ctx, b, reason)
	}
	return b, false, e.noAnswer(ctx, b, err)
}

// signed stores the bytes of the newest plan.
func (e *Engine) signed(ctx context.Context, b Batch, raw []byte, txid string) (Batch, bool, error) {
	e.config.Observer.signing(Signed)
	e.tooEarly(ctx, raw)
	crash.Point("payment.sign.after")
	b, err := e.config.Store.StoreSigned(ctx, b, raw, txid)
	if err != nil {
		return b, false, err
	}
	crash.Point("payment.signed.after")
	e.config.Log.Info("payment signed", "chain", e.config.Chain, "batch", b.ID, "txid", txid)
	delete(e.tries, b.ID)
	delete(e.unlifted, b.ID)
	e.moved()
	return b, true, nil
}

// noAnswer puts a batch off of which the signer has not said what it would sign.
func (e *Engine) noAnswer(ctx context.Context, b Batch, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.later(b.ID, pauseLeast, pauseMost)
	e.config.Observer.signing(Unanswered)
	e.config.Log.Warn("signer call failed, will try again", "chain", e.config.Chain, "batch", b.ID, "error", cause)
	var refusal *swap.Error
	if errors.As(cause, &refusal) {
		return e.stand(ctx, b, because(ReasonSigner+":", errors.New(refusal.Message)), true)
	}
	return e.stand(ctx, b, ReasonSigner, true)
}

// drop gives up a plan that the signer refused: nothing of it was signed. Of a first one
// the payments are planned again later, each by itself, so that none holds up others by
// the coins or the nonce that it would have had.
func (e *Engine) drop(ctx context.Context, b Batch, reason string) error {
	if b.Last().N == 1 {
		e.setApart(b)
		for _, p := range b.Payments {
			if p.Order.ID != b.ID {
				e.later(p.Order.ID, pauseLeast, pauseMost)
			}
			if p.Reason != reason {
				e.config.Log.Error("payment stands still", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "reason", reason)
			}
		}
	} else {
		e.unlifted[b.ID] = reason
	}
	_, err := e.config.Store.StoreDropped(ctx, b, reason)
	e.moved()
	return err
}

// send hands the stored bytes in, for the first time or again: of several attempts the
// newest first, and earlier ones for as long as the node takes none.
func (e *Engine) send(ctx context.Context, b Batch) error {
	if ok, err := e.sendBefore(ctx, b); err != nil || !ok {
		return err
	}
	var refused string // what was said to a newer attempt: people have to read it
	for _, a := range b.Live() {
		if err := e.running(ctx); err != nil {
			return err
		}
		next, taken, err := e.handIn(ctx, b, a, refused)
		if err != nil || taken {
			return err
		}
		b, refused = next, cmp.Or(refused, next.Reason())
	}
	return nil
}

// handIn hands one attempt in and reports that there is no need to hand in another. What
// was said to a newer one stays the batch's reason.
func (e *Engine) handIn(ctx context.Context, b Batch, a Attempt, refused string) (Batch, bool, error) {
	if ok, err := e.checked(ctx, b, a); err != nil || !ok {
		return b, true, err
	}
	acceptance, cause := e.config.Payer.Broadcast(ctx, a.Raw)
	crash.Point("payment.broadcast.after")
	if ctx.Err() != nil {
		// Nothing is known of it; the bytes are stored and go out again.
		return b, true, ctx.Err()
	}
	if a.N == b.Newest().N {
		e.later(b.ID, pauseLeast, pauseMost)
	}
	answer := e.answer(b, a, acceptance, cause)
	answer.Reason = cmp.Or(refused, answer.Reason)
	e.config.Observer.broadcast(answer.Acceptance)
	e.config.Log.Info("payment handed in", "chain", e.config.Chain, "batch", b.ID, "attempt", a.N, "answer", answer.Acceptance)
	if answer.Reason != "" && answer.Reason != ReasonPatient && answer.Reason != ReasonShallow && answer.Reason != b.Reason() {
		e.config.Log.Error("payment was not taken", "chain", e.config.Chain, "batch", b.ID, "attempt", a.N, "reason", answer.Reason)
	}
	b, err := e.config.Store.StoreAnswer(ctx, b, a.N, answer)
	crash.Point("payment.answer.after")
	return b, answer.Acceptance == chain.Accepted, err
}

// answer is what the node said, with the reason that people read.
func (e *Engine) answer(b Batch, a Attempt, acceptance chain.Acceptance, cause error) Answer {
	answer := Answer{Acceptance: acceptance, At: e.config.Now()}
	switch acceptance {
	case chain.Accepted:
		if e.ending[b.ID] != "" {
			answer.Reason = e.ending[b.ID]
		} else if e.worn[b.ID] {
			answer.Reason = ReasonAttempts
		} else if answer.Reason = e.unlifted[b.ID]; answer.Reason == "" && e.spent[b.ID] {
			answer.Reason = e.atMost(b)
		}
	case chain.Conflicting:
		answer.Reason = cmp.Or(e.ending[b.ID], because(ReasonConflicting, cause))
	case chain.Rejected:
		answer.Reason = cmp.Or(e.ending[b.ID], because(ReasonRejected, cause))
	default:
		answer.Acceptance = chain.Unknown
		e.config.Log.Warn("broadcast may or may not have arrived", "chain", e.config.Chain, "batch", b.ID, "attempt", a.N, "error", cause)
		return answer
	}
	if b.Relieved() { // that a node refuses what spends a lost coin is nothing new
		answer.Reason = cmp.Or(e.unrelieved(b), answer.Reason)
	}
	return answer
}

func (e *Engine) moved() {
	if e.config.Moved != nil {
		e.config.Moved()
	}
}
