package payment

import (
	"context"
	"errors"
	"strings"

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

// plan makes and stores the one plan of a payment, whose deposits are attested before a
// coin or nonce is tied up. It reports whether there is one.
func (e *Engine) plan(ctx context.Context, p Payment) (Payment, []string, bool, error) {
	if err := e.running(ctx); err != nil {
		return p, nil, false, err
	}
	if err := CheckAuthority(p.Order, e.config.QuoteKeys, e.config.AttestKeys); err != nil {
		e.later(p.Order.ID, pauseLeast, pauseMost)
		return p, nil, false, e.stand(ctx, p, because(ReasonAuthority, err), true)
	}
	units := p.Order.Amount.Units
	if most, limited := e.config.AmountMax[p.Order.Amount.Asset]; limited && most.Less(units) {
		e.later(p.Order.ID, pauseLeast, pauseMost)
		return p, nil, false, e.stand(ctx, p, ReasonAmount, true)
	}
	limit, err := e.feeLimit(p.Order)
	if err != nil {
		return p, nil, false, err
	}
	basis, err := e.config.Store.Basis(ctx, p)
	if err != nil {
		return p, nil, false, err
	}
	if !basis.DepositsConfirmed {
		e.later(p.Order.ID, waitLeast, waitMost)
		return p, nil, false, e.stand(ctx, p, ReasonDeposit, true)
	}
	if basis.Unsigned {
		e.later(p.Order.ID, waitLeast, waitMost)
		return p, nil, false, e.stand(ctx, p, ReasonEarlier, false)
	}
	to := chain.Output{Destination: p.Order.Destination, Asset: p.Order.Amount.Asset, Units: units}
	plan, err := e.config.Payer.Plan(ctx, basis.Funds, chain.Pay(to, limit.most))
	if err != nil {
		return p, nil, false, e.notPlanned(ctx, p, limit, err)
	}
	if limit.most.Less(plan.Fee) {
		return p, nil, false, e.notPlanned(ctx, p, limit, chain.ErrFeeMax)
	}
	// Only now: a payment that there is nothing to pay with asks nobody for a look.
	attested, ok, err := e.attest(ctx, p)
	if err != nil || !ok {
		return p, nil, false, err
	}
	crash.Point("payment.plan.before")
	stored, err := e.config.Store.StorePlan(ctx, p, plan)
	if err != nil {
		return p, nil, false, err
	}
	crash.Point("payment.plan.after")
	e.config.Log.Info("payment planned", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "fee", plan.Fee.String())
	delete(e.tries, p.Order.ID)
	e.moved()
	return stored, attested, true, nil
}

func (e *Engine) notPlanned(ctx context.Context, p Payment, limit feeLimit, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(cause, chain.ErrFeeMax) && limit.deferred {
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

// sign has the stored plan signed and stores the bytes. It reports whether it is
// signed. Where the deposits were not attested just now they are again.
func (e *Engine) sign(ctx context.Context, p Payment, attested []string) (Payment, bool, error) {
	if err := e.running(ctx); err != nil {
		return p, false, err
	}
	// A reorganisation may have taken a deposit back since the plan was stored.
	confirmed, err := e.config.Store.DepositsConfirmed(ctx, p.Order)
	if err != nil {
		return p, false, err
	}
	if !confirmed {
		e.later(p.Order.ID, waitLeast, waitMost)
		return p, false, e.stand(ctx, p, ReasonDeposit, true)
	}
	if attested == nil {
		var ok bool
		if attested, ok, err = e.attest(ctx, p); err != nil || !ok {
			return p, false, err
		}
	}
	raw, txid, err := e.config.Signer.Sign(ctx, SignRequest{
		Order: p.Order, Plan: p.Attempt.Plan, Attestations: attested, FencingToken: e.config.FencingToken})
	if err != nil {
		if ctx.Err() != nil {
			return p, false, ctx.Err()
		}
		e.later(p.Order.ID, pauseLeast, pauseMost)
		var refusal *swap.Error
		if errors.As(err, &refusal) && refusal.Code != swap.CodeUnavailable {
			e.config.Observer.signing(Refused)
			return p, false, e.stand(ctx, p, ReasonRefused+" "+refusal.Message, true)
		}
		e.config.Observer.signing(Unanswered)
		e.config.Log.Warn("signer call failed, will try again", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "error", err)
		return p, false, e.stand(ctx, p, ReasonSigner, true)
	}
	e.config.Observer.signing(Signed)
	e.tooEarly(ctx, raw)
	crash.Point("payment.sign.after")
	stored, err := e.config.Store.StoreSigned(ctx, p, raw, txid)
	if err != nil {
		return p, false, err
	}
	crash.Point("payment.signed.after")
	e.config.Log.Info("payment signed", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "txid", txid)
	delete(e.tries, p.Order.ID)
	e.moved()
	return stored, true, nil
}

// send hands the stored bytes in, for the first time or again.
func (e *Engine) send(ctx context.Context, p Payment) error {
	if err := e.running(ctx); err != nil {
		return err
	}
	if e.config.Check != nil {
		if err := e.config.Check(e.config.Chain, *p.Attempt); err != nil {
			e.later(p.Order.ID, pauseLeast, pauseMost)
			return e.stand(ctx, p, because(ReasonBytes, err), true)
		}
	}
	acceptance, cause := e.config.Payer.Broadcast(ctx, p.Attempt.Raw)
	crash.Point("payment.broadcast.after")
	if ctx.Err() != nil {
		// Nothing is known of it; the bytes are stored and go out again.
		return ctx.Err()
	}
	e.later(p.Order.ID, pauseLeast, pauseMost)
	answer := Answer{Acceptance: acceptance, At: e.config.Now()}
	switch acceptance {
	case chain.Accepted:
	case chain.Conflicting:
		answer.Reason = because(ReasonConflicting, cause)
	case chain.Rejected:
		answer.Reason = because(ReasonRejected, cause)
	default:
		answer.Acceptance = chain.Unknown
		e.config.Log.Warn("broadcast may or may not have arrived", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "error", cause)
	}
	e.config.Observer.broadcast(answer.Acceptance)
	e.config.Log.Info("payment handed in", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "answer", answer.Acceptance)
	if answer.Reason != "" && answer.Reason != p.Reason {
		e.config.Log.Error("payment was not taken", "chain", e.config.Chain, "swap", p.Order.SwapID, "order", p.Order.ID, "reason", answer.Reason)
	}
	_, err := e.config.Store.StoreAnswer(ctx, p, answer)
	crash.Point("payment.answer.after")
	return err
}

func (e *Engine) moved() {
	if e.config.Moved != nil {
		e.config.Moved()
	}
}

// because joins a reason with its cause. Rows hold no zero bytes and no broken
// UTF-8, whatever a node says.
func because(reason string, cause error) string {
	if cause == nil {
		return reason
	}
	text := strings.TrimSpace(reason + " " + cause.Error())
	if len(text) > reasonMost {
		text = text[:reasonMost]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}
