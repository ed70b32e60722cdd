package gateway

import (
	"context"
	"fmt"
	"slices"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/verify"
)

// answerWrongAsset is the owner's yes to the refund of a deposit in another asset.
const answerWrongAsset = "refund_wrong_asset"

// refundWrongAsset answers POST /v1/swaps/{id}/answer where that is the answer. What is
// refunded, at which fee and who pays it, stands in the swap's mismatch before; the yes
// is to exactly that. The same request gets the document that was signed then.
func (g *Gateway) refundWrongAsset(ctx context.Context, o owned, b api.AnswerRequest) (api.AnswerQuestionResponseObject, error) {
	named := ""
	switch {
	case b.DepositId == nil || *b.DepositId == "":
		return nil, swap.Refuse(swap.CodeRefused, "deposit_id", "", "Say with deposit_id which deposit is to be refunded.")
	case b.AtLeast != nil:
		return nil, swap.Refuse(swap.CodeRefused, "at_least", "", "A refund has no least payout; leave at_least out.")
	case b.RefundAddress != nil:
		named = *b.RefundAddress
	}
	var yes swap.WrongAssetRefund
	var ask *verify.WrongAssetAsk
	a := amendment{kind: swap.FactAnswered, parts: []string{answerWrongAsset, *b.DepositId, named}, version: o.newest.Version,
		verify: func(document string) (err error) {
			if yes, err = swap.VerifyWrongAssetRefund(document, g.config.AttestKeys); err != nil {
				return err
			}
			want := verify.WrongAssetAsk{DepositID: *b.DepositId, Deposit: yes.Deposit, Fee: yes.Fee, Destination: yes.Destination}
			if ask != nil { // else it was told before, of what stood there then
				want = *ask
			}
			_, err = g.verifier().WrongAssetRefund(o.terms, document, want)
			return err
		},
		fact: func(document string) swap.Fact {
			return swap.Fact{Answered: &swap.AnsweredFact{SignedWrongAssetRefund: document}}
		}}
	document, found, err := g.told(ctx, o, a, 0)
	if err != nil {
		return nil, err
	}
	if !found {
		if ask, err = g.readYes(ctx, o, *b.DepositId, named); err != nil {
			return nil, err
		}
		a.ask.WrongAsset = ask
		if document, err = g.amend(ctx, o, a); err != nil {
			return nil, err
		}
	}
	back, _, err := o.terms.WrongAssetBack(swap.OrderDeposit{ID: yes.DepositID, Amount: yes.Deposit}, &yes, o.terms.Receipt.RefundAddress)
	if err != nil {
		return nil, fmt.Errorf("what the owner of %s said yes to: %w", o.terms.Receipt.SwapID, err)
	}
	return api.AnswerQuestion200JSONResponse{Id: o.terms.Receipt.SwapID, DepositId: yes.DepositID, Answer: answerWrongAsset,
		Asset: string(yes.Deposit.Asset), RefundAmount: back.Decimal(), RefundFee: yes.Fee.Decimal(), RefundAddress: yes.Destination,
		SignedWrongAssetRefund: document}, nil
}

// readYes is what the owner says yes to: the deposit and its fee as they are shown, and
// the swap's refund address, or the one that is named where it has none on this chain.
func (g *Gateway) readYes(ctx context.Context, o owned, depositID, named string) (*verify.WrongAssetAsk, error) {
	i := slices.IndexFunc(o.newest.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitOwner && m.ID == depositID })
	d := slices.IndexFunc(o.newest.Deposits, func(d swap.Deposit) bool { return d.ID == depositID })
	if i < 0 || d < 0 {
		return nil, swap.Refuse(swap.CodeNothingToAnswer, "deposit_id", "", "No deposit of this id waits for a yes to its refund.")
	}
	deposit := o.newest.Deposits[d].Amount
	chain := asset.MustLookup(deposit.Asset).Chain
	home := o.terms.RefundsWrongAssetTo(deposit.Asset, o.newest.RefundAddress)
	to := home
	if named != "" {
		var err error
		if to, err = g.readAddress(fieldRefundAddress, chain, named); err != nil {
			return nil, err
		}
	}
	switch {
	case to == "":
		return nil, swap.Refuse(swap.CodeRefused, fieldRefundAddress, string(chain), fmt.Sprintf("Say with refund_address where on %s it goes.", chain))
	case home != "" && to != home:
		return nil, refundAddressSet()
	case to == o.terms.Receipt.DepositAddress:
		return nil, swap.Refuse(swap.CodeForbiddenAddress, fieldRefundAddress, "", "This is the swap's own deposit address.")
	case g.calls.Wallets[chain] == nil:
		return nil, fmt.Errorf("no hot wallet pays on %s: %w", chain, ErrNoAnswer)
	}
	if err := g.checkDestination(ctx, fieldRefundAddress, chain, to); err != nil {
		return nil, err
	}
	return &verify.WrongAssetAsk{DepositID: depositID, Deposit: deposit, Fee: o.newest.Mismatches[i].Fee, Destination: to}, nil
}
