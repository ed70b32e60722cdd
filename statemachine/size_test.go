package statemachine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// full is a swap with all deposits that are taken, each with ids as long as a chain's.
func full(t *testing.T, policy swap.Policy, refundTo string) *story {
	t.Helper()
	s := agreed(t, policy, refundTo)
	var facts []swap.Fact
	for n := range statemachine.MaxDeposits {
		amount := "0.01234567"
		if n == 0 {
			amount = "0.01"
		}
		f := s.deposit(swap.FactDepositConfirmed, n, amount, time.Minute+time.Duration(n)*time.Microsecond)
		f.Deposit.TxID = fmt.Sprintf("0x%064x", n)
		f.Deposit.DepositID = "ethereum:" + f.Deposit.TxID + ":4294967295"
		facts = append(facts, f)
	}
	s.tell(facts...)
	return s
}

// Setup: an advertiser, or the user, has sent as many deposits as are taken.
// Test: what is told of the swap fits into a message, whatever has become of them: else
// no fact of any swap in its partition would be applied any more.
func TestFullestUpdateFits(t *testing.T) {
	t.Parallel()
	check := func(s *story) {
		t.Helper()
		u := s.all.Updates[len(s.all.Updates)-1]
		m, err := bus.UpdateMessage(u)
		if err != nil || len(m.Body) > bus.MaxBody*9/10 {
			t.Errorf("%d deposits, %d payments, %d mismatches: %d bytes (%v)", len(u.Deposits), len(u.Payments), len(u.Mismatches), len(m.Body), err)
		}
	}
	refunded := full(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	for i := range refunded.all.Orders {
		f := refunded.payment(swap.FactPaymentFinal, i)
		f.Payment.TxID = strings.Repeat("f", 66)
		refunded.tell(f)
	}
	if len(refunded.swap.Payments) != statemachine.MaxDeposits {
		t.Fatalf("%d payments", len(refunded.swap.Payments))
	}
	check(refunded)
	asked := full(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	for _, m := range asked.swap.Amended.Mismatches {
		c := swap.Consent{SwapID: asked.swap.ID, ReceiptHash: swap.HashDocument(asked.terms.SignedReceipt), DepositID: m.ID,
			Answer: swap.AnswerRequote, AtLeast: asked.terms.Quote.Payout, IssuedAt: swaptest.Start}
		signed, err := swap.SignConsent(c, swaptest.NewKeys().Attest)
		if err != nil {
			t.Fatal(err)
		}
		asked.tell(asked.stamp("gateway", swap.Fact{Kind: swap.FactAnswered, At: swaptest.Start.Add(time.Hour), Answered: &swap.AnsweredFact{SignedConsent: signed}}))
		asked.tell(asked.noPrice(swap.RefusedBelow, "0.123456789012345678"))
	}
	if len(asked.swap.Amended.Mismatches) != statemachine.MaxDeposits-1 || asked.swap.Amended.Mismatches[0].SignedConsent == "" {
		t.Fatalf("%d mismatches", len(asked.swap.Amended.Mismatches))
	}
	check(asked)
}

// Test: it fits as well where all refunds waited for one address, and are ordered at once.
func TestFullestRefundFits(t *testing.T) {
	t.Parallel()
	s := full(t, swap.RefundPolicy(), "")
	out := s.tell(s.refundAddress(swaptest.BitcoinAddress))
	if len(out.Orders) != statemachine.MaxDeposits-1 {
		t.Fatalf("%d refunds", len(out.Orders))
	}
	if m, err := bus.UpdateMessage(out.Updates[0]); err != nil || len(m.Body) > bus.MaxBody*9/10 {
		t.Errorf("%d bytes (%v)", len(m.Body), err)
	}
}
