package statemachine_test

import (
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// 60 % was sent. The quote pays 0.28 for 0.01, with fees 0.282: 0.168 for 60 % is as
// good as locked with these fees, 0.1667 within 1 %.
func TestShortIsSwappedWithinTolerance(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.wants(swap.DepositConfirmed, swap.VerdictShort)
	s.wantMismatch(swap.WaitPrice, "ferry")
	if r := s.requested(); r.Basis != swap.BasisMarket || !r.Main || len(r.Deposits) != 1 {
		t.Errorf("asked for %+v", r)
	}
	s.tell(s.price("0.1667"))
	s.wants(swap.DepositConfirmed, swap.VerdictShort, "payout 0.1667 ETH to "+swaptest.EthereumAddress)
	if o := s.all.Orders[0]; o.ID != swap.PayoutOrderID(s.swap.ID) || o.SignedRequote == "" || o.SignedConsent != "" {
		t.Errorf("order %+v", o)
	}
	if got := balance(s, ledger.SwapPayout(s.swap.ID)); got != "-166700000000000000" {
		t.Errorf("owed are %s", got)
	}
	s.mature(swap.Settled)
	s.tell(s.waitOver("bitcoin:tx1:0"))
	s.wants(swap.Settled, swap.VerdictShort, "payout 0.1667 ETH to "+swaptest.EthereumAddress)
}

// A price that Terms.Permits refuses is never paid, whoever signed it.
func TestPriceBeyondToleranceIsNotPaid(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.price("0.16"))
	if len(s.park) != 1 {
		t.Fatal("a price 5 % off was taken")
	}
	s.tell(s.noPrice(swap.RefusedBeyond, "0.16"))
	s.wants(swap.Held, swap.VerdictShort)
	m := s.wantMismatch(swap.WaitAnswer, "user")
	if m.Offer != swaptest.Amount("ETH", "0.16") || m.Reason != statemachine.ReasonBeyondTolerance || s.swap.Reason != statemachine.ReasonShort {
		t.Errorf("mismatch %+v, reason %s", m, s.swap.Reason)
	}
	if u := s.all.Updates[len(s.all.Updates)-1]; u.By != m.By || !strings.Contains(u.Message, "0.16 ETH") {
		t.Errorf("update %+v", u)
	}
}

func TestQuestionIsAnswered(t *testing.T) {
	t.Parallel()
	t.Run("swap it", func(t *testing.T) {
		t.Parallel()
		s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
		s.wants(swap.Held, swap.VerdictShort)
		s.wantMismatch(swap.WaitAnswer, "user")
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.15"))
		s.wants(swap.DepositConfirmed, swap.VerdictShort)
		s.tell(s.noPrice(swap.RefusedBelow, "0.149"))
		s.wants(swap.Held, swap.VerdictShort)
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.14"))
		s.tell(s.price("0.149"))
		s.wants(swap.DepositConfirmed, swap.VerdictShort, "payout 0.149 ETH to "+swaptest.EthereumAddress)
		if o := s.all.Orders[0]; o.SignedConsent == "" {
			t.Error("the order does not carry the consent")
		}
		s.mature(swap.Settled)
	})
	t.Run("less than the user takes", func(t *testing.T) {
		t.Parallel()
		s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.15"))
		s.tell(s.price("0.1499"))
		if len(s.park) != 1 || len(s.all.Orders) != 0 {
			t.Error("less was ordered than the user takes")
		}
	})
	t.Run("refund it", func(t *testing.T) {
		t.Parallel()
		s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
		s.tell(s.answer(swap.AnswerRefund, "tx1", ""))
		s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
		s.mature(swap.Refunded)
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.1"))
		s.wants(swap.Refunded, swap.VerdictShort, "refund 0.00598"+refundTo)
	})
	t.Run("nobody answers", func(t *testing.T) {
		t.Parallel()
		s := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
		s.tell(s.waitOver("bitcoin:tx1:0"))
		s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
		s.mature(swap.Refunded)
	})
	t.Run("of another swap", func(t *testing.T) {
		t.Parallel()
		s, other := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress), short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
		f := other.answer(swap.AnswerRefund, "tx1", "")
		s.tell(s.stamp("gateway", swap.Fact{Kind: f.Kind, At: f.At, Answered: f.Answered}))
		if len(s.park) != 1 {
			t.Error("an answer for another swap was taken")
		}
	})
}

func TestNoPriceIsARefund(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.noPrice(swap.RefusedUnavailable, ""))
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	s = short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	asked := s.price("0.1667")
	s.tell(s.waitOver("bitcoin:tx1:0"))
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	s.tell(asked) // too late
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	s.mature(swap.Refunded)
}

// A late deposit is asked for at the locked rate, and paid the quote's amount.
func TestLateIsHonoured(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.DefaultPolicy(), swaptest.BitcoinAddress)
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 25*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictLate)
	if r := s.requested(); r.Basis != swap.BasisLate {
		t.Errorf("asked for a price by %s", r.Basis)
	}
	s.tell(s.price("0.2808"))
	s.wants(swap.DepositConfirmed, swap.VerdictLate, "payout 0.2808 ETH to "+swaptest.EthereumAddress)
	s.mature(swap.Settled)
}

// An excess that could not be sent back is added at the locked rate although the
// policy refunds.
func TestUneconomicExcessIsAdded(t *testing.T) {
	t.Parallel()
	for _, policy := range []swap.Policy{swap.RefundPolicy(), swap.DefaultPolicy()} {
		s := agreed(t, policy, swaptest.BitcoinAddress)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01004", time.Minute))
		s.wants(swap.DepositConfirmed, swap.VerdictOver)
		if r := s.requested(); r.Basis != swap.BasisLocked {
			t.Errorf("asked for a price by %s", r.Basis)
		}
		s.tell(s.price("0.282"))
		s.wants(swap.DepositConfirmed, swap.VerdictOver, "payout 0.282 ETH to "+swaptest.EthereumAddress)
	}
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01004001", time.Minute))
	s.wants(swap.RefundQueued, swap.VerdictOver, "refund 0.01002001"+refundTo)
}

// A second deposit is a swap of its own, and its payout has an identity of its own.
func TestExtraIsSwapped(t *testing.T) {
	t.Parallel()
	s := agreed(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.006", 2*time.Minute))
	if r := s.requested(); r.Main || r.Deposits[0].ID != "bitcoin:tx2:0" {
		t.Errorf("asked for %+v", r)
	}
	s.tell(s.price("0.1675"))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder, "payout 0.1675 ETH to "+swaptest.EthereumAddress)
	if o := s.all.Orders[1]; o.ID != swap.ExtraPayoutOrderID("bitcoin:tx2:0") {
		t.Errorf("order %s", o.ID)
	}
	s.mature(swap.Settled)
}

// A refund without an address waits, is reminded of, and goes when there is one.
func TestRefundWaitsForItsAddress(t *testing.T) {
	t.Parallel()
	s := short(t, swap.RefundPolicy(), "")
	s.wants(swap.Held, swap.VerdictShort)
	s.wantMismatch(swap.WaitAddress, "user")
	if s.swap.Reason != statemachine.ReasonNoAddress {
		t.Errorf("reason %q", s.swap.Reason)
	}
	for range 8 {
		s.tell(s.waitOver("bitcoin:tx1:0"))
	}
	if m := s.wantMismatch(swap.WaitAddress, "user"); m.Reminded != 8 {
		t.Errorf("reminded %d times", m.Reminded)
	}
	s.tell(s.refundAddress(swaptest.BitcoinAddress))
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	if o := s.all.Orders[0]; o.SignedRefundAddress == "" {
		t.Error("the order does not carry the refund address")
	}
	s.tell(s.refundAddress("sb1qanother"))
	if s.swap.RefundsTo() != swaptest.BitcoinAddress {
		t.Error("the refund address was changed")
	}
	s.mature(swap.Refunded)
}

// What a reorganisation takes back is not priced, answered or refunded meanwhile.
func TestMismatchIsTakenBack(t *testing.T) {
	t.Parallel()
	s := short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.006", 21*time.Minute))
	s.wants(swap.DepositDetected, swap.VerdictShort)
	s.tell(s.price("0.1675"), s.waitOver("bitcoin:tx1:0"))
	s.wants(swap.DepositDetected, swap.VerdictShort)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.006", time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictShort, "payout 0.1675 ETH to "+swaptest.EthereumAddress)
	if len(s.park) != 0 {
		t.Errorf("still parked: %+v", s.park)
	}
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.006", 30*time.Minute))
	s.wants(swap.DepositDetected, swap.VerdictShort, "payout 0.1675 ETH to "+swaptest.EthereumAddress)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.006", time.Minute))
	s.mature(swap.Settled)

	s = short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.006", 3*time.Hour), s.answer(swap.AnswerRefund, "tx1", ""))
	s.wants(swap.Held, swap.VerdictShort)
	s.wantMismatch(swap.WaitAnswer, "chain")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.006", time.Minute))
	s.wants(swap.RefundQueued, swap.VerdictShort, "refund 0.00598"+refundTo)
	s.mature(swap.Refunded)
}
