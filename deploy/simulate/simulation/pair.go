package simulation

import (
	"slices"

	"ferry/statemachine"
	"ferry/swap"
)

// Pair is a swap's state and what came: a fact's kind, with the verdict where a
// deposit was judged by it, and what became of it. A pair of AnyState is what a fact led
// to, wherever its swap stood: see Led.
type Pair struct {
	State   swap.State
	Fact    swap.FactKind
	Verdict swap.Verdict
	Outcome statemachine.Outcome
	// Led is what became of the deposits of a verdict, one of the ends below.
	Led string
}

// AnyState is the state of pairs that say what a fact led to.
const AnyState swap.State = "any"

// What a deposit that does not match can be led to.
const (
	ledPrice   = "a price is asked for"
	ledAnswer  = "the user is asked"
	ledAddress = "waits for an address"
	ledPayout  = "paid out"
	ledRefund  = "refunded"
	ledWritten = "written off"
	ledOwner   = "waits for its owner"
)

// String is "<state> × <fact>[ <verdict>]: <outcome>".
func (p Pair) String() string {
	state, fact := string(p.State), string(p.Fact)
	if state == "" {
		state = "unknown"
	}
	if p.Verdict != "" {
		fact += " " + string(p.Verdict)
	}
	if p.Led != "" {
		return state + " × " + fact + ": " + p.Led
	}
	return state + " × " + fact + ": " + string(p.Outcome)
}

// visited counts the pairs of a stored batch.
func (w *World) visited(folded []statemachine.Folded) {
	for _, f := range folded {
		at := swap.State("")
		before := swap.Update{}
		if f.Base != nil {
			before = statemachine.Describe(*f.Base, "", "")
		}
		for i, e := range f.Events {
			w.pairs[Pair{State: e.From, Fact: e.Fact.Kind, Verdict: verdictBy(f.Updates[i], e.Fact), Outcome: statemachine.Applied}]++
			w.led(before, f.Updates[i], e.Fact)
			at, before = e.To, f.Updates[i]
		}
		if f.Swap != nil && at == "" {
			at = f.Swap.State
		}
		for _, p := range f.Park {
			w.pairs[Pair{State: at, Fact: p.Fact.Kind, Outcome: statemachine.Parked}]++
		}
	}
}

// led counts what a fact led deposits to that do not match.
func (w *World) led(before, after swap.Update, f swap.Fact) {
	kind := f.Kind
	if f.Staff != nil && f.Staff.Action != "" {
		kind = staffed(f.Staff.Action)
	}
	for _, d := range after.Deposits {
		to := destiny(after, d)
		if to == "" || to == destiny(before, d) {
			continue
		}
		w.pairs[Pair{State: AnyState, Fact: kind, Verdict: d.Verdict, Led: to}]++
	}
}

// destiny is what a deposit that does not match is led to, "" for any other.
func destiny(u swap.Update, d swap.Deposit) string {
	switch d.Verdict {
	case swap.VerdictShort, swap.VerdictOver, swap.VerdictLate, swap.VerdictExtra, swap.VerdictWrongAsset:
	default:
		return ""
	}
	for _, m := range u.Mismatches {
		if slices.Contains(m.Deposits, d.ID) {
			return map[swap.Wait]string{swap.WaitPrice: ledPrice, swap.WaitAnswer: ledAnswer, swap.WaitAddress: ledAddress, swap.WaitOwner: ledOwner}[m.Wait]
		}
	}
	for _, p := range u.Payments {
		if pays(p, d) {
			return map[swap.Purpose]string{swap.PurposePayout: ledPayout, swap.PurposeRefund: ledRefund}[p.Purpose]
		}
	}
	if d.WrittenOff {
		return ledWritten
	}
	return ""
}

// verdictBy is the verdict that the deposit which a fact confirms had after it.
func verdictBy(u swap.Update, f swap.Fact) swap.Verdict {
	if f.Kind != swap.FactDepositConfirmed {
		return swap.VerdictNone
	}
	for _, d := range u.Deposits {
		if d.ID == f.Deposit.DepositID {
			return d.Verdict
		}
	}
	return swap.VerdictNone
}
