package statemachine_test

import (
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/ledger"
)

// wantOwed checks what stands on the accounts that a reorganisation touches.
func wantOwed(t *testing.T, s *story, deposit, payout, losses string) {
	t.Helper()
	for account, want := range map[ledger.Account]string{ledger.SwapDeposit(s.swap.ID): deposit,
		ledger.SwapPayout(s.swap.ID): payout, ledger.ReorgLosses: losses} {
		if got := balance(s, account); got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
}

const owed = "-280000000000000000"

// The count is taken back before the payout was signed, also twice, and the same
// order goes on when the deposit is confirmed again, however late that is.
func TestCountIsTakenBackAndGivenBack(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.payment(swap.FactPaymentQueued, 0))
	for _, back := range []time.Duration{4 * time.Minute, 5 * time.Hour} {
		s.tell(s.deposit(swap.FactDepositReorged, 1, "0.01", 2*time.Minute))
		s.wants(swap.DepositDetected, swap.VerdictCounted, payoutOrder)
		wantOwed(t, s, "0", "0", "0")
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 3*time.Minute), s.deposit(swap.FactDepositInBlock, 1, "0.01", 3*time.Minute))
		s.wants(swap.DepositDetected, swap.VerdictCounted, payoutOrder)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", back))
		s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
		wantOwed(t, s, "0", owed, "0")
	}
	s.tell(s.payment(swap.FactPaymentBroadcast, 0), s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, swap.VerdictCounted, payoutOrder)
	wantClosed(t, s)
}

// A deposit that is double-spent for good: the swap waits, and is held at the limit
// of the terms. Another deposit does not take its place; it is refunded.
func TestTakenBackForGoodIsHeld(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute), s.deposit(swap.FactDepositReorged, 1, "0.01", 2*time.Minute))
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 2*time.Minute), s.deposit(swap.FactDepositReplaced, 1, "0.01", 3*time.Minute))
	s.wants(swap.DepositDetected, swap.VerdictCounted, payoutOrder)
	s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.01", 4*time.Minute))
	s.wants(swap.DepositDetected, swap.VerdictCounted, payoutOrder, "refund 0.00998"+refundTo)
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.wants(swap.DepositDetected, "", payoutOrder, "refund 0.00998"+refundTo)
	s.tell(s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy))
	s.wants(swap.Held, "", payoutOrder, "refund 0.00998"+refundTo)
	if last := s.all.Updates[len(s.all.Updates)-1]; s.swap.Reason != statemachine.ReasonReorged || last.Actor != "support" || last.By.IsZero() {
		t.Errorf("reason %q, %s by %s", s.swap.Reason, last.Actor, last.By)
	}
	wantOwed(t, s, "0", "0", "0")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 5*time.Hour))
	s.wants(swap.DepositConfirmed, "", payoutOrder, "refund 0.00998"+refundTo)
}

// After the limit of the terms nothing would end the wait: it is held at once.
func TestTakenBackLateIsHeld(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Hour), s.deposit(swap.FactDepositReorged, 1, "0.01", 3*time.Hour))
	s.wants(swap.Held, swap.VerdictLate, "refund 0.00998"+refundTo)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 4*time.Hour))
	s.wants(swap.RefundQueued, swap.VerdictLate, "refund 0.00998"+refundTo)
	if s.swap.Reason != statemachine.ReasonLate {
		t.Errorf("reason is %q", s.swap.Reason)
	}
}

// It was taken back before the limit and that is told after the deadline was: no
// deadline comes any more, and it is held at once.
func TestTakenBackInTimeAndToldLateIsHeld(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy))
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.01", 2*time.Minute))
	s.wants(swap.Held, swap.VerdictCounted, payoutOrder)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
}

// A deposit was seen in time and that is told after the last deadline was: the swap
// stays expired, because nothing would end a wait, and the deposit counts when it is
// confirmed in time.
func TestSeenInTimeAndToldAfterTheLastDeadline(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy), s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy))
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
	s.wants(swap.Expired, "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
}

// The payment was or may have been signed: a loss, held, until the deposit is back;
// then the swap is where its payment stands. Facts of the payment are followed
// meanwhile.
func TestLostAndRecovered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, amount  string
		before, while []swap.FactKind
		used          bool
		back          swap.State
	}{
		{"planned", "0.01", nil, nil, true, swap.DepositConfirmed},
		{"queued and planned", "0.01", []swap.FactKind{swap.FactPaymentQueued}, nil, true, swap.DepositConfirmed},
		{"sent", "0.01", []swap.FactKind{swap.FactPaymentBroadcast}, nil, false, swap.PayoutBroadcast},
		{"sent and final meanwhile", "0.01", []swap.FactKind{swap.FactPaymentBroadcast},
			[]swap.FactKind{swap.FactPaymentConfirmed, swap.FactPaymentFinal}, true, swap.Settled},
		{"settled", "0.01", []swap.FactKind{swap.FactPaymentFinal}, nil, true, swap.Settled},
		{"failed meanwhile", "0.01", []swap.FactKind{swap.FactPaymentBroadcast}, []swap.FactKind{swap.FactPaymentFailed}, true, swap.Held},
		{"refund planned", "0.02", nil, nil, true, swap.RefundQueued},
		{"refund sent", "0.02", []swap.FactKind{swap.FactPaymentBroadcast}, nil, true, swap.RefundBroadcast},
		{"refunded", "0.02", []swap.FactKind{swap.FactPaymentFinal}, nil, true, swap.Refunded},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := created(t)
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, c.amount, time.Minute))
			for _, kind := range c.before {
				s.tell(s.payment(kind, 0))
			}
			gone := s.deposit(swap.FactDepositReorged, 1, c.amount, 2*time.Minute)
			gone.Deposit.Used = c.used
			s.tell(gone)
			for _, kind := range c.while {
				s.tell(s.payment(kind, 0))
			}
			if s.swap.State != swap.Held || !s.swap.Deposits[0].Lost || balance(s, ledger.ReorgLosses) != s.swap.Deposits[0].Amount.Units.String() {
				t.Fatalf("%s, lost: %v, losses %s", s.swap.State, s.swap.Deposits[0].Lost, balance(s, ledger.ReorgLosses))
			}
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, c.amount, 3*time.Minute))
			if s.swap.State != c.back || s.swap.Deposits[0].Lost || balance(s, ledger.ReorgLosses) != "0" {
				t.Fatalf("%s, want %s; lost: %v", s.swap.State, c.back, s.swap.Deposits[0].Lost)
			}
			if held := c.back == swap.Held; held != (s.swap.Reason == statemachine.ReasonPayoutFailed) {
				t.Errorf("reason is %q", s.swap.Reason)
			}
		})
	}
}

// An extra deposit and dust are taken back by themselves: the swap goes on.
func TestSideDepositsAreTakenBack(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.01", time.Minute),
		s.deposit(swap.FactDepositConfirmed, 3, "0.00000546", time.Minute))
	s.tell(s.deposit(swap.FactDepositReorged, 2, "0.01", 2*time.Minute), s.deposit(swap.FactDepositReorged, 3, "0.00000546", 2*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder, "refund 0.00998"+refundTo)
	if balance(s, ledger.DustQuarantine) != "0" || balance(s, ledger.SwapRefund(s.swap.ID)) != "0" {
		t.Errorf("quarantine %s, refund %s", balance(s, ledger.DustQuarantine), balance(s, ledger.SwapRefund(s.swap.ID)))
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.01", 3*time.Minute), s.deposit(swap.FactDepositConfirmed, 3, "0.00000546", 3*time.Minute))
	s.tell(s.payment(swap.FactPaymentFinal, 0), s.payment(swap.FactPaymentFinal, 1))
	s.wants(swap.Settled, swap.VerdictCounted, payoutOrder, "refund 0.00998"+refundTo)
	if got := balance(s, ledger.DustQuarantine); got != "-546" {
		t.Errorf("quarantine %s", got)
	}
	wantClosed(t, s)
}

// A payment leaves its block, first before it was final and then after.
func TestPaymentIsTakenBack(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.payment(swap.FactPaymentConfirmed, 0), s.payment(swap.FactPaymentReorged, 0))
	s.wants(swap.PayoutBroadcast, "", payoutOrder)
	if p := s.swap.Payments[0]; p.State != swap.PaymentBroadcast {
		t.Errorf("payment is %s", p.State)
	}
	for range 2 {
		s.tell(s.payment(swap.FactPaymentFinal, 0))
		s.wants(swap.Settled, "", payoutOrder)
		s.tell(s.payment(swap.FactPaymentReorged, 0))
		s.wants(swap.PayoutBroadcast, "", payoutOrder)
		wantOwed(t, s, "0", owed, "0")
	}
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, "", payoutOrder)
	wantClosed(t, s)
}

// A payment that failed and was taken back can still succeed.
func TestFailedPaymentIsTakenBack(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.payment(swap.FactPaymentFailed, 0), s.payment(swap.FactPaymentReorged, 0))
	s.wants(swap.PayoutBroadcast, "", payoutOrder)
	if s.swap.Reason != "" {
		t.Errorf("reason is %q", s.swap.Reason)
	}
}

// A payment of a deposit that is taken back and not lost can't be: it waits.
func TestPaymentOfADepositThatIsGoneIsParked(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute), s.deposit(swap.FactDepositReorged, 1, "0.01", time.Minute))
	if f := s.tell(s.payment(swap.FactPaymentBroadcast, 0)); len(f.Park) != 1 {
		t.Fatalf("parked %v", f.Park)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.wants(swap.PayoutBroadcast, "", payoutOrder)
}
