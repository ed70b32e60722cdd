package statemachine_test

import (
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// agreed is a created story whose receipt has this policy; refundTo may be "".
func agreed(t testing.TB, policy swap.Policy, refundTo string) *story {
	s := newStory(t)
	s.terms = swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
		r.Policy, r.RefundAddress = policy, refundTo
	})
	s.tell(s.creation())
	return s
}

// policyOf is one answer to everything, with a tolerance of 1 %.
func policyOf(a swap.Answer) swap.Policy {
	return swap.Policy{OnShort: a, OnOver: a, OnLate: a, OnExtra: a, ToleranceBPS: 100}
}

// requested is the newest request for a price.
func (s *story) requested() swap.RequoteRequest {
	s.t.Helper()
	if len(s.all.Requests) == 0 {
		s.t.Fatal("no price was asked for")
	}
	return s.all.Requests[len(s.all.Requests)-1]
}

// price answers the newest request with a payout that is permitted or not; the fees
// are the quote's part of it.
func (s *story) price(payout string) swap.Fact {
	s.t.Helper()
	return s.priceOf(s.requested(), payout)
}

func (s *story) priceOf(r swap.RequoteRequest, payout string) swap.Fact {
	s.t.Helper()
	total, err := swap.Order{Deposits: r.Deposits}.Total()
	if err != nil {
		s.t.Fatal(err)
	}
	requote := swap.Requote{ID: r.ID, SwapID: r.SwapID, ReceiptHash: swap.HashDocument(r.SignedReceipt), Main: r.Main,
		DepositsHash: swap.HashDeposits(r.Deposits), Deposit: total, Payout: swaptest.Amount(asset.ETH, payout),
		ServiceFee: swaptest.Amount(asset.ETH, "0.0007"), NetworkFee: s.terms.Quote.NetworkFee, Rate: "28.1", IssuedAt: swaptest.Start}
	if r.SignedConsent != "" {
		requote.ConsentHash = swap.HashDocument(r.SignedConsent)
	}
	signed, err := swap.SignRequote(requote, swaptest.NewKeys().Quote)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.stamp("liquidity", swap.Fact{Kind: swap.FactRequoted, At: swaptest.Start.Add(22 * time.Minute),
		Requoted: &swap.RequotedFact{RequestID: r.ID, SignedRequote: signed}})
}

func (s *story) noPrice(why, offer string) swap.Fact {
	told := &swap.RequotedFact{RequestID: s.requested().ID, Refused: why}
	if offer != "" {
		told.Offer = swaptest.Amount(asset.ETH, offer)
	}
	return s.stamp("liquidity", swap.Fact{Kind: swap.FactRequoted, At: swaptest.Start.Add(22 * time.Minute), Requoted: told})
}

// answer is the user's to the mismatch of deposit n.
func (s *story) answer(a swap.Answer, n string, atLeast string) swap.Fact {
	s.t.Helper()
	c := swap.Consent{SwapID: s.terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(s.terms.SignedReceipt),
		DepositID: "bitcoin:" + n + ":0", Answer: a, IssuedAt: swaptest.Start}
	if atLeast != "" {
		c.AtLeast = swaptest.Amount(asset.ETH, atLeast)
	}
	signed, err := swap.SignConsent(c, swaptest.NewKeys().Attest)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.stamp("gateway", swap.Fact{Kind: swap.FactAnswered, At: swaptest.Start.Add(time.Hour), Answered: &swap.AnsweredFact{SignedConsent: signed}})
}

func (s *story) refundAddress(address string) swap.Fact {
	s.t.Helper()
	signed, err := swap.SignRefundAddress(swap.RefundAddress{SwapID: s.terms.Receipt.SwapID,
		ReceiptHash: swap.HashDocument(s.terms.SignedReceipt), RefundAddress: address, IssuedAt: swaptest.Start}, swaptest.NewKeys().Attest)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.stamp("gateway", swap.Fact{Kind: swap.FactRefundAddressSet, At: swaptest.Start.Add(time.Hour),
		Refund: &swap.RefundAddressFact{SignedRefundAddress: signed}})
}

func (s *story) staff(actor string, action swap.StaffAction, request string) swap.Fact {
	f := &swap.StaffFact{RequestID: request, Actor: actor, Action: action, Reason: "a case"}
	kind := swap.FactStaffAction
	if action == "" {
		kind = swap.FactStaffApproved
	}
	return s.stamp("swap", swap.Fact{Kind: kind, At: swaptest.Start.Add(2 * time.Hour), Staff: f})
}

// waits is the deadline of a mismatch as it stands, passed.
func (s *story) waitOver(id string) swap.Fact {
	s.t.Helper()
	for i := len(s.all.Deadlines) - 1; i >= 0; i-- {
		if d := s.all.Deadlines[i]; d.Name == swap.DeadlineMismatch(id) {
			return s.deadline(d.Name, d.Due)
		}
	}
	s.t.Fatalf("no deadline was set for %s", id)
	return swap.Fact{}
}

// wantMismatch checks what the one mismatch of a swap waits for, and who must act.
func (s *story) wantMismatch(w swap.Wait, actor string) swap.Mismatch {
	s.t.Helper()
	if len(s.swap.Amended.Mismatches) != 1 || s.swap.Amended.Mismatches[0].Wait != w {
		s.t.Fatalf("mismatches %+v, want one that waits for %s", s.swap.Amended.Mismatches, w)
	}
	if u := s.all.Updates[len(s.all.Updates)-1]; u.Actor != actor {
		s.t.Errorf("next to act is %q, want %q: %s", u.Actor, actor, u.Message)
	}
	return s.swap.Amended.Mismatches[0]
}

// short is a story whose main leg was found short at the deadline: 60 % is here.
func short(t testing.TB, policy swap.Policy, refundTo string) *story {
	s := agreed(t, policy, refundTo)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.006", time.Minute))
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	return s
}

// mature pays the story's orders out and checks that nothing is owed.
func (s *story) mature(state swap.State) {
	s.t.Helper()
	for i := range s.all.Orders {
		s.tell(s.payment(swap.FactPaymentFinal, i))
	}
	if s.swap.State != state {
		s.t.Errorf("state is %s, want %s", s.swap.State, state)
	}
	wantClosed(s.t, s)
}

var always = statemachine.Rules{StaffAlone: map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1 << 60)}}
