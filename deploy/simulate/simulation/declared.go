package simulation

import (
	"cmp"
	"slices"

	"ferry/statemachine"
	"ferry/swap"
)

// Declared lists every pair that can come about, by what the state machine says of
// each: a run of enough seeds has to visit them all, and besides them none but those
// that are Rare.
//
// Not in it, because their cause can't be in a world where the parts keep to their
// protocol: payments before anything was judged; a main verdict once the main leg is
// decided, unless its deposit comes back to a swap that is held or waits for it; an
// extra deposit where the main leg is open; parts where nothing is waited for. What
// such facts do is tested in package statemachine.
func Declared() []Pair {
	var all pairs
	const unknown swap.State = ""
	all.add(unknown, statemachine.Applied, "", swap.FactSwapCreated)
	all.add(unknown, statemachine.Parked, "", slices.Concat(deposits, []swap.FactKind{swap.FactDepositConfirmed})...)
	for _, stage := range statemachine.Stages() {
		state := stage.State
		open := state == swap.AwaitingDeposit || state == swap.Expired
		all.add(state, statemachine.Parked, "", swap.FactSwapCreated)
		all.add(state, statemachine.Applied, "", slices.Concat(deposits, []swap.FactKind{swap.FactDeadlinePassed})...)
		all.add(state, statemachine.Applied, swap.VerdictDust, swap.FactDepositConfirmed)
		all.add(state, statemachine.Applied, swap.VerdictWrongAsset, swap.FactDepositConfirmed)
		if open || state == swap.DepositDetected || state == swap.Held {
			for _, verdict := range []swap.Verdict{swap.VerdictCounted, swap.VerdictLate, swap.VerdictShort, swap.VerdictOver} {
				all.add(state, statemachine.Applied, verdict, swap.FactDepositConfirmed)
			}
		}
		if state == swap.AwaitingDeposit || state == swap.DepositDetected {
			// A part; and below, the last one.
			all.add(state, statemachine.Applied, swap.VerdictNone, swap.FactDepositConfirmed)
		}
		if state == swap.AwaitingDeposit || state == swap.DepositDetected || state == swap.Held {
			all.add(state, statemachine.Applied, swap.VerdictToppedUp, swap.FactDepositConfirmed)
		}
		if !open {
			all.add(state, statemachine.Applied, swap.VerdictExtra, swap.FactDepositConfirmed)
			all.add(state, statemachine.Applied, "", paymentsOf(state)...)
		}
		if state == swap.Expired {
			// Of a deposit that was late while one in time was waited for in vain.
			all.add(state, statemachine.Applied, "", swap.FactPaymentQueued, swap.FactPaymentBroadcast,
				swap.FactPaymentConfirmed, swap.FactPaymentFinal)
		}
	}
	return append(all, declaredMatters()...)
}

// Rare lists the pairs that can come about by so many things together that no number
// of seeds has to visit them. All are about a deposit that was late and did not
// decide its swap, because another was waited for.
func Rare() []Pair {
	var all pairs
	for _, stage := range statemachine.Stages() {
		// Taken back and given back, wherever the swap has come meanwhile.
		all.add(stage.State, statemachine.Applied, swap.VerdictLate, swap.FactDepositConfirmed)
	}
	// Its refund, where that is sooner than the deadline is told, and where it fails
	// or is taken back.
	all.add(swap.AwaitingDeposit, statemachine.Applied, "", payments...)
	all.add(swap.Expired, statemachine.Applied, "", payments...)
	// A part that was in time, told after the deadline, with another still to confirm.
	all.add(swap.Expired, statemachine.Applied, swap.VerdictNone, swap.FactDepositConfirmed)
	// An extra deposit's refund that fails, or is taken back, just while the deposit that
	// decided the swap is taken back too.
	all.add(swap.DepositDetected, statemachine.Applied, "", swap.FactPaymentReorged, swap.FactPaymentFailed)
	return append(all, rareMatters()...)
}

// paymentsOf are the facts of payments that have to be visited in a state: see Rare.
func paymentsOf(state swap.State) []swap.FactKind {
	if state == swap.DepositDetected {
		return []swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed, swap.FactPaymentFinal}
	}
	return payments
}

var (
	deposits = []swap.FactKind{swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositReplaced, swap.FactDepositReorged}
	payments = []swap.FactKind{swap.FactPaymentQueued, swap.FactPaymentBroadcast, swap.FactPaymentConfirmed,
		swap.FactPaymentFinal, swap.FactPaymentReorged, swap.FactPaymentFailed}
)

type pairs []Pair

func (all *pairs) add(state swap.State, outcome statemachine.Outcome, verdict swap.Verdict, kinds ...swap.FactKind) {
	for _, kind := range kinds {
		*all = append(*all, Pair{State: state, Fact: kind, Verdict: verdict, Outcome: outcome})
	}
}

// Compare counts the declared pairs among those visited, and lists what is declared
// and was not visited, and what was visited and is neither declared nor rare.
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
	for _, pair := range Rare() {
		declared[pair] = true
	}
	for pair := range visited {
		if !declared[pair] {
			unexpected = append(unexpected, pair)
		}
	}
	slices.SortFunc(unexpected, func(a, b Pair) int { return cmp.Compare(a.String(), b.String()) })
	return n, missed, unexpected
}
