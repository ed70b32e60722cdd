package simulation

import (
	"ferry/statemachine"
	"ferry/swap"
)

// Pair is a swap's state and what came: a fact's kind, with the verdict where a
// deposit was judged by it, and what became of it.
type Pair struct {
	State   swap.State
	Fact    swap.FactKind
	Verdict swap.Verdict
	Outcome statemachine.Outcome
}

// String is "<state> × <fact>[ <verdict>]: <outcome>".
func (p Pair) String() string {
	state, fact := string(p.State), string(p.Fact)
	if state == "" {
		state = "unknown"
	}
	if p.Verdict != "" {
		fact += " " + string(p.Verdict)
	}
	return state + " × " + fact + ": " + string(p.Outcome)
}

// visited counts the pairs of a stored batch.
func (w *World) visited(folded []statemachine.Folded) {
	for _, f := range folded {
		at := swap.State("")
		for i, e := range f.Events {
			w.pairs[Pair{State: e.From, Fact: e.Fact.Kind, Verdict: verdictBy(f.Updates[i], e.Fact), Outcome: statemachine.Applied}]++
			at = e.To
		}
		if f.Swap != nil && at == "" {
			at = f.Swap.State
		}
		for _, p := range f.Park {
			w.pairs[Pair{State: at, Fact: p.Fact.Kind, Outcome: statemachine.Parked}]++
		}
	}
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
