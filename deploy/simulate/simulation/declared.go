package simulation

import (
	"cmp"
	"slices"

	"ferry/statemachine"
	"ferry/swap"
)

// Declared lists every pair that can come about, by what the state machine says of
// each: a run of enough seeds has to visit them all, and no other.
//
// Not in it, because their cause can't be in a world where the parts keep to their
// protocol: payments before anything was judged; a main verdict once the main leg is
// decided, unless its deposit comes back to a swap that is held; an extra deposit
// where the main leg is open. What such facts do is tested in package statemachine.
func Declared() []Pair {
	var all []Pair
	add := func(state swap.State, outcome statemachine.Outcome, verdict swap.Verdict, kinds ...swap.FactKind) {
		for _, kind := range kinds {
			all = append(all, Pair{State: state, Fact: kind, Verdict: verdict, Outcome: outcome})
		}
	}
	deposits := []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositReplaced, swap.FactDepositReorged}
	const unknown swap.State = ""
	add(unknown, statemachine.Applied, "", swap.FactSwapCreated)
	add(unknown, statemachine.Parked, "", append(deposits, swap.FactDepositConfirmed)...)
	for _, stage := range statemachine.Stages() {
		state := stage.State
		open := state == swap.AwaitingDeposit || state == swap.Expired
		add(state, statemachine.Parked, "", swap.FactSwapCreated)
		add(state, statemachine.Applied, "", append(deposits, swap.FactDeadlinePassed)...)
		add(state, statemachine.Applied, swap.VerdictDust, swap.FactDepositConfirmed)
		if open || state == swap.DepositDetected || state == swap.Held {
			for _, verdict := range []swap.Verdict{swap.VerdictCounted, swap.VerdictLate, swap.VerdictShort, swap.VerdictOver} {
				add(state, statemachine.Applied, verdict, swap.FactDepositConfirmed)
			}
		}
		if !open {
			add(state, statemachine.Applied, swap.VerdictExtra, swap.FactDepositConfirmed)
			add(state, statemachine.Applied, "", swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed,
				swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed)
		}
	}
	return all
}

// Compare counts the declared pairs among those visited, and lists what is declared
// and was not visited, and what was visited and is not declared.
func Compare(visited map[Pair]int) (n int, missed, unexpected []Pair) {
	declared := map[Pair]bool{}
	for _, pair := range Declared() {
		declared[pair] = true
		if visited[pair] > 0 {
			n++
		} else {
			missed = append(missed, pair)
		}
	}
	for pair := range visited {
		if !declared[pair] {
			unexpected = append(unexpected, pair)
		}
	}
	slices.SortFunc(unexpected, func(a, b Pair) int { return cmp.Compare(a.String(), b.String()) })
	return n, missed, unexpected
}
