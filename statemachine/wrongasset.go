package statemachine

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
)

// A deposit in another asset than the terms' (a token sent to the coin's address, a
// coin sent on a chain whose addresses look the same) is no part of the swap: it is
// booked in its own asset, never advances or delays the swap, and is a matter of its
// own, which waits for the owner. Nobody agreed beforehand on what its refund costs,
// so it is refunded when the owner has said yes to the fee and, where the swap's
// refund address is on another chain, has named an address. Staff can send all of it
// to the refund address; then the house carries the fee.

// MaxWrongAsset is how many deposits in other assets, above dust, a swap's row takes.
// Each waits until somebody acts, so that without a limit an advertiser could fill the
// row with them and leave no place for the real deposit.
const MaxWrongAsset = 20

// isWrong reports a deposit in another asset than the terms'.
func isWrong(q swap.Quote, amount asset.Amount) bool { return amount.Asset != q.Pair.From }

// wrong counts the deposits in other assets that are more than dust, and not abandoned.
func (d Decision) wrong() (n int) {
	for _, deposit := range d.Swap.Deposits {
		if isWrong(d.Swap.Terms.Quote, deposit.Amount) && !deposit.Small && !isAbandoned(deposit) {
			n++
		}
	}
	return n
}

// refundFee is what a refund of a deposit in this asset costs its owner: the quote's
// where the asset is the quote's, else the deployment's.
func (d Decision) refundFee(id asset.ID) asset.Amount {
	if q := d.Swap.Terms.Quote; id == q.Pair.From {
		return q.RefundFeeMax
	}
	return asset.Amount{Asset: id, Units: d.fees[id]}
}

// wrongAsset books a confirmed deposit in another asset: dust is kept apart, anything
// else waits for its owner.
func wrongAsset(d Decision, i int, f swap.Fact) Decision {
	deposit := &d.Swap.Deposits[i]
	if deposit.Small {
		deposit.Verdict = swap.VerdictDust
		d.Note = fmt.Sprintf("%s is dust: it is kept apart and touches nothing.", deposit.Amount)
		d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
		return d
	}
	deposit.Verdict = swap.VerdictWrongAsset
	d.Entries = append(d.Entries, depositEntry(d.Swap.ID, *deposit))
	d = d.keep(swap.Mismatch{ID: deposit.ID, Deposits: []string{deposit.ID}, Verdict: swap.VerdictWrongAsset,
		Wait: swap.WaitOwner, Fee: d.refundFee(deposit.Amount.Asset), By: d.now(f).Add(d.waits.Reminder)})
	d.Note = fmt.Sprintf("%s came, and the swap is for %s: it touches nothing, and its refund waits for the owner's yes.",
		deposit.Amount, d.Swap.Terms.Quote.Pair.From)
	return d
}

// owned refunds a deposit in another asset to where its owner says, at the fee that
// was said beforehand.
func (r Rules) owned(d Decision, signed string) Decision {
	yes, err := swap.VerifyWrongAssetRefund(signed, r.AttestKeys)
	if err != nil {
		return parked("the owner's yes does not verify: %v", err)
	}
	m, ok := d.mismatch(yes.DepositID)
	switch {
	case yes.SwapID != d.Swap.ID || yes.ReceiptHash != swap.HashDocument(d.Swap.Terms.SignedReceipt):
		return parked("the owner's yes is for swap %s, or for another receipt of it", yes.SwapID)
	case !ok || m.Wait != swap.WaitOwner:
		d.Note = "The owner said yes, and no deposit waited for it."
		return d
	case !d.isHere(m):
		return parked("the deposit that the owner's yes is about is taken back")
	case d.elsewhere(yes):
		d.Note = "The owner's yes names another address than the swap's refund address, which stays: it has to be said again."
		return d
	case yes.Fee != m.Fee:
		return parked("the owner's yes is to a fee of %s, and %s was said", yes.Fee, m.Fee)
	}
	return d.refundWrong(m, &yes, signed)
}

// elsewhere reports a yes whose destination the swap's refund address has taken the
// place of: it may have been set after the owner had said yes.
func (d Decision) elsewhere(yes swap.WrongAssetRefund) bool {
	home := d.Swap.Terms.RefundsWrongAssetTo(yes.Deposit.Asset, d.Swap.RefundsTo())
	return home != "" && home != yes.Destination
}

// returnWhole is staff's refund of a deposit in another asset: all of it, to the
// refund address and nowhere else.
func returnWhole(d Decision, m swap.Mismatch) Decision {
	if d.Swap.Terms.RefundsWrongAssetTo(m.Fee.Asset, d.Swap.RefundsTo()) == "" {
		d.Note = d.say("%s: there is no refund address on its chain, so it needs its owner's yes.", d.what(m))
		return d
	}
	return d.refundWrong(m, nil, "")
}

// refundWrong orders the refund that Terms.WrongAssetBack permits.
func (d Decision) refundWrong(m swap.Mismatch, yes *swap.WrongAssetRefund, signed string) Decision {
	parts := d.partsOf(m)
	deposit := d.Swap.Deposits[parts[0]]
	back, to, err := d.Swap.Terms.WrongAssetBack(swap.OrderDeposit{ID: deposit.ID, Amount: deposit.Amount}, yes, d.Swap.RefundsTo())
	if err != nil {
		return parked("the refund of %s is not permitted: %v", deposit.Amount, err)
	}
	d = d.settle(m.ID)
	d.Entries = append(d.Entries, refundEntry(d.Swap.ID, deposit, back))
	d.Note = d.say("%s is %s: a refund of %s to %s is ordered.", deposit.Amount, deposit.Verdict, back, to)
	o := swap.Order{Purpose: swap.PurposeRefund, Amount: back, Destination: to, SignedWrongAssetRefund: signed}
	if yes == nil && d.Swap.Terms.Receipt.RefundAddress == "" {
		o.SignedRefundAddress = d.Swap.Amended.SignedRefundAddress
	}
	d = d.order(parts, o)
	if signed != "" {
		d.Swap.Amended.Owned = append(d.Swap.Amended.Owned, swap.OwnedRefund{OrderID: d.Orders[len(d.Orders)-1].ID, SignedWrongAssetRefund: signed})
	}
	return d
}

// remindOwner goes on waiting for the owner, ever longer.
func (d Decision) remindOwner(m swap.Mismatch, f swap.Fact) Decision {
	m.Reminded++
	m.By = d.now(f).Add(d.waits.Reminder << min(m.Reminded, 5))
	d.Note = "Reminder: a deposit in another asset waits for its owner's yes to the refund."
	return d.keep(m)
}

// ownersMatter says what a deposit in another asset waits for: what came, what is
// refunded of it, what that costs and who pays it, where to, and how to say yes.
func ownersMatter(s swap.Swap, m swap.Mismatch) string {
	d := Decision{Swap: s}
	q, what := s.Terms.Quote, asset.Amount{Asset: m.Fee.Asset}
	if parts := d.partsOf(m); len(parts) > 0 {
		what = s.Deposits[parts[0]].Amount
	}
	back, err := sub(what, m.Fee)
	if err != nil {
		back = asset.Amount{Asset: what.Asset}
	}
	chain := asset.MustLookup(what.Asset).Chain
	where := "the refund address"
	if s.Terms.RefundsWrongAssetTo(what.Asset, s.RefundsTo()) == "" {
		where = fmt.Sprintf("an address on %s that you name", chain)
	}
	return fmt.Sprintf("%s came on %s, and this swap is for %s. It touches nothing, and is kept for you. %s of it can be refunded to %s: "+
		"the fee of %s is yours to pay, and what the refund costs beyond it Ferry pays. Say yes with the swap's secret (answer refund_wrong_asset).",
		what, chain, q.Pair.From, back, where, m.Fee)
}

// toAnother reports a deposit to another address than the receipt's. On a sibling's
// chain the same address has another form, which only those who know the networks can
// tell: there the hot wallet's word counts until a payment rests on it, and then attestd
// derives the form by itself.
func toAnother(r swap.Receipt, told swap.DepositFact) bool {
	on := asset.MustLookup(told.Amount.Asset).Chain
	return on == r.DepositChain && told.Address != r.DepositAddress
}
