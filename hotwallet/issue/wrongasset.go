package issue

import (
	"context"
	"errors"
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

const fieldWrongDestination = "wrong_asset.destination"

// checkWrongAsset checks of an owner's yes to a refund in another asset what attestd
// can't: that its destination is none of the addresses in the database, and, on this
// wallet's own chain, that coins sent there are not stuck. On a sibling's chain the
// gateway has asked the sibling's wallet.
func (i *Issuer) checkWrongAsset(ctx context.Context, t swap.Terms, r *ferryv1.WrongAssetRequest) error {
	a, known := asset.Lookup(asset.ID(r.GetAsset()))
	if !known || a.ID == t.Quote.Pair.From {
		return swap.Refuse(swap.CodeRefused, "wrong_asset.asset", "", "This is no other asset than the swap's.")
	}
	if err := i.address(ctx, fieldWrongDestination, a.Chain, r.GetDestination()); err != nil {
		return err
	}
	if a.Chain != i.config.Chain {
		return nil
	}
	err := i.config.Destinations.CheckDestination(ctx, r.GetDestination())
	if errors.Is(err, asset.ErrAddressForbidden) {
		return swap.Refuse(swap.CodeForbiddenAddress, fieldWrongDestination, "", "Coins sent to this address would be lost.")
	}
	return err
}

// checkYes compares the document with what was asked.
func (i *Issuer) checkYes(t swap.Terms, r *ferryv1.WrongAssetRequest, signed string) error {
	w, err := swap.VerifyWrongAssetRefund(signed, i.config.AttestKeys)
	if err != nil {
		return err
	}
	units, err := asset.ParseUnits(r.GetUnits())
	fee, feeErr := asset.ParseUnits(r.GetFeeUnits())
	if err := errors.Join(err, feeErr); err != nil {
		return fmt.Errorf("the amounts asked for: %w", err)
	}
	id := asset.ID(r.GetAsset())
	want := swap.WrongAssetRefund{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt), DepositID: r.GetDepositId(),
		Deposit: asset.Amount{Asset: id, Units: units}, Fee: asset.Amount{Asset: id, Units: fee}, Destination: r.GetDestination(), IssuedAt: w.IssuedAt}
	if w != want {
		return fmt.Errorf("the yes for %s is not what was asked for: %w", t.Receipt.SwapID, swap.ErrSignature)
	}
	return nil
}
