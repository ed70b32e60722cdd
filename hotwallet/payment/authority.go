package payment

import (
	"errors"
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
)

// CheckAuthority reports an order which its own signed documents do not allow:
// the same rule the signer applies, asked before a coin or nonce is tied up.
func CheckAuthority(o swap.Order, quoteKeys, attestKeys swap.PublicKeys) error {
	terms, err := swap.VerifyTerms(o.SignedQuote, o.SignedReceipt, quoteKeys, attestKeys)
	if err != nil {
		return err
	}
	if terms.Receipt.SwapID != o.SwapID {
		return fmt.Errorf("the receipt is for %s, not for %s", terms.Receipt.SwapID, o.SwapID)
	}
	deposited, err := o.Total()
	if err != nil {
		return err
	}
	if deposited.Asset != terms.Quote.Pair.From {
		return checkWrongAsset(o, terms, attestKeys)
	}
	switch {
	case o.SignedWrongAssetRefund != "":
		return errors.New("the deposit is in the quote's own asset, and its refund needs no owner's yes")
	case o.Purpose == swap.PurposeRefund:
		return checkRefund(o, deposited, terms, attestKeys)
	case o.Purpose != swap.PurposePayout:
		return fmt.Errorf("purpose %.20q is not known", o.Purpose)
	case o.SignedRefundAddress != "":
		return errors.New("a payout has no use for a refund address")
	case o.Destination != terms.Receipt.PayoutAddress:
		return errors.New("the destination is not the receipt's payout address")
	case o.SignedRequote != "":
		return checkRequoted(o, terms, quoteKeys, attestKeys)
	}
	return checkPayout(o, deposited, terms.Quote)
}

// checkPayout: by the quote itself. That its id is the main leg's, Order.Validate has
// said when the order came.
func checkPayout(o swap.Order, deposited asset.Amount, q swap.Quote) error {
	switch {
	case q.Variable:
		return errors.New("the quote locks no price, and there is no rate")
	case o.SignedConsent != "":
		return errors.New("a consent permits nothing without the requote that rests on it")
	case o.Amount != q.Payout:
		return fmt.Errorf("the payout is %s, the quote says %s", o.Amount, q.Payout)
	case deposited.Units.Less(q.Deposit.Units):
		return fmt.Errorf("what was deposited is %s, short of the quote's %s", deposited, q.Deposit)
	}
	return nil
}

// checkRequoted: by a requote, of the main leg or of an extra deposit.
func checkRequoted(o swap.Order, t swap.Terms, quoteKeys, attestKeys swap.PublicKeys) error {
	requote, err := swap.VerifyRequote(o.SignedRequote, quoteKeys)
	if err != nil {
		return err
	}
	var consent *swap.Consent
	if o.SignedConsent != "" {
		c, err := swap.VerifyConsent(o.SignedConsent, attestKeys)
		if err != nil {
			return err
		}
		consent = &c
	}
	switch {
	case consent != nil && requote.ConsentHash == "":
		return errors.New("the requote rests on no consent")
	case requote.Main != (o.ID == swap.PayoutOrderID(o.SwapID)):
		return errors.New("the requote is for another leg of the swap")
	case o.Amount != requote.Payout:
		return fmt.Errorf("the payout is %s, the requote says %s", o.Amount, requote.Payout)
	}
	return t.Permits(requote, o.Deposits, consent, swap.HashDocument(o.SignedConsent))
}

func checkRefund(o swap.Order, deposited asset.Amount, t swap.Terms, attestKeys swap.PublicKeys) error {
	if o.SignedRequote != "" || o.SignedConsent != "" {
		return errors.New("a refund has no use for a requote or a consent")
	}
	address, err := refundAddress(o, t, attestKeys)
	if err != nil {
		return err
	}
	if o.Destination != address {
		return errors.New("the destination is not the swap's refund address")
	}
	if len(o.Deposits) != 1 {
		return fmt.Errorf("a refund of %d deposits; each goes back by itself", len(o.Deposits))
	}
	if o.Amount.Asset != deposited.Asset {
		return fmt.Errorf("the refund is in %s, the deposit in %s", o.Amount.Asset, deposited.Asset)
	}
	kept, err := deposited.Units.Sub(o.Amount.Units)
	if err != nil {
		return fmt.Errorf("the refund of %s is more than the deposit of %s", o.Amount, deposited)
	}
	if t.Quote.RefundFeeMax.Units.Less(kept) {
		return fmt.Errorf("the refund keeps back %s, the quote allows %s",
			asset.Amount{Asset: o.Amount.Asset, Units: kept}, t.Quote.RefundFeeMax)
	}
	return nil
}

// checkWrongAsset: the refund of a deposit in another asset than the quote's, by its
// owner's yes or to the swap's refund address.
func checkWrongAsset(o swap.Order, t swap.Terms, attestKeys swap.PublicKeys) error {
	switch {
	case o.Purpose != swap.PurposeRefund:
		return fmt.Errorf("the deposit is in %s, the quote for %s: it can only be refunded", o.Deposits[0].Amount.Asset, t.Quote.Pair)
	case o.SignedRequote != "" || o.SignedConsent != "":
		return errors.New("a refund has no use for a requote or a consent")
	case len(o.Deposits) != 1:
		return fmt.Errorf("a refund of %d deposits; each goes back by itself", len(o.Deposits))
	case o.SignedWrongAssetRefund != "" && o.SignedRefundAddress != "":
		return errors.New("the owner's yes names where the deposit goes")
	}
	var owner *swap.WrongAssetRefund
	to := t.Receipt.RefundAddress
	if o.SignedWrongAssetRefund != "" {
		yes, err := swap.VerifyWrongAssetRefund(o.SignedWrongAssetRefund, attestKeys)
		if err != nil {
			return err
		}
		owner = &yes
	} else {
		var err error
		if to, err = refundAddress(o, t, attestKeys); err != nil {
			return err
		}
	}
	back, to, err := t.WrongAssetBack(o.Deposits[0], owner, to)
	switch {
	case err != nil:
		return err
	case o.Amount != back || o.Destination != to:
		return fmt.Errorf("the refund is %s to %s, permitted are %s to %s", o.Amount, o.Destination, back, to)
	}
	return nil
}

// refundAddress is the receipt's or, where that is open, the one that was set later.
func refundAddress(o swap.Order, t swap.Terms, attestKeys swap.PublicKeys) (string, error) {
	switch {
	case o.SignedRefundAddress == "" && t.Receipt.RefundAddress == "":
		return "", errors.New("the receipt leaves the refund address open, and the order does not name the one set later")
	case o.SignedRefundAddress == "":
		return t.Receipt.RefundAddress, nil
	case t.Receipt.RefundAddress != "":
		return "", errors.New("the receipt has a refund address, and no other takes its place")
	}
	set, err := swap.VerifyRefundAddress(o.SignedRefundAddress, attestKeys)
	if err != nil {
		return "", err
	}
	if set.SwapID != t.Receipt.SwapID || set.ReceiptHash != swap.HashDocument(t.SignedReceipt) {
		return "", fmt.Errorf("the refund address is for %s, or for another receipt of it", set.SwapID)
	}
	return set.RefundAddress, nil
}
