package statemachine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
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
	if len(asked.swap.Amended.Mismatches) != 20 || asked.swap.Amended.Mismatches[0].SignedConsent == "" {
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

// Test: it fits as well where every extra deposit could be swapped at a new price: of
// each such payout the documents are told too. What is beyond a number is refunded.
func TestFullestRequotesFit(t *testing.T) {
	t.Parallel()
	for _, policy := range []swap.Policy{policyOf(swap.AnswerRequote), policyOf(swap.AnswerAsk)} {
		s := full(t, policy, swaptest.BitcoinAddress)
		for _, m := range s.swap.Amended.Mismatches {
			c := swap.Consent{SwapID: s.swap.ID, ReceiptHash: swap.HashDocument(s.terms.SignedReceipt), DepositID: m.ID,
				Answer: swap.AnswerRequote, AtLeast: swaptest.Amount(asset.ETH, "0.1"), IssuedAt: swaptest.Start}
			signed, err := swap.SignConsent(c, swaptest.NewKeys().Attest)
			if err != nil {
				t.Fatal(err)
			}
			s.tell(s.stamp("gateway", swap.Fact{Kind: swap.FactAnswered, At: swaptest.Start.Add(time.Hour), Answered: &swap.AnsweredFact{SignedConsent: signed}}))
		}
		for i := range s.all.Requests {
			s.tell(s.priceOf(s.all.Requests[i], "0.3465"))
		}
		u := s.all.Updates[len(s.all.Updates)-1]
		m, err := bus.UpdateMessage(u)
		if n := len(u.Requotes); err != nil || len(m.Body) > bus.MaxBody*9/10 || n != 20 || len(u.Payments) != statemachine.MaxDeposits {
			t.Errorf("%d payments, %d of them requoted: %d bytes (%v)", len(u.Payments), n, len(m.Body), err)
		}
	}
}

// Test: staff can't ask for more prices than fit either.
func TestStaffAsksForSoManyPrices(t *testing.T) {
	t.Parallel()
	s := full(t, swap.RefundPolicy(), "")
	s.rules.StaffAlone = map[asset.ID]asset.Units{asset.BTC: asset.NewUnits(1 << 60)}
	if out := s.tell(s.staff("ada", swap.StaffRequote, "r1")); len(out.Requests) != 20 {
		t.Errorf("%d prices are asked for", len(out.Requests))
	}
}
