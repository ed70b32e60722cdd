package statemachine_test

import (
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// variable is a created story of a swap whose rate is set when its deposit is detected: of
// 0.005 to 0.02 BTC, at an estimate of 0.282 ETH before fees for 0.01.
func variable(t testing.TB, policy swap.Policy) *story {
	s := newStory(t)
	s.terms = swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		q.Variable, q.DepositMin, q.DepositMax = true, swaptest.Amount(asset.BTC, "0.005"), swaptest.Amount(asset.BTC, "0.02")
		r.Policy = policy
	})
	s.tell(s.creation())
	return s
}

func (s *story) rates(want int) []swap.SetRate {
	s.t.Helper()
	if len(s.swap.Amended.Rates) != want {
		s.t.Fatalf("rates %+v, want %d", s.swap.Amended.Rates, want)
	}
	return s.swap.Amended.Rates
}

// The rate is set when the deposit is seen, told, and what is paid when it is confirmed.
func TestVariableRateIsSetAtDetection(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.012", time.Minute))
	s.wants(swap.DepositDetected, swap.VerdictNone)
	if r := s.requested(); r.Basis != swap.BasisDetected || !r.Main || r.Validate() != nil || r.ID != swap.RequestID("bitcoin:tx1:0", 1) {
		t.Fatalf("asked for %+v", r)
	}
	s.tell(s.price("0.32"))
	rate := s.rates(1)[0]
	if rate.SignedRequote == "" || rate.Payout != swaptest.Amount(asset.ETH, "0.32") || rate.Deposit != swaptest.Amount(asset.BTC, "0.012") {
		t.Errorf("rate %+v", rate)
	}
	u := s.all.Updates[len(s.all.Updates)-1]
	if u.Cause != swap.FactRequoted || len(u.Rates) != 1 || !strings.Contains(u.Message, "0.32 ETH are paid for 0.012 BTC") {
		t.Errorf("update %+v", u)
	}
	s.tell(s.deposit(swap.FactDepositInBlock, 1, "0.012", 2*time.Minute))
	if len(s.all.Requests) != 1 {
		t.Errorf("%d rates were asked for", len(s.all.Requests))
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.012", 3*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.32 ETH to "+swaptest.EthereumAddress)
	if o := s.all.Orders[0]; o.ID != swap.PayoutOrderID(s.swap.ID) || o.SignedRequote != rate.SignedRequote {
		t.Errorf("order %+v", o)
	}
	if got := balance(s, ledger.SwapPayout(s.swap.ID)); got != "-320000000000000000" {
		t.Errorf("owed are %s", got)
	}
	s.mature(swap.Settled)
}

// What is confirmed before its rate came waits for the same answer; one that nobody saw
// before has its rate asked for then.
func TestVariableRateComesAfterConfirmation(t *testing.T) {
	t.Parallel()
	for name, seen := range map[string]bool{"seen": true, "not seen": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := variable(t, swap.DefaultPolicy())
			if seen {
				s.tell(s.deposit(swap.FactDepositSeen, 1, "0.012", time.Minute))
			}
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.012", 3*time.Minute))
			s.wants(swap.DepositConfirmed, swap.VerdictCounted)
			s.wantMismatch(swap.WaitPrice, "ferry")
			if len(s.all.Requests) != 1 {
				t.Fatalf("%d rates were asked for", len(s.all.Requests))
			}
			s.tell(s.price("0.32"))
			s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.32 ETH to "+swaptest.EthereumAddress)
			s.mature(swap.Settled)
		})
	}
}

// Without a price, now and when it is confirmed, the deposit goes back.
func TestVariableWithoutRateIsRefunded(t *testing.T) {
	t.Parallel()
	refund := "refund 0.01198 BTC to " + swaptest.BitcoinAddress
	t.Run("refused twice", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.012", time.Minute))
		s.tell(s.noPrice(swap.RefusedUnavailable, ""))
		if r := s.rates(1)[0]; r.Refused != swap.RefusedUnavailable {
			t.Errorf("rate %+v", r)
		}
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.012", 3*time.Minute))
		if r := s.requested(); r.Basis != swap.BasisMarket || r.Number() != 2 {
			t.Fatalf("asked for %+v", r)
		}
		s.tell(s.noPrice(swap.RefusedUnavailable, ""))
		s.wants(swap.RefundQueued, swap.VerdictCounted, refund)
		if s.swap.Reason != statemachine.ReasonRateNotSet {
			t.Errorf("reason %q", s.swap.Reason)
		}
		s.mature(swap.Refunded)
	})
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.012", time.Minute))
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.012", 3*time.Minute))
		s.tell(s.waitOver("bitcoin:tx1:0"))
		s.wants(swap.RefundQueued, swap.VerdictCounted, refund)
		s.mature(swap.Refunded)
	})
}

// More than a tenth below the estimate is not swapped without a yes.
func TestVariableRateHasAFloor(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.price("0.25"))
	if len(s.park) != 1 || len(s.all.Orders) != 0 {
		t.Fatal("a rate 11 % below the estimate was taken")
	}
	s.tell(s.noPrice(swap.RefusedBeyond, "0.25"))
	s.wants(swap.Held, swap.VerdictCounted)
	s.wantMismatch(swap.WaitAnswer, "user")
	s.tell(s.answer(swap.AnswerRequote, "tx1", "0.24"))
	s.tell(s.price("0.25"))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.25 ETH to "+swaptest.EthereumAddress)
	s.mature(swap.Settled)
}

// Outside of the limits nothing is swapped, whatever the policy says.
func TestVariableLimits(t *testing.T) {
	t.Parallel()
	for amount, verdict := range map[string]swap.Verdict{"0.00499999": swap.VerdictShort, "0.02000001": swap.VerdictOver} {
		s := variable(t, policyOf(swap.AnswerAsk))
		s.tell(s.deposit(swap.FactDepositSeen, 1, amount, time.Minute))
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, amount, 2*time.Minute))
		if s.swap.State != swap.RefundQueued || s.swap.Deposits[0].Verdict != verdict || len(s.all.Requests) != 0 {
			t.Errorf("%s is %s and %s, %d requests", amount, s.swap.Deposits[0].Verdict, s.swap.State, len(s.all.Requests))
		}
		s.mature(swap.Refunded)
	}
}

// A deposit that is replaced loses its rate; what replaces it gets one of its own, a few
// times, and then only once it is confirmed.
func TestVariableRateEndsWithItsDeposit(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	for n := 1; n <= 4; n++ {
		s.tell(s.deposit(swap.FactDepositSeen, n, "0.01", time.Minute))
		if n < 4 {
			s.tell(s.price("0.29"))
			if s.rates(n)[n-1].SignedRequote == "" {
				t.Fatalf("deposit %d has no rate", n)
			}
			s.tell(s.deposit(swap.FactDepositReplaced, n, "0.01", time.Minute))
			if r := s.rates(n)[n-1]; !r.Gone || r.SignedRequote != "" {
				t.Fatalf("deposit %d is replaced and has %+v", n, r)
			}
		}
	}
	if len(s.all.Requests) != 3 {
		t.Fatalf("%d rates were asked for", len(s.all.Requests))
	}
	s.tell(s.priceOf(s.all.Requests[0], "0.30")) // of a deposit that is gone
	s.tell(s.deposit(swap.FactDepositConfirmed, 4, "0.01", 2*time.Minute))
	s.tell(s.price("0.285"))
	s.wants(swap.DepositConfirmed, swap.VerdictNone, "payout 0.285 ETH to "+swaptest.EthereumAddress)
	s.mature(swap.Settled)
}

// A reorganisation before the payment is signed takes the count back and not the rate.
func TestVariableRateOutlivesAReorganisation(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	s.tell(s.deposit(swap.FactDepositInBlock, 1, "0.01", time.Minute))
	rate := s.price("0.29")
	rate.At = swaptest.Start.Add(time.Minute) // while there is time to deposit: see TestVariableRateEndsWithTheSwap
	s.tell(rate)
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.01", 2*time.Minute))
	s.tell(s.deposit(swap.FactDepositInBlock, 1, "0.01", 3*time.Minute))
	if s.rates(1)[0].SignedRequote == "" || len(s.all.Requests) != 1 {
		t.Fatalf("rates %+v, %d requests", s.swap.Amended.Rates, len(s.all.Requests))
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 4*time.Minute))
	s.tell(s.deposit(swap.FactDepositReorged, 1, "0.01", 5*time.Minute))
	if s.swap.State != swap.DepositDetected {
		t.Fatalf("state %s", s.swap.State)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 6*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.29 ETH to "+swaptest.EthereumAddress)
	s.mature(swap.Settled)
}

// A rate that was set when its deposit was seen is good for as long as a locked price gives
// one to be confirmed, however long the swap is open: after that the market's is asked for.
func TestVariableRateGrowsTooOld(t *testing.T) {
	t.Parallel()
	const day, slack = 24 * time.Hour, 100 * time.Minute // the windows of swaptest are 20 and 120 minutes
	long := func(t *testing.T) *story {
		s := newStory(t)
		s.terms = swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
			q.Variable, q.DepositMin, q.DepositMax = true, swaptest.Amount(asset.BTC, "0.005"), swaptest.Amount(asset.BTC, "0.02")
			q.DepositWindowSeconds, q.ConfirmWindowSeconds = int64(day/time.Second), int64((day+slack)/time.Second)
			r.DepositBy, r.ConfirmBy = r.IssuedAt.Add(day), r.IssuedAt.Add(day+slack)
		})
		s.tell(s.creation())
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
		s.tell(s.price("0.29"))
		return s
	}
	for name, at := range map[string]time.Duration{"a moment too late": slack + time.Second, "just before confirm_by": day + slack - time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := long(t)
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", at))
			s.wants(swap.DepositConfirmed, swap.VerdictCounted)
			if r := s.requested(); r.Basis != swap.BasisMarket || r.Number() != 2 || !r.Main || len(s.all.Requests) != 2 {
				t.Fatalf("asked for %+v", s.all.Requests)
			}
			if r := s.rates(1)[0]; !r.Gone || r.SignedRequote != "" {
				t.Errorf("the old rate is %+v", r)
			}
			s.tell(s.price("0.27"))
			s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.27 ETH to "+swaptest.EthereumAddress)
			s.mature(swap.Settled)
		})
	}
	t.Run("just in time", func(t *testing.T) {
		t.Parallel()
		s := long(t)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", slack))
		s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.29 ETH to "+swaptest.EthereumAddress)
		s.mature(swap.Settled)
	})
}

// What had a rate and turns out late or extra has a price of its own asked for, by a request
// that was not answered before; an answer to the one before counts no more.
func TestVariableRateOfWhatIsLateOrExtra(t *testing.T) {
	t.Parallel()
	asked := func(t *testing.T, s *story, basis swap.Basis, main bool) {
		t.Helper()
		before, r := s.all.Requests[0], s.requested()
		if r.Basis != basis || r.Main != main || r.Deposits[0] != before.Deposits[0] || r.ID == before.ID || r.Number() != 2 {
			t.Fatalf("asked for %+v after %+v", r, before)
		}
		orders := len(s.all.Orders)
		s.tell(s.priceOf(before, "0.30"))
		if len(s.park) != 0 || len(s.all.Orders) != orders {
			t.Fatalf("the answer to the request before: %d parked, %d orders", len(s.park), len(s.all.Orders))
		}
	}
	for name, told := range map[string]bool{"late": true, "late, not answered before": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := variable(t, swap.DefaultPolicy())
			s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
			if told {
				s.tell(s.price("0.29"))
			}
			s.tell(s.confirmBy())
			s.wants(swap.Expired, swap.VerdictNone)
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Hour))
			asked(t, s, swap.BasisMarket, true)
			s.tell(s.price("0.27"))
			s.wants(swap.DepositConfirmed, swap.VerdictLate, "payout 0.27 ETH to "+swaptest.EthereumAddress)
			s.mature(swap.Settled)
		})
	}
	extra := func(t *testing.T, answer swap.Answer) *story {
		policy := swap.DefaultPolicy()
		policy.OnExtra = answer
		s := variable(t, policy)
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
		s.tell(s.price("0.29"))
		s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.012", 2*time.Minute))
		s.tell(s.price("0.33"))
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
		return s
	}
	t.Run("extra", func(t *testing.T) {
		t.Parallel()
		s := extra(t, swap.AnswerRequote)
		if r := s.requested(); r.Number() != 2 || r.Main || r.Basis != swap.BasisMarket {
			t.Fatalf("asked for %+v", r)
		}
		asked(t, s, swap.BasisMarket, false)
		s.tell(s.price("0.28"))
		if n := len(s.all.Orders); n != 2 || s.all.Orders[1].Amount != swaptest.Amount(asset.ETH, "0.28") {
			t.Fatalf("orders %+v", s.all.Orders)
		}
		s.mature(swap.Settled)
	})
	t.Run("the user takes it", func(t *testing.T) {
		t.Parallel()
		s := extra(t, swap.AnswerAsk)
		s.tell(s.answer(swap.AnswerRequote, "tx1", "0.27"))
		asked(t, s, swap.BasisMarket, false)
	})
}

// What replaces a deposit may be seen before that is gone: its rate is set all the same.
func TestVariableRateOfWhatWasSeenBeforeItsPlaceWasFree(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
	s.tell(s.price("0.29"))
	s.tell(s.deposit(swap.FactDepositSeen, 3, "0.03", 2*time.Minute)) // outside of the limits: it gets none
	s.tell(s.deposit(swap.FactDepositSeen, 2, "0.012", 2*time.Minute))
	if len(s.all.Requests) != 1 {
		t.Fatalf("%d rates were asked for while the first deposit has its own", len(s.all.Requests))
	}
	s.tell(s.deposit(swap.FactDepositReplaced, 1, "0.01", 2*time.Minute))
	if r := s.requested(); r.ID != swap.RequestID("bitcoin:tx2:0", 1) || r.Basis != swap.BasisDetected || len(s.all.Requests) != 2 {
		t.Fatalf("asked for %+v", r)
	}
	s.tell(s.price("0.33"))
	s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.012", 3*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictNone, "payout 0.33 ETH to "+swaptest.EthereumAddress)
}

// A swap that expired promises nothing more, and neither does liquidityd: what re-opens it,
// because its deadline was told before what came in time, has a price of its own asked for.
func TestVariableRateEndsWithTheSwap(t *testing.T) {
	t.Parallel()
	s := variable(t, swap.DefaultPolicy())
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 19*time.Minute))
	rate := s.price("0.29")
	s.tell(rate)
	s.tell(s.confirmBy())
	s.wants(swap.Expired, swap.VerdictNone)
	if r := s.rates(1)[0]; !r.Gone || r.SignedRequote != "" {
		t.Fatalf("expired with the rate %+v", r)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 90*time.Minute))
	if r := s.requested(); r.Number() != 2 || r.Basis != swap.BasisMarket || len(s.all.Orders) != 0 {
		t.Fatalf("asked for %+v, %d orders", r, len(s.all.Orders))
	}
	s.tell(s.price("0.28"))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.28 ETH to "+swaptest.EthereumAddress)
	s.mature(swap.Settled)
}

// A second deposit is extra, one out of time late: both as the policy says.
func TestVariableBesidesAndLate(t *testing.T) {
	t.Parallel()
	t.Run("extra", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
		s.tell(s.price("0.29"))
		s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.01", 2*time.Minute))
		s.wants(swap.DepositConfirmed, swap.VerdictCounted, "payout 0.29 ETH to "+swaptest.EthereumAddress, "refund 0.00998 BTC to "+swaptest.BitcoinAddress)
		s.mature(swap.Settled)
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
		s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Hour))
		s.wants(swap.Expired, swap.VerdictNone)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Hour))
		if r := s.requested(); r.Basis != swap.BasisMarket {
			t.Errorf("asked for %+v", r)
		}
		s.tell(s.price("0.27"))
		s.wants(swap.DepositConfirmed, swap.VerdictLate, "payout 0.27 ETH to "+swaptest.EthereumAddress)
		s.mature(swap.Settled)
	})
	t.Run("nothing comes", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
		s.wants(swap.Expired, swap.VerdictNone)
	})
	t.Run("dust", func(t *testing.T) {
		t.Parallel()
		s := variable(t, swap.DefaultPolicy())
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.00002", time.Minute))
		s.wants(swap.AwaitingDeposit, swap.VerdictDust)
	})
}
