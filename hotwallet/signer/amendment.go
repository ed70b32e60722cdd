package signer

import (
	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// checkDocuments refuses amendments where they have no business: nothing that was
// signed for one purpose is handed in for another, and nothing is ignored.
func checkDocuments(purpose swap.Purpose, a *ferryv1.Authority) error {
	if purpose.House() {
		return checkHouseDocuments(purpose, a)
	}
	switch {
	case a.GetAsset() != "":
		return refuse(fieldAsset, "", "Only a sweep says what it moves.")
	case a.GetDepositPath() != "":
		return refuse(fieldDepositPath, "", "Only a gas top-up names a deposit address.")
	case purpose == swap.PurposePayout && a.GetSignedWrongAssetRefund() != "":
		return refuse(fieldWrongAsset, "", "A payout has no use for an owner's yes to a refund.")
	case purpose == swap.PurposePayout && a.GetSignedRefundAddress() != "":
		return refuse(fieldRefundAddress, "", "A payout has no use for a refund address.")
	case purpose == swap.PurposePayout && a.GetSignedRequote() == "" && a.GetSignedConsent() != "":
		return refuse(fieldConsent, "", "A consent permits nothing without the requote that rests on it.")
	case purpose == swap.PurposeRefund && a.GetSignedRequote() != "":
		return refuse(fieldRequote, "", "A refund has no use for a requote.")
	case purpose == swap.PurposeRefund && a.GetSignedConsent() != "":
		return refuse(fieldConsent, "", "A refund has no use for a consent.")
	}
	return nil
}

// The fields of an authority that refusals name here.
const (
	fieldRequote       = "authority.signed_requote"
	fieldConsent       = "authority.signed_consent"
	fieldRefundAddress = "authority.signed_refund_address"
)

// requoted: what the requote pays, exactly, to the receipt's payout address, for
// exactly the deposits that it names. The main leg has the key of the quote's own
// payout, so that of all of them one is ever paid.
func (s *Signer) requoted(c *claim, t swap.Terms, a *ferryv1.Authority) error {
	if c.chain != t.Quote.PayoutChain() {
		return refuse("authority.purpose", string(t.Quote.PayoutChain()), "The quote pays out on another chain.")
	}
	requote, err := swap.VerifyRequote(a.GetSignedRequote(), s.quoteKeys)
	if err != nil {
		return refuse(fieldRequote, "", "The requote does not verify: %v.", err)
	}
	consent, err := s.consent(requote, a.GetSignedConsent())
	if err != nil {
		return err
	}
	if err := t.Permits(requote, c.orderDeposits(t), consent, swap.HashDocument(a.GetSignedConsent())); err != nil {
		return refuse(fieldRequote, "", "The requote permits no such payout: %v.", err)
	}
	c.main, c.key = requote.Main, "payout:"+t.Quote.ID
	if !c.main {
		c.key = "payout:" + c.deposits[0].ID
	}
	c.asset, c.destination, c.addressField = requote.Payout.Asset, t.Receipt.PayoutAddress, fieldReceipt
	c.least, c.most = requote.Payout.Units, requote.Payout.Units
	return nil
}

// consent verifies the consent that a requote rests on: nil where it rests on none.
func (s *Signer) consent(r swap.Requote, signed string) (*swap.Consent, error) {
	switch {
	case r.ConsentHash == "" && signed != "":
		return nil, refuse(fieldConsent, "", "The requote rests on no consent.")
	case r.ConsentHash == "":
		return nil, nil //nolint:nilnil // no consent, and none is needed
	case signed == "":
		return nil, refuse(fieldConsent, "", "The consent that the requote rests on is missing.")
	}
	consent, err := swap.VerifyConsent(signed, s.attestKeys)
	if err != nil {
		return nil, refuse(fieldConsent, "", "The consent does not verify: %v.", err)
	}
	return &consent, nil
}

// orderDeposits are the claim's deposits as a requote names them: in the asset of
// the quote's deposit.
func (c claim) orderDeposits(t swap.Terms) []swap.OrderDeposit {
	deposits := make([]swap.OrderDeposit, len(c.deposits))
	for i, d := range c.deposits {
		deposits[i].ID, deposits[i].Amount.Asset, deposits[i].Amount.Units = d.ID, t.Quote.Deposit.Asset, d.Units
	}
	return deposits
}

// refundTo is where the refunds of a swap go: the receipt's address, or where it was
// left open the one that was set later with the swap's secret. field is the document
// that says it.
func (s *Signer) refundTo(t swap.Terms, signed string) (address, field string, err error) {
	switch {
	case t.Receipt.RefundAddress != "" && signed != "":
		return "", "", refuse(fieldRefundAddress, "", "The receipt has a refund address, and no other takes its place.")
	case t.Receipt.RefundAddress != "":
		return t.Receipt.RefundAddress, fieldReceipt, nil
	case signed == "":
		return "", "", refuse(fieldRefundAddress, "", "Nobody has said where to refund to: the receipt leaves it open.")
	}
	set, err := swap.VerifyRefundAddress(signed, s.attestKeys)
	if err != nil {
		return "", "", refuse(fieldRefundAddress, "", "The refund address does not verify: %v.", err)
	}
	if set.SwapID != t.Receipt.SwapID || set.ReceiptHash != swap.HashDocument(t.SignedReceipt) {
		return "", "", refuse(fieldRefundAddress, "", "The refund address is for swap %s, or for another receipt of it.", set.SwapID)
	}
	return set.RefundAddress, fieldRefundAddress, nil
}
