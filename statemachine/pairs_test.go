package statemachine_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

var update = flag.Bool("update", false, "write pairs.md again from what is decided")

// situation is a state, with what matters besides it.
type situation struct {
	name string
	make func(t testing.TB) *story
}

// tellEach tells facts one by one, each made when the one before was told.
func (s *story) tellEach(facts ...func() swap.Fact) *story {
	for _, f := range facts {
		s.tell(f())
	}
	return s
}

func situations() []situation {
	refund, ask := swap.RefundPolicy(), policyOf(swap.AnswerAsk)
	paid := func(t testing.TB, kinds ...swap.FactKind) *story {
		s := agreed(t, refund, swaptest.BitcoinAddress)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.01", time.Minute))
		for _, kind := range kinds {
			s.tell(s.payment(kind, 0))
		}
		return s
	}
	back := func(t testing.TB, kinds ...swap.FactKind) *story {
		s := agreed(t, refund, swaptest.BitcoinAddress)
		s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.02", time.Minute))
		for _, kind := range kinds {
			s.tell(s.payment(kind, 0))
		}
		return s
	}
	return []situation{
		{"unknown", unheard},
		{"awaiting_deposit", func(t testing.TB) *story { return agreed(t, refund, swaptest.BitcoinAddress) }},
		{"awaiting_deposit, a part is here", func(t testing.TB) *story {
			s := agreed(t, refund, swaptest.BitcoinAddress)
			s.tell(s.deposit(swap.FactDepositConfirmed, 1, "0.004", time.Minute))
			return s
		}},
		{"deposit_detected", func(t testing.TB) *story {
			s := agreed(t, refund, swaptest.BitcoinAddress)
			s.tell(s.deposit(swap.FactDepositSeen, 1, "0.01", time.Minute))
			return s
		}},
		{"deposit_confirmed", func(t testing.TB) *story { return paid(t) }},
		{"deposit_confirmed, a price is asked for", func(t testing.TB) *story {
			return short(t, policyOf(swap.AnswerRequote), swaptest.BitcoinAddress)
		}},
		{"payout_queued", func(t testing.TB) *story { return paid(t, swap.FactPaymentQueued) }},
		{"payout_broadcast", func(t testing.TB) *story { return paid(t, swap.FactPaymentBroadcast) }},
		{"settled", func(t testing.TB) *story { return paid(t, swap.FactPaymentFinal) }},
		{"settled, the user is asked about an extra deposit", func(t testing.TB) *story {
			s := agreed(t, ask, swaptest.BitcoinAddress)
			return s.tellEach(func() swap.Fact { return s.deposit(swap.FactDepositConfirmed, 0, "0.01", time.Minute) },
				func() swap.Fact { return s.payment(swap.FactPaymentFinal, 0) },
				func() swap.Fact { return s.deposit(swap.FactDepositConfirmed, 1, "0.006", time.Minute) })
		}},
		{"expired", func(t testing.TB) *story {
			s := agreed(t, refund, swaptest.BitcoinAddress)
			s.tell(s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy))
			return s
		}},
		{"refund_queued", func(t testing.TB) *story { return back(t) }},
		{"refund_broadcast", func(t testing.TB) *story { return back(t, swap.FactPaymentBroadcast) }},
		{"refunded", func(t testing.TB) *story { return back(t, swap.FactPaymentFinal) }},
		{"awaiting_deposit, a deposit in another asset waits for its owner", func(t testing.TB) *story { return wronged(t) }},
		{"settled, a deposit in another asset waits for its owner", func(t testing.TB) *story {
			s := wronged(t)
			return s.tellEach(func() swap.Fact { return s.deposit(swap.FactDepositConfirmed, 1, "0.01", 3*time.Minute) },
				func() swap.Fact { return s.payment(swap.FactPaymentFinal, 0) })
		}},
		{"held, the user is asked", func(t testing.TB) *story { return short(t, ask, swaptest.BitcoinAddress) }},
		{"held, a refund waits for its address", func(t testing.TB) *story { return short(t, refund, "") }},
		{"held, written off", func(t testing.TB) *story {
			s := short(t, refund, "")
			s.rules.StaffAlone = always.StaffAlone
			s.tell(s.staff("alice", swap.StaffWriteOff, "before"))
			return s
		}},
		{"held, the payout failed", func(t testing.TB) *story { return paid(t, swap.FactPaymentFailed) }},
		{"held, the refund failed", func(t testing.TB) *story { return back(t, swap.FactPaymentFailed) }},
		{"held, the deposit was taken back after the payout", func(t testing.TB) *story {
			s := paid(t, swap.FactPaymentFinal)
			s.tell(s.reorged(1, "0.01", 2*time.Minute))
			return s
		}},
	}
}

// unheard is a story of a swap that nobody has told of.
func unheard(t testing.TB) *story { return newStory(t) }

// amount of deposit 1, or one to begin with.
func (s *story) first() string {
	if s.swap != nil && s.swap.Deposits != nil {
		for _, d := range s.swap.Deposits {
			if d.ID == "bitcoin:tx1:0" {
				return d.Amount.Decimal()
			}
		}
	}
	return "0.01"
}

// cause is something that can be told in any situation.
type cause struct {
	name string
	make func(s *story) swap.Fact
}

func causes() []cause {
	all := []cause{{"swap.created", (*story).creation}}
	for _, c := range []struct {
		name, amount string
		kind         swap.FactKind
		after        time.Duration
	}{
		{"deposit.seen: another", "0.01", swap.FactDepositSeen, 2 * time.Minute},
		{"deposit.in_block: another", "0.01", swap.FactDepositInBlock, 2 * time.Minute},
		{"deposit.confirmed: another, the exact amount", "0.01", swap.FactDepositConfirmed, 2 * time.Minute},
		{"deposit.confirmed: another, what 60 % is short of", "0.006", swap.FactDepositConfirmed, 2 * time.Minute},
		{"deposit.confirmed: another, twice the amount", "0.02", swap.FactDepositConfirmed, 2 * time.Minute},
		{"deposit.confirmed: another, late", "0.01", swap.FactDepositConfirmed, 3 * time.Hour},
		{"deposit.confirmed: another, dust", "0.00000546", swap.FactDepositConfirmed, 2 * time.Minute},
	} {
		all = append(all, cause{c.name, func(s *story) swap.Fact { return s.deposit(c.kind, 2, c.amount, c.after) }})
	}
	for _, kind := range []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositConfirmed, swap.FactDepositReplaced, swap.FactDepositReorged} {
		all = append(all, cause{string(kind) + ": the first", func(s *story) swap.Fact { return s.deposit(kind, 1, s.first(), time.Minute) }})
	}
	all = append(all, cause{"deposit.reorged: the first, its payment planned", func(s *story) swap.Fact { return s.reorged(1, s.first(), time.Minute) }})
	for _, kind := range []swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed,
		swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed} {
		all = append(all, cause{string(kind), func(s *story) swap.Fact {
			if len(s.all.Orders) > 0 {
				return s.payment(kind, 0)
			}
			return s.stamp("hotwallet", swap.Fact{Kind: kind, At: swaptest.Start.Add(time.Hour),
				Payment: &swap.PaymentFact{OrderID: "payout:nothing", Purpose: swap.PurposePayout}})
		}})
	}
	due := func(name swap.DeadlineName) func(*story) swap.Fact {
		return func(s *story) swap.Fact {
			if name == swap.DeadlineConfirmBy {
				return s.deadline(name, s.terms.Receipt.ConfirmBy)
			}
			return s.deadline(name, s.terms.Receipt.DepositBy)
		}
	}
	all = append(all, cause{"deadline.passed: deposit_by", due(swap.DeadlineDepositBy)}, cause{"deadline.passed: confirm_by", due(swap.DeadlineConfirmBy)},
		cause{"deadline.passed: of the mismatch", func(s *story) swap.Fact {
			if slices.ContainsFunc(s.all.Deadlines, func(d swap.DeadlineFact) bool { return d.Name == swap.DeadlineMismatch("bitcoin:tx1:0") }) {
				return s.waitOver("bitcoin:tx1:0")
			}
			return s.deadline(swap.DeadlineMismatch("bitcoin:tx1:0"), swaptest.Start.Add(time.Hour))
		}})
	all = append(all, wrongCauses()...)
	return append(all, amendmentCauses()...)
}

// wrongCauses are about deposits in another asset.
func wrongCauses() []cause {
	return []cause{
		{"deposit.seen: in another asset", func(s *story) swap.Fact { return s.wrong(swap.FactDepositSeen, 8, "0.01", 2*time.Minute) }},
		{"deposit.confirmed: in another asset", func(s *story) swap.Fact { return s.wrong(swap.FactDepositConfirmed, 8, "0.01", 2*time.Minute) }},
		{"deposit.confirmed: in another asset, late", func(s *story) swap.Fact { return s.wrong(swap.FactDepositConfirmed, 8, "0.01", 3*time.Hour) }},
		{"deposit.confirmed: in another asset, dust", func(s *story) swap.Fact { return s.wrong(swap.FactDepositConfirmed, 8, "0.00000546", 2*time.Minute) }},
		{"deposit.replaced: in another asset", func(s *story) swap.Fact { return s.wrong(swap.FactDepositReplaced, 7, "0.5", 3*time.Minute) }},
		{"deposit.reorged: in another asset", func(s *story) swap.Fact { return s.wrong(swap.FactDepositReorged, 7, "0.5", 3*time.Minute) }},
		{"deadline.passed: of the deposit in another asset", func(s *story) swap.Fact {
			return s.deadline(swap.DeadlineMismatch("bitcoincash:tx7:0"), swaptest.Start.Add(25*time.Hour))
		}},
		{"swap.answered: refund_wrong_asset", func(s *story) swap.Fact { return s.yes(7, nil) }},
		{"swap.answered: refund_wrong_asset, at another fee", func(s *story) swap.Fact {
			return s.yes(7, func(w *swap.WrongAssetRefund) { w.Fee.Units = asset.NewUnits(1) })
		}},
	}
}

func amendmentCauses() []cause {
	requote := func(payout, refused string) func(*story) swap.Fact {
		return func(s *story) swap.Fact {
			switch {
			case len(s.all.Requests) > 0 && refused == "":
				return s.price(payout)
			case len(s.all.Requests) > 0:
				return s.noPrice(refused, "0.16")
			case refused == "":
				refused = swap.RefusedUnavailable
			}
			return s.stamp("liquidity", swap.Fact{Kind: swap.FactRequoted, At: swaptest.Start.Add(time.Hour),
				Requoted: &swap.RequotedFact{RequestID: "requote:nothing:1", Refused: refused}})
		}
	}
	all := []cause{
		{"swap.requoted: within the tolerance", requote("0.1675", "")},
		{"swap.requoted: a price that is not permitted", requote("0.15", "")},
		{"swap.requoted: refused, beyond the tolerance", requote("", swap.RefusedBeyond)},
		{"swap.requoted: refused, below the consent", requote("", swap.RefusedBelow)},
		{"swap.requoted: refused, no price", requote("", swap.RefusedUnavailable)},
		{"swap.answered: requote", func(s *story) swap.Fact { return s.answer(swap.AnswerRequote, "tx1", "0.15") }},
		{"swap.answered: refund", func(s *story) swap.Fact { return s.answer(swap.AnswerRefund, "tx1", "") }},
		{"swap.refund_address_set", func(s *story) swap.Fact { return s.refundAddress(swaptest.BitcoinAddress) }},
	}
	for _, action := range []swap.StaffAction{swap.StaffRefund, swap.StaffRequote, swap.StaffRelease, swap.StaffRetry, swap.StaffWriteOff, swap.StaffNote} {
		all = append(all, cause{"staff.action: " + string(action), func(s *story) swap.Fact {
			s.rules.StaffAlone = always.StaffAlone
			return s.staff("bob", action, "r1")
		}})
	}
	return append(all,
		cause{"staff.action: refund, above the limit", func(s *story) swap.Fact {
			s.rules.StaffAlone = map[asset.ID]asset.Units{}
			return s.staff("bob", swap.StaffRefund, "r1")
		}},
		cause{"staff.approved", func(s *story) swap.Fact { return s.staff("carol", "", "r1") }},
		cause{"a fact told before", func(s *story) swap.Fact {
			f := s.deadline(swap.DeadlineDepositBy, s.terms.Receipt.DepositBy)
			f.Source, f.Seq = "gateway", 1
			return f
		}})
}

// Every situation × cause is written down in pairs.md: what becomes of the fact, where
// the swap goes, and what is ordered. Run the test with -update after a change that is
// meant, and read the difference.
func TestPairsAreDeclared(t *testing.T) {
	t.Parallel()
	page := pairsPage(t)
	if *update {
		if err := os.WriteFile("pairs.md", []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	declared, err := os.ReadFile("pairs.md")
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(page, "\n"), strings.Split(string(declared), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d differs from pairs.md (-update writes it again):\n decided: %s\ndeclared: %s", i+1, line(got, i), line(want, i))
		}
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

func pairsPage(t *testing.T) string {
	t.Helper()
	states := map[swap.State]bool{}
	deposits, payments := edges{}, edges{}
	var b strings.Builder
	b.WriteString("# What becomes of each fact in each state\n\nWritten by `go test ./statemachine -run TestPairs -update`; the test fails where it is not what is decided.\n" +
		"The policy is `refund` where a case does not say that the user is asked or a price is asked for.\n")
	for _, at := range situations() {
		fmt.Fprintf(&b, "\n## %s\n\n| fact | outcome | the swap is then | and |\n|---|---|---|---|\n", at.name)
		for _, c := range causes() {
			s := at.make(t)
			if s.swap != nil {
				states[s.swap.State] = true
			}
			before := s.swap
			f := c.make(s)
			fmt.Fprintf(&b, "| %s |%s\n", c.name, s.became(f))
			deposits.add(f.Kind, depositsOf(before), depositsOf(s.swap))
			payments.add(f.Kind, paymentsOf(before), paymentsOf(s.swap))
		}
	}
	fmt.Fprintf(&b, "\n# The states of a deposit\n\n%s\n# The states of a payment\n\n%s", deposits.draw(), payments.draw())
	for _, stage := range statemachine.Stages() {
		if !states[stage.State] {
			t.Errorf("state %s has no situation", stage.State)
		}
	}
	return b.String()
}

// edges are the changes of state that facts have brought about.
type edges map[string]bool

// add compares states by id before and after a fact.
func (e edges) add(kind swap.FactKind, before, after map[string]string) {
	for id, to := range after {
		from := before[id]
		if from == "" {
			from = "[*]"
		}
		if from != to {
			e[fmt.Sprintf("    %s --> %s: %s", from, to, kind)] = true
		}
	}
}

func (e edges) draw() string {
	lines := slices.Sorted(maps.Keys(e))
	return "```mermaid\nstateDiagram-v2\n" + strings.Join(lines, "\n") + "\n```\n"
}

// depositsOf are a swap's deposits: the state on their chain, and the verdict once there
// is one.
func depositsOf(s *swap.Swap) map[string]string {
	states := map[string]string{}
	if s == nil {
		return states
	}
	for _, d := range s.Deposits {
		states[d.ID] = string(d.State)
		if d.Verdict != swap.VerdictNone && d.State == swap.DepositFinal {
			states[d.ID] += "_" + string(d.Verdict)
		}
	}
	return states
}

func paymentsOf(s *swap.Swap) map[string]string {
	states := map[string]string{}
	if s == nil {
		return states
	}
	for _, p := range s.Payments {
		states[p.OrderID] = string(p.State)
	}
	return states
}

var anyID = regexp.MustCompile(`(swap|quote)_[0-9a-z]{26}`)

// became tells one fact and says what followed.
func (s *story) became(f swap.Fact) string {
	before := ""
	if s.swap != nil {
		before = string(s.swap.State)
	}
	out := s.tell(f)
	outcome, and := statemachine.Applied, ""
	switch {
	case len(out.Park) > 0:
		outcome, and = statemachine.Parked, out.Park[0].Reason
	case out.Duplicates > 0:
		outcome = statemachine.Duplicate
	default:
		and = out.Events[0].Note
	}
	then := "unknown"
	if s.swap != nil {
		then = "`" + string(s.swap.State) + "`"
		if before == string(s.swap.State) {
			then = "–"
		}
	}
	for _, o := range out.Orders {
		and += fmt.Sprintf(" **%s %s**", o.Purpose, o.Amount)
	}
	for _, r := range out.Requests {
		and += fmt.Sprintf(" **price by %s**", r.Basis)
	}
	return fmt.Sprintf(" %s | %s | %s |", outcome, then, anyID.ReplaceAllString(strings.TrimSpace(and), "$1_…"))
}
