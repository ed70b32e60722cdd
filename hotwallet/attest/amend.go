package attest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// The fields of an AmendRequest that refusals name.
const (
	fieldReceipt       = "signed_receipt"
	fieldAtLeast       = "consent.at_least_units"
	fieldRefundAddress = "refund_address"
)

// Amend signs the user's word for whoever knows the secret of a receipt that was
// signed here: a consent or a yes to a refund in another asset, as often as it is asked
// for, or the one refund address of a swap that left it open. Refusals are *swap.Error.
func (a *Attestor) Amend(ctx context.Context, req *connect.Request[ferryv1.AmendRequest]) (*connect.Response[ferryv1.AmendResponse], error) {
	swapID, signed, err := a.amend(req.Msg)
	kind := "refund address"
	switch {
	case req.Msg.GetConsent() != nil:
		kind = "consent"
	case req.Msg.GetWrongAsset() != nil:
		kind = "refund in another asset"
	}
	log := a.log.With("swap", swapID, "kind", kind)
	var refusal *swap.Error
	switch {
	case err == nil:
		a.observe(callAmend, "")
		log.InfoContext(ctx, "amended")
		return connect.NewResponse(&ferryv1.AmendResponse{SignedDocument: signed}), nil
	case errors.As(err, &refusal):
		a.observe(callAmend, refusal.Code)
		log.WarnContext(ctx, "refused to amend", "code", refusal.Code, "field", refusal.Field, "reason", refusal.Message)
		return nil, err
	}
	a.observe(callAmend, swap.CodeInternal)
	log.ErrorContext(ctx, "could not amend", "error", err)
	return nil, swap.Refuse(swap.CodeInternal, "", "", "The attestor failed; its log says why.")
}

// amend checks the secret before it says or does anything else about the swap.
func (a *Attestor) amend(r *ferryv1.AmendRequest) (swapID, signed string, err error) {
	terms, err := a.terms(r.GetSignedQuote(), r.GetSignedReceipt())
	if err != nil {
		return "", "", err
	}
	swapID = terms.Receipt.SwapID
	sum := sha256.Sum256([]byte(r.GetSecret()))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(terms.Receipt.SecretHash)) != 1 {
		return swapID, "", swap.Refuse(swap.CodeWrongSecret, "secret", "", "This is not the swap's secret.")
	}
	given := 0
	for _, set := range []bool{r.GetConsent() != nil, r.GetRefundAddress() != "", r.GetWrongAsset() != nil} {
		if set {
			given++
		}
	}
	switch {
	case given != 1:
		return swapID, "", refuse("", "", "Exactly one of a consent, a refund address and a yes to a refund in another asset must be given.")
	case r.GetWrongAsset() != nil:
		signed, err = a.wrongAsset(terms, r.GetWrongAsset())
	case r.GetConsent() != nil:
		signed, err = a.consent(terms, r.GetConsent())
	default:
		signed, err = a.setRefundAddress(terms, r.GetRefundAddress())
	}
	return swapID, signed, err
}

// terms are those of a receipt that was signed here. That is known by comparing it
// with the one in the store, byte for byte, which needs none of today's keys: a
// receipt binds its quote by the hash, and the quote was verified before it was signed.
func (a *Attestor) terms(signedQuote, signedReceipt string) (swap.Terms, error) {
	if len(signedQuote) > swap.MaxDocument || len(signedReceipt) > swap.MaxDocument {
		return swap.Terms{}, refuse(fieldReceipt, fmt.Sprint(swap.MaxDocument), "The quote or the receipt is too long.")
	}
	terms, err := swap.DecodeTerms(signedQuote, signedReceipt)
	if err != nil {
		return swap.Terms{}, refuse(fieldReceipt, "", "The quote or the receipt can't be read.")
	}
	known, found, err := a.store.receipt(terms.Receipt.SwapID)
	if err != nil {
		return swap.Terms{}, err
	}
	if !found || known.SignedReceipt != signedReceipt {
		return swap.Terms{}, refuse(fieldReceipt, "", "The receipt was not signed here.")
	}
	if terms.Receipt.QuoteHash != swap.HashDocument(signedQuote) {
		return swap.Terms{}, refuse("signed_quote", "", "The receipt is for another quote.")
	}
	return terms, nil
}

// consent signs what the user answers to a question about one mismatch.
func (a *Attestor) consent(t swap.Terms, r *ferryv1.ConsentRequest) (string, error) {
	c := swap.Consent{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt),
		DepositID: r.GetDepositId(), Answer: swap.Answer(r.GetAnswer()), IssuedAt: swap.Millis(a.now())}
	if !strings.HasPrefix(c.DepositID, string(t.Quote.DepositChain())+":") || strings.ContainsRune(c.DepositID, 0) {
		return "", refuse("consent.deposit_id", "", fmt.Sprintf("This is no deposit on %s.", t.Quote.DepositChain()))
	}
	switch c.Answer {
	case swap.AnswerRefund:
		if r.GetAtLeastUnits() != "" {
			return "", refuse(fieldAtLeast, "", "A refund has no least payout.")
		}
	case swap.AnswerRequote:
		units, err := asset.ParseUnits(r.GetAtLeastUnits())
		if err != nil || units.IsZero() {
			return "", refuse(fieldAtLeast, "", "The least payout is no count of base units above zero.")
		}
		c.AtLeast = asset.Amount{Asset: t.Quote.Pair.To, Units: units}
	default:
		return "", refuse("consent.answer", "requote, refund", "The answer is neither a requote nor a refund.")
	}
	signed, err := swap.SignConsent(c, a.key)
	if err != nil {
		return "", refuse("consent", "", fmt.Sprintf("The consent is malformed: %v.", err))
	}
	return signed, nil
}

// setRefundAddress signs where refunds go, once per swap: the same again gets the
// document that was signed then, another is refused.
func (a *Attestor) setRefundAddress(t swap.Terms, address string) (string, error) {
	if t.Receipt.RefundAddress != "" {
		return "", swap.Refuse(swap.CodeRefundAddressSet, fieldRefundAddress, "", "The receipt has a refund address, and it stays.")
	}
	chain := t.Quote.DepositChain()
	if err := a.checkAddress(fieldRefundAddress, chain, address); err != nil {
		return "", err
	}
	return a.store.setRefundAddress(t.Receipt.SwapID, chain, address, func() (string, error) {
		return swap.SignRefundAddress(swap.RefundAddress{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt),
			RefundAddress: address, IssuedAt: swap.Millis(a.now())}, a.key)
	})
}
