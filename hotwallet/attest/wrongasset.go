package attest

import (
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// The fields of a WrongAssetRequest that refusals name.
const (
	fieldWrongDestination = "wrong_asset.destination"
	fieldWrongAmount      = "wrong_asset.units"
)

// wrongAsset signs the owner's yes to the refund of a deposit in another asset than the
// swap's. On the swap's own chain it goes to the swap's refund address, if there is one;
// what was said once stays.
func (a *Attestor) wrongAsset(t swap.Terms, r *ferryv1.WrongAssetRequest) (string, error) {
	w := swap.WrongAssetRefund{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt),
		DepositID: r.GetDepositId(), Destination: r.GetDestination(), IssuedAt: swap.Millis(a.now())}
	id := asset.ID(r.GetAsset())
	units, err := asset.ParseUnits(r.GetUnits())
	fee, feeErr := asset.ParseUnits(r.GetFeeUnits())
	if err != nil || feeErr != nil {
		return "", refuse(fieldWrongAmount, "", "The deposit or the fee is no count of base units.")
	}
	w.Deposit, w.Fee = asset.Amount{Asset: id, Units: units}, asset.Amount{Asset: id, Units: fee}
	known, registered := asset.Lookup(id)
	if !registered || !slices.Contains(a.networks.Chains(), known.Chain) {
		return "", refuse("wrong_asset.asset", "", fmt.Sprintf("Asset %.20q is not known here.", id))
	}
	if err := a.checkAddress(fieldWrongDestination, known.Chain, w.Destination); err != nil {
		return "", err
	}
	home, err := a.store.refundsTo(t)
	if err != nil {
		return "", err
	}
	own, err := a.store.isOwn(known.Chain, w.Destination)
	if err != nil {
		return "", err
	}
	if own {
		return "", swap.Refuse(swap.CodeForbiddenAddress, fieldWrongDestination, "", "The destination is one of our own addresses.")
	}
	if home = t.RefundsWrongAssetTo(id, home); home != "" && home != w.Destination {
		return "", swap.Refuse(swap.CodeRefundAddressSet, fieldWrongDestination, "", "The swap has a refund address on this chain, and it stays.")
	}
	if err := w.Validate(); err != nil {
		return "", refuse("wrong_asset", "", fmt.Sprintf("The yes is malformed: %v.", err))
	}
	if _, _, err := t.WrongAssetBack(swap.OrderDeposit{ID: w.DepositID, Amount: w.Deposit}, &w, home); err != nil {
		return "", refuse("wrong_asset", "", fmt.Sprintf("It permits nothing: %v.", err))
	}
	return swap.SignWrongAssetRefund(w, a.key)
}

// refundsTo is a swap's refund address: the receipt's, or the one that was set later;
// "" while there is none.
func (s *store) refundsTo(t swap.Terms) (address string, err error) {
	if t.Receipt.RefundAddress != "" {
		return t.Receipt.RefundAddress, nil
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		raw := tx.Bucket(bucketRefund).Get([]byte(t.Receipt.SwapID))
		if raw == nil {
			return nil
		}
		var set refundRecord
		if err := json.Unmarshal(raw, &set); err != nil {
			return fmt.Errorf("decode the refund address of %s: %w", t.Receipt.SwapID, err)
		}
		address = set.Address
		return nil
	})
	return address, err
}

// isOwn reports that an address is ours, as far as they are derived.
func (s *store) isOwn(chain asset.Chain, address string) (own bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		own = s.holds(tx, chain, address)
		return nil
	})
	return own, err
}
