package signer

import (
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

const fieldWrongAsset = "authority.signed_wrong_asset_refund"

// depositAsset is the asset of all deposits of an authority: the quote's where they
// name none.
func depositAsset(t swap.Terms, told []*ferryv1.AuthorityDeposit) (asset.ID, error) {
	id := t.Quote.Pair.From
	for i, d := range told {
		named := asset.ID(d.GetAsset())
		if named == "" {
			named = t.Quote.Pair.From
		}
		if _, known := asset.Lookup(named); !known {
			return "", refuse("authority.deposits.asset", "", "Asset %.20q is not known.", named)
		}
		if i > 0 && named != id {
			return "", refuse("authority.deposits.asset", "", "The deposits are in several assets.")
		}
		id = named
	}
	return id, nil
}

// refundWrong: a deposit in another asset than the quote's, back to where its owner
// said, less exactly the fee that the owner said yes to; or all of it to the swap's
// refund address, where that is an address of its chain. It can never be paid out.
func (s *Signer) refundWrong(c *claim, t swap.Terms, a *ferryv1.Authority, id asset.ID) error {
	if c.purpose != swap.PurposeRefund {
		return refuse("authority.deposits.asset", string(t.Quote.Pair.From), "A deposit in another asset than the quote's can only be refunded.")
	}
	if chain := asset.MustLookup(id).Chain; c.chain != chain {
		return refuse("authority.purpose", string(chain), "A deposit in %s is refunded on %s.", id, chain)
	}
	if len(c.deposits) != 1 {
		return refuse("authority.deposits", "1", "Each deposit is refunded by itself.")
	}
	deposit := swap.OrderDeposit{ID: c.deposits[0].ID, Amount: asset.Amount{Asset: id, Units: c.deposits[0].Units}}
	back, err := s.wrongAssetBack(c, t, a, deposit)
	if err != nil {
		return err
	}
	c.key, c.asset, c.least, c.most = "refund:"+deposit.ID, id, back.Units, back.Units
	if home, ok := keys.HomeOf(c.chain); ok && home == t.Receipt.DepositChain {
		c.sibling = &siblingCoin{home: home, path: t.Receipt.DepositPath, id: deposit.ID}
	}
	return nil
}

// wrongAssetBack verifies the owner's yes, if there is one, and asks the rule.
func (s *Signer) wrongAssetBack(c *claim, t swap.Terms, a *ferryv1.Authority, deposit swap.OrderDeposit) (back asset.Amount, err error) {
	var owner *swap.WrongAssetRefund
	to := t.Receipt.RefundAddress
	switch signed := a.GetSignedWrongAssetRefund(); {
	case signed == "":
		if to, c.addressField, err = s.refundTo(t, a.GetSignedRefundAddress()); err != nil {
			return back, err
		}
	case a.GetSignedRefundAddress() != "":
		return back, refuse(fieldRefundAddress, "", "The owner's yes names where the deposit goes.")
	default:
		yes, err := swap.VerifyWrongAssetRefund(signed, s.attestKeys)
		if err != nil {
			return back, refuse(fieldWrongAsset, "", "The owner's yes does not verify: %v.", err)
		}
		owner, c.addressField = &yes, fieldWrongAsset
	}
	if back, c.destination, err = t.WrongAssetBack(deposit, owner, to); err != nil {
		return back, refuse(fieldWrongAsset, "", "The refund is not permitted: %v.", err)
	}
	return back, nil
}
