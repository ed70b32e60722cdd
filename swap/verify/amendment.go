package verify

import (
	"slices"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// ConsentAsk is what a user answered.
type ConsentAsk struct {
	// DepositID names the matter that was asked about.
	DepositID string
	Answer    swap.Answer
	// AtLeast is the least payout with AnswerRequote; without meaning otherwise.
	AtLeast asset.Amount
}

// Consent verifies that a pinned key signed exactly this answer for exactly the swap
// of verified terms.
func (v Verifier) Consent(t swap.Terms, signed string, ask ConsentAsk) (swap.Consent, error) {
	const field = "signed_consent"
	c, err := swap.VerifyConsent(signed, v.AttestKeys)
	if err != nil {
		return swap.Consent{}, Refuse(field, err)
	}
	least := ask.AtLeast
	if ask.Answer != swap.AnswerRequote {
		least = c.AtLeast
	}
	err = First(append(v.amends(field, t, c.SwapID, c.ReceiptHash, c.IssuedAt),
		Equal(field+".deposit_id", c.DepositID, ask.DepositID), Equal(field+".answer", c.Answer, ask.Answer),
		Equal(field+".at_least", c.AtLeast, least))...)
	if err != nil {
		return swap.Consent{}, err
	}
	return c, nil
}

// RefundAddress verifies that a pinned key signed this refund address for the swap
// of verified terms, whose receipt left it open. asked may be in any form that the
// chain accepts.
func (v Verifier) RefundAddress(t swap.Terms, signed, asked string) (swap.RefundAddress, error) {
	const field = "signed_refund_address"
	a, err := swap.VerifyRefundAddress(signed, v.AttestKeys)
	if err != nil {
		return swap.RefundAddress{}, Refuse(field, err)
	}
	want, err := v.Networks.ParseAddress(t.Quote.DepositChain(), asked)
	if err != nil {
		return swap.RefundAddress{}, Refuse("refund_address", err)
	}
	err = First(append(v.amends(field, t, a.SwapID, a.ReceiptHash, a.IssuedAt),
		That(field, t.Receipt.RefundAddress == "", "the receipt names a refund address, which stays"),
		Equal(field+".refund_address", a.RefundAddress, want),
		That(field+".refund_address", a.RefundAddress != t.Receipt.DepositAddress, "it is the deposit address"))...)
	if err != nil {
		return swap.RefundAddress{}, err
	}
	return a, nil
}

// Requote verifies that a pinned key signed a new price for exactly these deposits
// of the swap of verified terms, and that its user said yes to it: by the consent
// (signedConsent, "" without one), or beforehand by the receipt's policy. What is
// paid is exactly the requote's payout, to the receipt's payout address.
func (v Verifier) Requote(t swap.Terms, signedRequote, signedConsent string, deposits []swap.OrderDeposit) (swap.Requote, error) {
	const field = "signed_requote"
	r, err := swap.VerifyRequote(signedRequote, v.QuoteKeys)
	if err != nil {
		return swap.Requote{}, Refuse(field, err)
	}
	if err := First(v.amends(field, t, r.SwapID, r.ReceiptHash, r.IssuedAt)...); err != nil {
		return swap.Requote{}, err
	}
	var consent *swap.Consent
	hash := ""
	if signedConsent != "" {
		c, err := swap.VerifyConsent(signedConsent, v.AttestKeys)
		if err != nil {
			return swap.Requote{}, Refuse("signed_consent", err)
		}
		if err := First(v.amends("signed_consent", t, c.SwapID, c.ReceiptHash, c.IssuedAt)...); err != nil {
			return swap.Requote{}, err
		}
		consent, hash = &c, swap.HashDocument(signedConsent)
	}
	if len(deposits) == 0 {
		return swap.Requote{}, First(That(field, false, "it is for no deposit"))
	}
	sorted := slices.Clone(deposits)
	slices.SortFunc(sorted, func(a, b swap.OrderDeposit) int { return strings.Compare(a.ID, b.ID) })
	if err := t.Permits(r, sorted, consent, hash); err != nil {
		return swap.Requote{}, Refuse(field, err)
	}
	return r, nil
}

// amends is what holds for every amendment: it is for this very receipt, and was
// made after it and not in the future.
func (v Verifier) amends(field string, t swap.Terms, swapID, receiptHash string, issued time.Time) []Check {
	return []Check{
		Equal(field+".swap_id", swapID, t.Receipt.SwapID),
		Equal(field+".receipt_hash", receiptHash, swap.HashDocument(t.SignedReceipt)),
		That(field+".issued_at", !issued.Before(t.Receipt.IssuedAt.Add(-MaxSkew)), "it is before the receipt: "+stamp(issued)),
		That(field+".issued_at", !issued.After(v.now().Add(MaxSkew)), "it is in the future: "+stamp(issued)),
	}
}

// WrongAssetAsk is what a swap's owner said yes to.
type WrongAssetAsk struct {
	DepositID string
	// Deposit is all that came, Fee what may be kept back of it, in the same asset.
	Deposit, Fee asset.Amount
	// Destination is in any form that the chain of Deposit accepts.
	Destination string
}

// WrongAssetRefund verifies that a pinned key signed the owner's yes to the refund of
// exactly this deposit in another asset than that of verified terms, at exactly this
// fee, to this address.
func (v Verifier) WrongAssetRefund(t swap.Terms, signed string, ask WrongAssetAsk) (swap.WrongAssetRefund, error) {
	const field = "signed_wrong_asset_refund"
	w, err := swap.VerifyWrongAssetRefund(signed, v.AttestKeys)
	if err != nil {
		return swap.WrongAssetRefund{}, Refuse(field, err)
	}
	known, ok := asset.Lookup(ask.Deposit.Asset)
	if err := First(That("deposit", ok, "its asset is not known")); err != nil {
		return swap.WrongAssetRefund{}, err
	}
	want, err := v.Networks.ParseAddress(known.Chain, ask.Destination)
	if err != nil {
		return swap.WrongAssetRefund{}, Refuse("destination", err)
	}
	err = First(append(v.amends(field, t, w.SwapID, w.ReceiptHash, w.IssuedAt),
		Equal(field+".deposit_id", w.DepositID, ask.DepositID), Equal(field+".deposit", w.Deposit, ask.Deposit),
		Equal(field+".fee", w.Fee, ask.Fee), Equal(field+".destination", w.Destination, want),
		That(field+".destination", w.Destination != t.Receipt.DepositAddress, "it is the deposit address"))...)
	if err != nil {
		return swap.WrongAssetRefund{}, err
	}
	if _, _, err := t.WrongAssetBack(swap.OrderDeposit{ID: w.DepositID, Amount: w.Deposit}, &w, t.Receipt.RefundAddress); err != nil {
		return swap.WrongAssetRefund{}, Refuse(field, err)
	}
	return w, nil
}
