package issue

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Amend has attestd hear the user's word about a swap that has its address from here.
// The secret goes to attestd and nowhere else: no log and no row.
func (i *Issuer) Amend(ctx context.Context, req *connect.Request[ferryv1.AmendRequest]) (_ *connect.Response[ferryv1.AmendResponse], err error) {
	defer func() { i.observe("amend", err) }()
	terms, err := i.amendable(ctx, req.Msg)
	if err != nil {
		return nil, i.answer("check what is to be amended", terms.Receipt.SwapID, err)
	}
	signed, err := i.amend(ctx, terms, req.Msg)
	if err != nil {
		return nil, i.answer("amend a swap", terms.Receipt.SwapID, err)
	}
	i.config.Log.Info("swap amended", "chain", i.config.Chain, "swap", terms.Receipt.SwapID, "consent", req.Msg.GetConsent() != nil, "wrong_asset", req.Msg.GetWrongAsset() != nil)
	return connect.NewResponse(&ferryv1.AmendResponse{SignedDocument: signed}), nil
}

// amendable finds the swap among those of this wallet, and checks of a refund address
// what attestd can't: that it is none of the addresses in the database, and that coins
// sent there are not stuck.
func (i *Issuer) amendable(ctx context.Context, r *ferryv1.AmendRequest) (swap.Terms, error) {
	terms, err := swap.VerifyTerms(r.GetSignedQuote(), r.GetSignedReceipt(), i.config.QuoteKeys, i.config.AttestKeys)
	if err != nil {
		return swap.Terms{}, swap.Refuse(swap.CodeRefused, "signed_receipt", "", "The quote and receipt do not verify.")
	}
	if terms.Receipt.DepositChain != i.config.Chain {
		return terms, swap.Refuse(swap.CodeRefused, "signed_receipt", string(i.config.Chain), fmt.Sprintf("The swap's deposits are not on %s.", i.config.Chain))
	}
	stored, err := i.config.Store.Receipt(ctx, terms.Receipt.SwapID)
	if err != nil {
		return terms, err
	}
	if stored != terms.SignedReceipt {
		return terms, swap.Refuse(swap.CodeRefused, "signed_receipt", "", "This wallet has not issued such a swap.")
	}
	if r.GetWrongAsset() != nil {
		return terms, i.checkWrongAsset(ctx, terms, r.GetWrongAsset())
	}
	if r.GetRefundAddress() == "" {
		return terms, nil
	}
	if err := i.address(ctx, fieldRefundAddress, i.config.Chain, r.GetRefundAddress()); err != nil {
		return terms, err
	}
	err = i.config.Destinations.CheckDestination(ctx, r.GetRefundAddress())
	if errors.Is(err, asset.ErrAddressForbidden) {
		return terms, swap.Refuse(swap.CodeForbiddenAddress, fieldRefundAddress, "", "Coins sent to this address would be lost.")
	}
	return terms, err
}

const fieldRefundAddress = "refund_address"

// amend has the document signed and compares it with what was asked.
func (i *Issuer) amend(ctx context.Context, t swap.Terms, r *ferryv1.AmendRequest) (string, error) {
	res, err := i.config.Attest.Amend(ctx, connect.NewRequest(r))
	if err != nil {
		return "", fmt.Errorf("have the amendment signed: %w", err)
	}
	signed := res.Msg.GetSignedDocument()
	switch {
	case r.GetConsent() != nil:
		return signed, i.checkConsent(t, r.GetConsent(), signed)
	case r.GetWrongAsset() != nil:
		return signed, i.checkYes(t, r.GetWrongAsset(), signed)
	}
	set, err := swap.VerifyRefundAddress(signed, i.config.AttestKeys)
	if err != nil {
		return "", err
	}
	if set.SwapID != t.Receipt.SwapID || set.ReceiptHash != swap.HashDocument(t.SignedReceipt) || set.RefundAddress != r.GetRefundAddress() {
		return "", fmt.Errorf("refund address of %s is not what was asked for: %w", t.Receipt.SwapID, swap.ErrSignature)
	}
	return signed, nil
}

func (i *Issuer) checkConsent(t swap.Terms, r *ferryv1.ConsentRequest, signed string) error {
	c, err := swap.VerifyConsent(signed, i.config.AttestKeys)
	if err != nil {
		return err
	}
	want := swap.Consent{SwapID: t.Receipt.SwapID, ReceiptHash: swap.HashDocument(t.SignedReceipt),
		DepositID: r.GetDepositId(), Answer: swap.Answer(r.GetAnswer()), IssuedAt: c.IssuedAt}
	if want.Answer == swap.AnswerRequote {
		units, err := asset.ParseUnits(r.GetAtLeastUnits())
		if err != nil {
			return fmt.Errorf("the least payout asked for: %w", err)
		}
		want.AtLeast = asset.Amount{Asset: t.Quote.Pair.To, Units: units}
	}
	if c != want {
		return fmt.Errorf("consent of %s is not what was asked for: %w", t.Receipt.SwapID, swap.ErrSignature)
	}
	return nil
}
