package payment

import (
	"errors"
	"fmt"

	"ferry/swap"
)

// checkRequoted reports a payout that its requote does not permit.
func checkRequoted(o swap.Order, t swap.Terms, quoteKeys, attestKeys swap.PublicKeys) error {
	r, err := swap.VerifyRequote(o.SignedRequote, quoteKeys)
	if err != nil {
		return err
	}
	var consent *swap.Consent
	if r.ConsentHash != "" {
		c, err := swap.VerifyConsent(o.SignedConsent, attestKeys)
		if err != nil {
			return err
		}
		consent = &c
	}
	if err := t.Permits(r, o.Deposits, consent, swap.HashDocument(o.SignedConsent)); err != nil {
		return err
	}
	switch {
	case o.Amount != r.Payout:
		return fmt.Errorf("the payout is %s, the requote says %s", o.Amount, r.Payout)
	case o.Destination != t.Receipt.PayoutAddress:
		return errors.New("the destination is not the receipt's payout address")
	case r.Main != (o.ID == swap.PayoutOrderID(o.SwapID)):
		return errors.New("the order's id is of another leg than the requote")
	}
	return nil
}

// refundTo is where refunds of the swap go: the receipt's address, or the one that
// was set later where the receipt left it open.
func refundTo(o swap.Order, t swap.Terms, attestKeys swap.PublicKeys) (string, error) {
	if t.Receipt.RefundAddress != "" {
		return t.Receipt.RefundAddress, nil
	}
	a, err := swap.VerifyRefundAddress(o.SignedRefundAddress, attestKeys)
	switch {
	case err != nil:
		return "", err
	case a.SwapID != o.SwapID || a.ReceiptHash != swap.HashDocument(t.SignedReceipt):
		return "", errors.New("the refund address is for another swap, or for another receipt of it")
	}
	return a.RefundAddress, nil
}
