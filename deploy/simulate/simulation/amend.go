package simulation

import (
	"slices"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// This file is what users do about deposits that do not match: with the swap's
// secret, through gateway and attestd, which sign whatever is well-formed.

// drawPolicy is what a user wants done with what does not match.
func (w *World) drawPolicy() swap.Policy {
	draw := func() swap.Answer {
		return one(w, []swap.Answer{swap.AnswerRequote, swap.AnswerRequote, swap.AnswerRefund, swap.AnswerAsk})
	}
	return swap.Policy{OnShort: draw(), OnOver: draw(), OnLate: draw(), OnExtra: draw(), ToleranceBPS: w.rng.Int64N(301)}
}

// answer is a user who answers a question, or one that was never asked.
func (w *World) answer() {
	u, row, ok := w.someSwap(w.unsettledLeg())
	if ok && !u.silent {
		w.answerAbout(u, row)
	}
}

// unsettledLeg picks swaps with something unsettled: half of the time their main leg.
func (w *World) unsettledLeg() func(swap.Swap) bool {
	main := w.chance(2)
	return func(s swap.Swap) bool {
		return slices.ContainsFunc(s.Amended.Mismatches, func(m swap.Mismatch) bool { return m.Main || !main })
	}
}

func (w *World) answerAbout(u *user, row swap.Swap) {
	if len(row.Deposits) == 0 {
		return
	}
	if len(u.answers) > 0 && w.chance(8) {
		// The same answer again, whatever has become of it.
		w.gateway.put(w.answered(u, one(w, u.answers)))
		return
	}
	id, offer := one(w, row.Deposits).ID, asset.Amount{}
	if len(row.Amended.Mismatches) > 0 && !w.chance(12) {
		m := one(w, row.Amended.Mismatches)
		id, offer = m.ID, m.Offer
	}
	c := swap.Consent{SwapID: u.id(), ReceiptHash: swap.HashDocument(u.terms.SignedReceipt), DepositID: id,
		Answer: swap.AnswerRefund, IssuedAt: swap.Millis(w.now)}
	if !w.chance(3) {
		c.Answer, c.AtLeast = swap.AnswerRequote, w.least(u, offer)
	}
	signed, err := swap.SignConsent(c, attestKey)
	must(err)
	u.answers = append(u.answers, signed)
	w.gateway.put(w.answered(u, signed))
	w.tell("answer for %.31s: %s %s", u.id(), c.Answer, c.AtLeast.Units)
}

func (w *World) answered(u *user, signed string) swap.Fact {
	return swap.Fact{Kind: swap.FactAnswered, SwapID: u.id(), At: swap.Millis(w.now), Answered: &swap.AnsweredFact{SignedConsent: signed}}
}

// least is the least payout that a user accepts: anything, about what was offered, or
// what was quoted.
func (w *World) least(u *user, offer asset.Amount) asset.Amount {
	quoted := u.terms.Quote.Payout
	if offer.Units.IsZero() {
		offer = asset.Amount{Asset: quoted.Asset, Units: w.share(quoted.Units, 50)}
	}
	least := asset.Amount{Asset: quoted.Asset, Units: asset.NewUnits(1)}
	switch w.rng.IntN(5) {
	case 0, 1:
		least.Units = offer.Units
	case 2:
		least.Units = w.share(offer.Units, 98)
	case 3:
		least = quoted
	}
	return least
}

// nameRefund is a user who says where refunds go, once or again. attestd signs one
// such document for a swap ever, and none for a receipt that has an address.
func (w *World) nameRefund() {
	u, _, ok := w.someSwap(func(s swap.Swap) bool {
		return slices.ContainsFunc(s.Amended.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitAddress })
	})
	if ok {
		w.nameRefundOf(u)
	}
}

func (w *World) nameRefundOf(u *user) {
	if u.terms.Receipt.RefundAddress != "" || u.homeless {
		return
	}
	if u.refundSet == "" {
		a := swap.RefundAddress{SwapID: u.id(), ReceiptHash: swap.HashDocument(u.terms.SignedReceipt),
			RefundAddress: w.chains[u.on].NewAddress(), IssuedAt: swap.Millis(w.now)}
		signed, err := swap.SignRefundAddress(a, attestKey)
		must(err)
		u.refundSet, u.signedRefund = a.RefundAddress, signed
	}
	w.gateway.put(swap.Fact{Kind: swap.FactRefundAddressSet, SwapID: u.id(), At: swap.Millis(w.now),
		Refund: &swap.RefundAddressFact{SignedRefundAddress: u.signedRefund}})
	w.tell("refund address for %.31s", u.id())
}

// refundsTo is where refunds of a user go: "" if nobody has said.
func (u *user) refundsTo() string {
	if u.terms.Receipt.RefundAddress != "" {
		return u.terms.Receipt.RefundAddress
	}
	return u.refundSet
}

// afterwards is somebody who acts on a swap at its end, of which nothing is unsettled.
func (w *World) afterwards() {
	u, row, ok := w.someSwap(func(s swap.Swap) bool {
		stage, _ := statemachine.StageOf(s.State)
		return stage.Final && len(s.Amended.Mismatches) == 0
	})
	if stage, _ := statemachine.StageOf(row.State); !ok || !stage.Final || len(row.Amended.Mismatches) > 0 {
		return
	}
	switch w.rng.IntN(4) {
	case 0:
		w.answerAbout(u, row)
	case 1:
		w.nameRefundOf(u)
	case 2:
		w.staffOn(u, row)
	default:
		w.approveOf(u, row)
	}
}

// someSwap is a user with a swap that is known: mostly one of which something holds.
func (w *World) someSwap(holds func(swap.Swap) bool) (*user, swap.Swap, bool) {
	var all, fitting []*user
	for _, u := range w.users {
		row, known := w.states.Swap(u.id())
		if known {
			all = append(all, u)
		}
		if known && holds(row) {
			fitting = append(fitting, u)
		}
	}
	if len(fitting) > 0 && !w.chance(10) {
		all = fitting
	}
	if len(all) == 0 {
		return nil, swap.Swap{}, false
	}
	u := one(w, all)
	row, _ := w.states.Swap(u.id())
	return u, row, true
}
