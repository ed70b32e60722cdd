package statemachine_test

import (
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

const (
	payoutOrder = "payout 0.28 ETH to " + swaptest.EthereumAddress
	refundTo    = " BTC to " + swaptest.BitcoinAddress
)

func TestSettles(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.wants(swap.AwaitingDeposit, "")
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
	s.wants(swap.DepositDetected, "")
	s.tell(s.deposit(swap.FactDepositInBlock, 1, "0.01", 2*time.Minute))
	s.wants(swap.DepositDetected, "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
	s.tell(s.payment(swap.FactPaymentQueued, 0))
	s.wants(swap.PayoutQueued, "", payoutOrder)
	s.tell(s.payment(swap.FactPaymentBroadcast, 0))
	s.wants(swap.PayoutBroadcast, "", payoutOrder)
	s.tell(s.payment(swap.FactPaymentConfirmed, 0), s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, "", payoutOrder)
	wantClosed(t, s)
	last := s.all.Updates[len(s.all.Updates)-1]
	if last.Actor != "nobody" || last.Payments[0].TxID != "paytx" || last.Version != s.swap.Version {
		t.Errorf("last update is %+v", last)
	}
}

func TestMismatchedDepositsAreRefunded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, amount string
		after        time.Duration
		verdict      swap.Verdict
		reason, back string
	}{
		{"short", "0.009", 21 * time.Minute, swap.VerdictShort, statemachine.ReasonShort, "0.00898"},
		{"over", "0.011", time.Minute, swap.VerdictOver, statemachine.ReasonOver, "0.01098"},
		{"seen late", "0.01", 21 * time.Minute, swap.VerdictLate, statemachine.ReasonLate, "0.00998"},
		{"confirmed late", "0.01", 3 * time.Hour, swap.VerdictLate, statemachine.ReasonLate, "0.00998"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := created(t)
			if c.verdict == swap.VerdictShort {
				s.tell(s.deposit(swap.FactDepositSeen, 1, c.amount, time.Minute))
			}
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, c.amount, c.after))
			s.wants(swap.RefundQueued, c.verdict, "refund "+c.back+refundTo)
			if s.swap.Reason != c.reason {
				t.Errorf("reason is %q, want %q", s.swap.Reason, c.reason)
			}
			s.tell(s.payment(swap.FactPaymentQueued, 0))
			s.wants(swap.RefundQueued, "", "refund "+c.back+refundTo)
			s.tell(s.payment(swap.FactPaymentBroadcast, 0))
			s.wants(swap.RefundBroadcast, "", "refund "+c.back+refundTo)
			s.tell(s.payment(swap.FactPaymentFinal, 0))
			s.wants(swap.Refunded, "", "refund "+c.back+refundTo)
			wantClosed(t, s)
		})
	}
}

// Seen on time and confirmed before the limit is on time, however late the block.
func TestOnTimeBySighting(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 19*time.Minute))
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.wants(swap.DepositDetected, "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 90*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.wants(swap.Expired, "")
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 30*time.Minute))
	s.wants(swap.Expired, "")
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", 40*time.Minute))
	s.wants(swap.RefundQueued, swap.VerdictLate, "refund 0.00998"+refundTo)
}

// The sighting happened in time and was only told after the deadline.
func TestSightingOvertakenByTheDeadline(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", 19*time.Minute))
	s.wants(swap.DepositDetected, "")
	s.tell(s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy))
	s.wants(swap.Expired, "")
}

func TestReplacedDeposit(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute), s.deposit(swap.FactDepositReplaced, 1, "0.01", 2*time.Minute))
	s.wants(swap.AwaitingDeposit, "")
	s.tell(s.deposit(swap.FactDepositSeen, 2, "0.01", 3*time.Minute))
	s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
	s.tell(s.deposit(swap.FactDepositReorged, 2, "0.01", 30*time.Minute))
	s.wants(swap.Expired, "")
}

func TestDustTouchesNothing(t *testing.T) {
	t.Parallel()
	s := created(t)
	for _, kind := range []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed} {
		s.tell(s.deposit(kind, 1, "0.00000546", time.Minute))
		s.wants(swap.AwaitingDeposit, "")
	}
	if v := s.swap.Deposits[0].Verdict; v != swap.VerdictDust {
		t.Errorf("verdict is %q", v)
	}
	s.tell(s.deposit(swap.FactDepositConfirmed, 2, "0.01", 2*time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictDust, payoutOrder)
	if got := balance(s, ledger.DustQuarantine); got != "-546" {
		t.Errorf("quarantine holds %s, want -546", got)
	}
}

// A second deposit is refunded by itself; the swap goes on.
func TestExtraDeposit(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.01", time.Minute))
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder, "refund 0.00998"+refundTo)
	s.tell(s.payment(swap.FactPaymentBroadcast, 1), s.payment(swap.FactPaymentFinal, 1))
	s.wants(swap.DepositConfirmed, "", payoutOrder, "refund 0.00998"+refundTo)
	s.tell(s.payment(swap.FactPaymentFinal, 0))
	s.wants(swap.Settled, "", payoutOrder, "refund 0.00998"+refundTo)
	wantClosed(t, s)
}

func TestFailedPayoutIsHeld(t *testing.T) {
	t.Parallel()
	s := created(t)
	s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
	s.tell(s.payment(swap.FactPaymentBroadcast, 0), s.payment(swap.FactPaymentFailed, 0))
	s.wants(swap.Held, "", payoutOrder)
	if s.swap.Reason != statemachine.ReasonPayoutFailed {
		t.Errorf("reason is %q", s.swap.Reason)
	}
}

// Facts that come before their swap wait, and are applied in order once it is there.
func TestEarlyFactsWait(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	seen, confirmed := s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute), s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute)
	s.tell(seen)
	if again := s.tell(seen, confirmed); again.Duplicates != 1 || len(again.Park) != 1 {
		t.Errorf("%d duplicates and %d parked, want 1 and 1", again.Duplicates, len(again.Park))
	}
	if s.swap != nil || len(s.park) != 2 {
		t.Fatalf("%d facts wait, want 2", len(s.park))
	}
	s.tell(s.creation())
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
	if len(s.park) != 0 {
		t.Errorf("%d facts still wait", len(s.park))
	}
	if again := s.tell(seen, confirmed); again.Duplicates != 2 || len(again.Events) != 0 {
		t.Errorf("redelivery: %d duplicates, %d events", again.Duplicates, len(again.Events))
	}
}

// Two facts for one swap in one batch, the first of them stale: the stale one is
// passed over, the other applied.
func TestStaleAndFreshInOneBatch(t *testing.T) {
	t.Parallel()
	s := created(t)
	seen := s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute)
	s.tell(seen)
	f := s.tell(seen, s.deposit(swap.FactDepositConfirmed, 1, "0.01", 2*time.Minute))
	if f.Duplicates != 1 || len(f.Events) != 1 {
		t.Errorf("%d duplicates, %d events, want 1 and 1", f.Duplicates, len(f.Events))
	}
	s.wants(swap.DepositConfirmed, swap.VerdictCounted, payoutOrder)
}

func TestForgedTermsAreParked(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	other := swaptest.NewTerms(t, swaptest.Keys{Quote: swaptest.NewKeys().Attest, Attest: swaptest.NewKeys().Quote}, nil)
	s.terms.SignedQuote = other.SignedQuote
	f := s.tell(s.creation())
	if len(f.Park) != 1 || !strings.Contains(f.Park[0].Reason, "do not verify") {
		t.Errorf("parked %+v, want one for its signature", f.Park)
	}
}

// Every kind of fact in every state has an outcome, and no pair is an error.
func TestEveryStateTimesEveryFact(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"0.01", "0.005", "0.02"} {
		t.Run("after "+first, func(t *testing.T) {
			t.Parallel()
			s := created(t)
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, first, time.Minute))
			everyFact(t, s)
		})
	}
}

// everyFact decides each kind of fact in each state, with one deposit confirmed: the
// amount, a part of it, or too much.
func everyFact(t *testing.T, s *story) {
	t.Helper()
	base, first := *s.swap, s.swap.Deposits[0].Amount.Decimal()
	if len(s.all.Orders) == 0 { // a part: nothing is ordered, and payments are unknown
		s.all.Orders = []swap.Order{{ID: swap.PayoutOrderID(base.ID), Purpose: swap.PurposePayout}}
	}
	for _, stage := range statemachine.Stages() {
		for _, f := range []swap.Fact{
			s.creation(),
			s.deposit(swap.FactDepositSeen, 2, "0.01", time.Minute), s.deposit(swap.FactDepositInBlock, 2, "0.01", time.Minute),
			s.deposit(swap.FactDepositReplaced, 2, "0.01", time.Minute), s.deposit(swap.FactDepositReorged, 2, "0.01", time.Minute),
			s.deposit(swap.FactDepositConfirmed, 2, "0.01", time.Minute), s.deposit(swap.FactDepositConfirmed, 2, "0.005", time.Minute),
			s.deposit(swap.FactDepositConfirmed, 2, "0.00000001", time.Minute),
			s.payment(swap.FactPaymentQueued, 0), s.payment(swap.FactPaymentBroadcast, 0), s.payment(swap.FactPaymentConfirmed, 0),
			s.payment(swap.FactPaymentFinal, 0), s.payment(swap.FactPaymentReorged, 0), s.payment(swap.FactPaymentFailed, 0),
			s.deposit(swap.FactDepositReorged, 1, first, time.Minute), s.reorged(1, first, time.Minute),
			s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy), s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy),
		} {
			current := base
			current.State = stage.State
			d, err := s.rules.Decide(&current, f)
			if err != nil {
				t.Errorf("%s × %s: %v", stage.State, f.Kind, err)
				continue
			}
			if d.Outcome == statemachine.Parked && d.Reason == "" || d.Outcome == statemachine.Applied && d.Note == "" {
				t.Errorf("%s × %s: %s without a word", stage.State, f.Kind, d.Outcome)
			}
			if current.Version != base.Version || len(current.Deposits) != 1 {
				t.Errorf("%s × %s changed its argument", stage.State, f.Kind)
			}
		}
	}
}

// Whatever happens in whatever order: no defect, entries balance under unique
// keys, each deposit leaves at most once, and no account of the swap is overdrawn.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := newStory(t)
		pending := []func() swap.Fact{s.creation}
		kinds := []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositReplaced, swap.FactDepositReorged, swap.FactDepositConfirmed}
		amounts := rapid.SampledFrom([][]string{{"", "0.01", "0.005", "0.02", "0.00000600"},
			{"", "0.006", "0.004", "0.002", "0.002"}, {"", "0.009985", "0.00001500", "0.01", "0.00999500", "0.00000500"}, {"", "0.004", "0.003", "0.003", "0.003"},
		}).Draw(r, "amounts")
		for range rapid.IntRange(1, 25).Draw(r, "facts") {
			n, after := rapid.IntRange(1, len(amounts)-1).Draw(r, "deposit"), time.Duration(rapid.IntRange(0, 180).Draw(r, "minutes"))*time.Minute
			kind := rapid.SampledFrom(kinds).Draw(r, "kind")
			switch rapid.IntRange(0, 5).Draw(r, "what") {
			case 0:
				pending = append(pending, func() swap.Fact { return s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy) })
			case 1:
				pending = append(pending, func() swap.Fact { return s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy) })
			case 2:
				pending = append(pending, func() swap.Fact { return s.reorged(n, amounts[n], after) })
			default:
				pending = append(pending, func() swap.Fact { return s.deposit(kind, n, amounts[n], after) })
			}
		}
		pending = rapid.Permutation(pending).Draw(r, "order")
		var told []swap.Fact
		for _, next := range pending {
			told = append(told, next())
			s.tell(told[len(told)-1])
			if rapid.IntRange(0, 3).Draw(r, "redeliver") == 0 {
				s.tell(rapid.SampledFrom(told).Draw(r, "which"))
			}
			for i := range s.all.Orders {
				if rapid.Bool().Draw(r, "pay") {
					s.tell(s.payment(rapid.SampledFrom([]swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast,
						swap.FactPaymentConfirmed, swap.FactPaymentReorged, swap.FactPaymentFinal, swap.FactPaymentFailed}).Draw(r, "stage"), i))
				}
			}
		}
		checkStory(r, s)
		s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy), s.deadline(swap.DeadlineConfirmBy, s.terms.Receipt.ConfirmBy))
		checkStory(r, s)
		if s.swap.State == swap.AwaitingDeposit || s.swap.State == swap.DepositDetected {
			r.Fatalf("after its deadlines it is %s", s.swap.State)
		}
	})
}

func checkStory(r *rapid.T, s *story) {
	keys, used := map[string]bool{}, map[string]bool{}
	for _, e := range s.all.Entries {
		if keys[e.Key] {
			r.Fatalf("entry %s is there twice", e.Key)
		}
		keys[e.Key] = true
	}
	for _, o := range s.all.Orders {
		for _, id := range o.DepositIDs() {
			if used[id] {
				r.Fatalf("deposit %s leaves twice", id)
			}
			used[id] = true
		}
	}
	checkBooks(r, s)
	parts := asset.Units{}
	for _, d := range s.swap.Deposits {
		confirmed := d.State == swap.DepositFinal || d.TakenBack > 0
		if d.Verdict != swap.VerdictNone && !confirmed || d.Lost && d.State == swap.DepositFinal {
			r.Fatalf("deposit %s is %s with verdict %q, taken back %d times, lost: %v", d.ID, d.State, d.Verdict, d.TakenBack, d.Lost)
		}
		if out := d.Verdict != swap.VerdictNone && d.Verdict != swap.VerdictDust; out != used[d.ID] {
			r.Fatalf("deposit %s (%q) has a way out: %v", d.ID, d.Verdict, used[d.ID])
		}
		if d.State == swap.DepositFinal && d.Verdict == swap.VerdictNone {
			parts, _ = parts.Add(d.Amount.Units)
		}
	}
	waiting := s.swap.State == swap.AwaitingDeposit || s.swap.State == swap.DepositDetected
	if !parts.IsZero() && !waiting || !parts.Less(s.terms.Quote.Deposit.Units) {
		r.Fatalf("parts of %s wait in state %s", parts, s.swap.State)
	}
	checkRefunds(r, s)
}

// checkRefunds compares a state of refunding with the refunds that make it up.
func checkRefunds(r *rapid.T, s *story) {
	var all, sent, final int
	for _, p := range s.swap.Payments {
		for _, d := range s.swap.Deposits {
			if p.Deposits[0] != d.ID || p.Purpose != swap.PurposeRefund || !d.Main {
				continue
			}
			all++
			if p.State != swap.PaymentQueued {
				sent++
			}
			if p.State == swap.PaymentFinal {
				final++
			}
		}
	}
	for state, right := range map[swap.State]bool{swap.RefundQueued: all > 0 && sent == 0,
		swap.RefundBroadcast: sent > 0 && final < all, swap.Refunded: all > 0 && final == all} {
		if s.swap.State == state && !right {
			r.Fatalf("%s with %d refunds, %d sent, %d final", state, all, sent, final)
		}
	}
}

// checkBooks demands that no account of the swap was overdrawn at any time, and that
// clearing is what the hot wallet has told: confirmed deposits in, final refunds out.
func checkBooks(r *rapid.T, s *story) {
	running := map[ledger.Account]*big.Int{}
	clearing := new(big.Int)
	for _, e := range s.all.Entries {
		for _, p := range e.Postings {
			if p.Account == ledger.Clearing && p.Amount.Asset == asset.BTC {
				clearing.Add(clearing, p.Signed())
			}
			if !p.Account.PerSwap() {
				continue
			}
			if running[p.Account] == nil {
				running[p.Account] = new(big.Int)
			}
			if running[p.Account].Add(running[p.Account], p.Signed()).Sign() > 0 {
				r.Fatalf("%s overdraws %s by %s", e.Key, p.Account, running[p.Account])
			}
		}
	}
	for _, d := range s.swap.Deposits {
		if d.State == swap.DepositFinal {
			clearing.Sub(clearing, d.Amount.Units.Big())
		}
	}
	for _, p := range s.swap.Payments {
		if p.State == swap.PaymentFinal && p.Amount.Asset == asset.BTC {
			clearing.Add(clearing, p.Amount.Units.Big())
		}
	}
	if clearing.Sign() != 0 {
		r.Fatalf("clearing is off by %s", clearing)
	}
}

// balance sums the story's postings on an account (of one asset): debits count up,
// so an account of a swap may never be above zero.
func balance(s *story, account ledger.Account) string {
	total := swaptest.Amount(asset.BTC, "0").Units.Big()
	for _, e := range s.all.Entries {
		for _, p := range e.Postings {
			if p.Account == account {
				total.Add(total, p.Signed())
			}
		}
	}
	return total.String()
}

// wantClosed checks that nothing is owed any more.
func wantClosed(t testing.TB, s *story) {
	t.Helper()
	for _, account := range []ledger.Account{ledger.SwapDeposit(s.swap.ID), ledger.SwapPayout(s.swap.ID), ledger.SwapRefund(s.swap.ID)} {
		if got := balance(s, account); got != "0" {
			t.Errorf("%s is left with %s", account, got)
		}
	}
}

// The committed page is the one the table gives: run go generate after a change.
func TestDiagramIsCurrent(t *testing.T) {
	t.Parallel()
	want, err := statemachine.DiagramPage()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("diagram.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("diagram.md differs from the table: run go generate ./statemachine")
	}
}

// Each stage is listed once, has its sentence and its actor.
func TestStages(t *testing.T) {
	t.Parallel()
	var seen []swap.State
	for _, s := range statemachine.Stages() {
		if slices.Contains(seen, s.State) || s.Waiting == "" || !slices.Contains([]string{"user", "chain", "ferry", "support", "nobody"}, s.Actor) {
			t.Errorf("stage %+v is incomplete or there twice", s)
		}
		if (s.Actor == "nobody") != s.Final {
			t.Errorf("stage %s: nobody has to act exactly in final states", s.State)
		}
		seen = append(seen, s.State)
	}
	if len(seen) != 11 {
		t.Errorf("%d stages, want 11", len(seen))
	}
}
