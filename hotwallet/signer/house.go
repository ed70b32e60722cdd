package signer

import (
	"ferry/swap"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// The fields of the house's own authorities that refusals name.
const (
	fieldAsset       = "authority.asset"
	fieldDepositPath = "authority.deposit_path"
)

// checkHouseDocuments refuses a swap's documents where the house moves its own: an
// authority of one purpose is none of another, and nothing is ignored.
func checkHouseDocuments(purpose swap.Purpose, a *ferryv1.Authority) error {
	for _, document := range []struct{ field, text string }{
		{"authority.signed_quote", a.GetSignedQuote()}, {fieldReceipt, a.GetSignedReceipt()}, {fieldRequote, a.GetSignedRequote()},
		{fieldConsent, a.GetSignedConsent()}, {fieldRefundAddress, a.GetSignedRefundAddress()}, {fieldWrongAsset, a.GetSignedWrongAssetRefund()},
	} {
		if document.text != "" {
			return refuse(document.field, "", "A %s rests on no document of a swap.", purpose)
		}
	}
	switch {
	case len(a.GetDeposits()) != 0:
		return refuse("authority.deposits", "0", "A %s uses up no deposit.", purpose)
	case len(a.GetSignedAttestations()) != 0:
		return refuse(fieldAttestations, "0", "A %s uses up no deposit that could be attested.", purpose)
	case purpose != swap.PurposeSweep && a.GetAsset() != "":
		return refuse(fieldAsset, "", "Only a sweep says what it moves.")
	case purpose != swap.PurposeGasTopUp && a.GetDepositPath() != "":
		return refuse(fieldDepositPath, "", "Only a gas top-up names a deposit address.")
	}
	return nil
}

// toOurs fixes a destination among our own addresses.
func (s *Signer) toOurs(c *claim, at position) error {
	key, err := s.ring.derive(at)
	if err != nil {
		return err
	}
	c.destination, c.addressField = key.Address, fieldDepositPath
	return nil
}

// bind gives one of the house's own authorities its key: by what it spends first, so
// that for one coin or nonce there is one sweep, top-up or gap-fill ever.
func (c *claim) bind(firstSpend string) {
	if c.purpose.House() {
		c.key = string(c.purpose) + ":" + firstSpend
	}
}
