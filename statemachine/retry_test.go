package statemachine_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// under is a fact about the story's i-th order, told when the hot wallet had read it as
// ordered again so often.
func (s *story) under(retry int, kind swap.FactKind, i int) swap.Fact {
	f := s.payment(kind, i)
	f.Payment.Retry = retry
	return f
}

// ordersOf are stories of every kind of order there is.
func ordersOf(t *testing.T) map[string]*story {
	exact := created(t)
	exact.tell(exact.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
	extra := agreed(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
	extra.tell(extra.confirmed(1, "0.01", 1), extra.confirmed(2, "0.006", 2))
	extra.tell(extra.price("0.1675"))
	asked := short(t, policyOf(swap.AnswerAsk), swaptest.BitcoinAddress)
	asked.tell(asked.answer(swap.AnswerRequote, "tx1", "0.1"))
	asked.tell(asked.price("0.16"))
	named := short(t, swap.RefundPolicy(), "")
	named.tell(named.refundAddress(swaptest.BitcoinAddress))
	deferred := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	deferred.tell(deferred.confirmed(1, "0.01", 1), deferred.confirmed(2, "0.006", 2))
	owned := wronged(t)
	owned.tell(owned.yes(7, nil))
	whole := tokens(t, "")
	whole.tell(whole.refundAddress(swaptest.EthereumAddress))
	whole.rules.StaffAlone = nil
	whole.tell(whole.staff("alice", swap.StaffRefund, "before"), whole.staff("bob", "", "before"))
	return map[string]*story{"the quote's": exact, "an extra at its price": extra, "by the user's answer": asked,
		"to an address set later": named, "an extra's refund": deferred, "by the owner's yes": owned, "whole by staff": whole}
}

// Whatever a payment rested on, it is ordered again as it was, and nothing is booked: one
// payment is owed, and once it is made nothing is.
func TestRetryIsTheSameOrder(t *testing.T) {
	t.Parallel()
	for name, s := range ordersOf(t) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			n := len(s.all.Orders)
			if n == 0 {
				t.Fatal("nothing is ordered")
			}
			first := s.all.Orders[n-1]
			s.tell(s.payment(swap.FactPaymentBroadcast, n-1), s.payment(swap.FactPaymentFailed, n-1))
			booked := len(s.all.Entries)
			s.tell(s.staff("alice", swap.StaffRetry, "r1"), s.staff("bob", "", "r1"))
			if len(s.all.Orders) != n+1 || len(s.all.Entries) != booked {
				t.Fatalf("%d orders and %d entries more: %s", len(s.all.Orders)-n, len(s.all.Entries)-booked, s.all.Events[len(s.all.Events)-1].Note)
			}
			again := s.all.Orders[n]
			if again.Retry != 1 {
				t.Errorf("it is ordered again for the %d. time", again.Retry)
			}
			again.Retry, again.At = 0, first.At
			if !reflect.DeepEqual(again, first) {
				t.Errorf("ordered again as\n%+v, it was\n%+v", again, first)
			}
			for i := range n {
				s.tell(s.under(1, swap.FactPaymentQueued, i), s.under(1, swap.FactPaymentBroadcast, i), s.under(1, swap.FactPaymentFinal, i))
			}
			for _, account := range []ledger.Account{ledger.SwapPayout(s.swap.ID), ledger.SwapRefund(s.swap.ID)} {
				if got := balance(s, account); got != "0" {
					t.Errorf("%s has %s left", account, got)
				}
			}
		})
	}
}

// A failed payout goes its whole way again, and so does one that fails again; there is an
// end to that.
func TestRetryGoesItsWay(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
	s.tell(s.payment(swap.FactPaymentFailed, 0))
	for n := 1; n <= swap.MaxRetries; n++ {
		s.wantReason(swap.Held, statemachine.ReasonPayoutFailed)
		s.tell(s.staff("alice", swap.StaffRetry, fmt.Sprint("r", n)))
		s.wantReason(swap.DepositConfirmed, "")
		s.tell(s.staff("alice", swap.StaffRetry, fmt.Sprint("again", n)))
		s.noted("Refused: nothing waits")
		s.tell(s.under(n, swap.FactPaymentQueued, 0))
		s.wantReason(swap.PayoutQueued, "")
		s.tell(s.under(n, swap.FactPaymentBroadcast, 0))
		s.wantReason(swap.PayoutBroadcast, "")
		s.tell(s.under(n, swap.FactPaymentFailed, 0))
	}
	s.tell(s.staff("alice", swap.StaffRetry, "beyond"))
	s.noted("Refused: the payout of 0.28 ETH was ordered again 20 times")
	s.wantReason(swap.Held, statemachine.ReasonPayoutFailed)
}

// The hot wallet may read an order for a payment to be made again when the one before it
// has failed once more, or has been made after all: each is told, and ends as it should.
func TestRetryCrossesFacts(t *testing.T) {
	t.Parallel()
	failed := func() *story {
		s := created(t)
		s.rules.StaffAlone = always.StaffAlone
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
		s.tell(s.payment(swap.FactPaymentFailed, 0))
		s.tell(s.staff("alice", swap.StaffRetry, "r1"))
		return s
	}
	// Its block is taken back, and it is mined again: without failing.
	made := failed()
	made.tell(made.payment(swap.FactPaymentReorged, 0), made.payment(swap.FactPaymentConfirmed, 0))
	made.wantReason(swap.PayoutBroadcast, "")
	made.tell(made.payment(swap.FactPaymentFinal, 0))
	made.wantReason(swap.Settled, "")
	wantClosed(t, made)
	// The same, and it fails again before the order is read.
	twice := failed()
	twice.tell(twice.payment(swap.FactPaymentReorged, 0), twice.payment(swap.FactPaymentConfirmed, 0), twice.payment(swap.FactPaymentFailed, 0))
	twice.wantReason(swap.Held, statemachine.ReasonPayoutFailed)
	twice.tell(twice.under(1, swap.FactPaymentQueued, 0))
	twice.wantReason(swap.DepositConfirmed, "")
	twice.tell(twice.under(1, swap.FactPaymentBroadcast, 0), twice.under(1, swap.FactPaymentFinal, 0))
	twice.wantReason(swap.Settled, "")
	wantClosed(t, twice)
	// A number that nobody has ordered does nothing.
	odd := failed()
	odd.tell(odd.payment(swap.FactPaymentReorged, 0), odd.payment(swap.FactPaymentFailed, 0), odd.under(2, swap.FactPaymentQueued, 0))
	odd.wantReason(swap.Held, statemachine.ReasonPayoutFailed)
}

// Of several refunds the one that failed is ordered again, and the others are left alone.
func TestRetryOfOneRefund(t *testing.T) {
	t.Parallel()
	s := agreed(t, swap.RefundPolicy(), swaptest.BitcoinAddress)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.confirmed(1, "0.004", 1), s.confirmed(2, "0.003", 2))
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.tell(s.payment(swap.FactPaymentFailed, 0), s.payment(swap.FactPaymentFinal, 1))
	s.wantReason(swap.Held, statemachine.ReasonRefundFailed)
	other := s.staff("alice", swap.StaffRetry, "r0")
	other.Staff.DepositID = s.all.Orders[1].Deposits[0].ID
	s.tell(other)
	s.noted("Refused: nothing waits")
	s.tell(s.staff("alice", swap.StaffRetry, "r1"))
	s.wantReason(swap.RefundBroadcast, statemachine.ReasonShort)
	if len(s.all.Orders) != 3 || s.all.Orders[2].ID != s.all.Orders[0].ID {
		t.Fatalf("orders are %+v", s.all.Orders)
	}
	s.tell(s.under(1, swap.FactPaymentFinal, 0))
	s.wantReason(swap.Refunded, statemachine.ReasonShort)
	wantClosed(t, s)
}

// What a retry would rest on has to be there: before it is ordered, and before it is paid.
func TestRetryRests(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.rules.StaffAlone = always.StaffAlone
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 0))
	s.tell(s.payment(swap.FactPaymentFailed, 0), s.reorged(1, "0.01", 2*time.Minute))
	s.tell(s.staff("alice", swap.StaffRetry, "r1"))
	s.noted("Refused: a deposit")
	s.wantReason(swap.Held, statemachine.ReasonPayoutFailed)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
	s.tell(s.staff("alice", swap.StaffRetry, "r2"))
	s.wantReason(swap.DepositConfirmed, "")
	// It is not planned yet, and it is too late by the terms to wait without support.
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.01", 4*time.Minute))
	s.wantReason(swap.Held, statemachine.ReasonReorged)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 5*time.Minute))
	s.wantReason(swap.DepositConfirmed, "")
	s.tell(s.under(1, swap.FactPaymentFinal, 0))
	s.wantReason(swap.Settled, "")
	wantClosed(t, s)
}
