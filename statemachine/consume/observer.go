package consume

import (
	"slices"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

// Observer hears what facts came to, once their batch is stored. A function that
// is nil hears nothing; none may block.
type Observer struct {
	// Facts is told how many facts of a kind had an outcome. A parked fact that is
	// applied later is told twice: as parked, and as applied.
	Facts func(kind swap.FactKind, outcome statemachine.Outcome, n int)
	// Verdict is told what a deposit counts as, when that is decided.
	Verdict func(id asset.ID, verdict swap.Verdict)
}

func (o Observer) batch(before map[string]statemachine.Case, facts map[string][]swap.Fact, folded []statemachine.Folded) {
	if o.Facts != nil {
		o.facts(facts, folded)
	}
	if o.Verdict == nil {
		return
	}
	for _, f := range folded {
		if f.Swap == nil {
			continue
		}
		had := map[string]swap.Verdict{}
		if old := before[f.SwapID].Swap; old != nil {
			for _, d := range old.Deposits {
				had[d.ID] = d.Verdict
			}
		}
		for _, d := range f.Swap.Deposits {
			if d.Verdict != swap.VerdictNone && d.Verdict != had[d.ID] {
				o.Verdict(d.Amount.Asset, d.Verdict)
			}
		}
	}
}

// facts counts by kind. What was offered and neither applied nor parked was a
// duplicate; an applied fact that had been parked before was not offered now.
func (o Observer) facts(facts map[string][]swap.Fact, folded []statemachine.Folded) {
	applied, parked, duplicates := map[swap.FactKind]int{}, map[swap.FactKind]int{}, map[swap.FactKind]int{}
	for _, f := range folded {
		for _, fact := range facts[f.SwapID] {
			duplicates[fact.Kind]++
		}
		for _, e := range f.Events {
			applied[e.Fact.Kind]++
			if !slices.ContainsFunc(f.Unpark, func(u swap.Fact) bool { return u.Source == e.Fact.Source && u.Seq == e.Fact.Seq }) {
				duplicates[e.Fact.Kind]--
			}
		}
		for _, p := range f.Park {
			parked[p.Fact.Kind]++
			duplicates[p.Fact.Kind]--
		}
	}
	for outcome, counts := range map[statemachine.Outcome]map[swap.FactKind]int{
		statemachine.Applied: applied, statemachine.Parked: parked, statemachine.Duplicate: duplicates} {
		for kind, n := range counts {
			if n > 0 {
				o.Facts(kind, outcome, n)
			}
		}
	}
}
