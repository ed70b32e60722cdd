package gateway

import (
	"context"
	"slices"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/verify"
)

// AnswerQuestion answers POST /v1/swaps/{id}/answer. An answer belongs to the version
// of the swap in which the question stands, so that the same answer to a question
// that is asked again is told again; where nothing is asked any more, the same
// request gets what it got.
func (g *Gateway) AnswerQuestion(ctx context.Context, req api.AnswerQuestionRequestObject) (api.AnswerQuestionResponseObject, error) {
	o, err := g.owned(ctx, req.Id, req.Body.Secret)
	if err != nil {
		return nil, err
	}
	if req.Body.Answer == answerWrongAsset {
		return g.refundWrongAsset(ctx, o, *req.Body)
	}
	ask, err := readAnswer(o.terms, *req.Body)
	if err != nil {
		return nil, err
	}
	// The request as it was sent: which matter it meant is known only while that waits.
	parts := []string{"answer", ask.DepositID, string(ask.Answer), ask.AtLeast.Units.String()}
	m, asked := question(o.newest.Mismatches, ask.DepositID)
	if swap.ErrorCode(asked) == swap.CodeRefused {
		return nil, asked
	}
	var consent swap.Consent
	a := amendment{kind: swap.FactAnswered, parts: parts, version: o.newest.Version,
		verify: func(document string) (err error) {
			want := ask
			if want.DepositID == "" { // told before, of the matter that waited then
				if consent, err = swap.VerifyConsent(document, g.config.AttestKeys); err != nil {
					return err
				}
				want.DepositID = consent.DepositID
			}
			consent, err = g.verifier().Consent(o.terms, document, want)
			return err
		},
		fact: func(document string) swap.Fact {
			return swap.Fact{Answered: &swap.AnsweredFact{SignedConsent: document}}
		}}
	since := int64(0)
	if asked == nil {
		since = o.newest.Version
	}
	document, found, err := g.told(ctx, o, a, since)
	if err != nil {
		return nil, err
	}
	if !found {
		if asked != nil {
			return nil, asked
		}
		ask.DepositID = m.ID
		a.ask.Consent = &ask
		if document, err = g.amend(ctx, o, a); err != nil {
			return nil, err
		}
	}
	out := api.AnswerQuestion200JSONResponse{Id: req.Id, DepositId: consent.DepositID, Answer: string(consent.Answer), SignedConsent: document}
	if consent.Answer == swap.AnswerRequote {
		out.AtLeast = consent.AtLeast.Decimal()
	}
	return out, nil
}

// readAnswer checks the fields of an answer, but for whether anything was asked.
func readAnswer(t swap.Terms, b api.AnswerRequest) (verify.ConsentAsk, error) {
	ask := verify.ConsentAsk{Answer: swap.Answer(b.Answer)}
	if b.DepositId != nil {
		if ask.DepositID = *b.DepositId; ask.DepositID == "" {
			return ask, swap.Refuse(swap.CodeRefused, "deposit_id", "", "Name the deposit, or leave the field out.")
		}
	}
	switch {
	case b.RefundAddress != nil:
		return ask, swap.Refuse(swap.CodeRefused, fieldRefundAddress, "", "Only the answer refund_wrong_asset takes a refund address.")
	case ask.Answer == swap.AnswerRefund && b.AtLeast != nil:
		return ask, swap.Refuse(swap.CodeRefused, "at_least", "", "A refund has no least payout; leave at_least out.")
	case ask.Answer == swap.AnswerRefund:
		return ask, nil
	case ask.Answer != swap.AnswerRequote:
		return ask, swap.Refuse(swap.CodeRefused, "answer", "requote, refund, refund_wrong_asset", `The answer can be "requote", "refund" or "refund_wrong_asset".`)
	case b.AtLeast == nil:
		return ask, swap.Refuse(swap.CodeRefused, "at_least", "", "Say with at_least what the swap has to pay you at least.")
	}
	var err error
	ask.AtLeast, err = readAmount("at_least", t.Quote.Pair.To, *b.AtLeast)
	return ask, err
}

// question finds the matter that waits for an answer.
func question(list []swap.Mismatch, depositID string) (swap.Mismatch, error) {
	var waiting []swap.Mismatch
	for _, m := range list {
		if m.Wait == swap.WaitAnswer && (depositID == "" || m.ID == depositID) {
			waiting = append(waiting, m)
		}
	}
	switch {
	case len(waiting) == 1:
		return waiting[0], nil
	case len(waiting) > 1:
		return swap.Mismatch{}, swap.Refuse(swap.CodeRefused, "deposit_id", "", "Several deposits wait for an answer; say which one with deposit_id.")
	case slices.ContainsFunc(list, func(m swap.Mismatch) bool { return m.Wait == swap.WaitOwner && m.ID == depositID }):
		return swap.Mismatch{}, swap.Refuse(swap.CodeNothingToAnswer, "answer", answerWrongAsset, "This deposit is in another asset than the swap's; answer refund_wrong_asset.")
	case depositID != "":
		return swap.Mismatch{}, swap.Refuse(swap.CodeNothingToAnswer, "deposit_id", "", "This deposit does not wait for an answer.")
	}
	return swap.Mismatch{}, swap.Refuse(swap.CodeNothingToAnswer, "", "", "This swap does not wait for an answer.")
}
