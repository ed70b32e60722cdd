package simulation

import (
	"slices"

	"ferry/statemachine"
	"ferry/swap"
)

// amendments are the facts that people and liquidityd tell.
var amendments = []swap.FactKind{swap.FactRequoted, swap.FactAnswered, swap.FactRefundAddressSet, swap.FactStaffAction, swap.FactStaffApproved}

// mismatching are the verdicts that the policy has an answer for.
var mismatching = []swap.Verdict{swap.VerdictShort, swap.VerdictOver, swap.VerdictLate, swap.VerdictExtra}

// declaredMatters lists the pairs of deposits that do not match: what people and
// liquidityd tell, in every state; and what facts lead such deposits to, by verdict.
func declaredMatters() []Pair {
	var all pairs
	for _, stage := range statemachine.Stages() {
		if all.add(stage.State, statemachine.Applied, "", amendments[1:]...); stage.State != swap.AwaitingDeposit {
			all.add(stage.State, statemachine.Applied, "", swap.FactRequoted)
		}
	}
	// Of a deposit that is taken back.
	for _, state := range []swap.State{swap.DepositDetected, swap.DepositConfirmed, swap.PayoutQueued, swap.RefundQueued, swap.Held} {
		all.add(state, statemachine.Parked, "", swap.FactRequoted)
	}
	all.add(swap.Held, statemachine.Parked, "", swap.FactAnswered)
	anything := []string{ledPrice, ledAnswer, ledAddress, ledRefund}
	all.lead(mismatching, anything, swap.FactDepositConfirmed)
	// The last that was waited for is gone, or too small, or the time is over.
	all.lead(mismatching[:1], anything, swap.FactDeadlinePassed, swap.FactDepositSeen, swap.FactDepositInBlock, swap.FactDepositReplaced)
	all.lead(mismatching[1:], []string{ledAddress, ledRefund}, swap.FactDeadlinePassed)
	all.lead(mismatching, []string{ledPayout, ledAnswer, ledAddress, ledRefund}, swap.FactRequoted)
	all.lead(mismatching, []string{ledPrice, ledAddress, ledRefund}, swap.FactAnswered)
	all.lead(mismatching, []string{ledRefund}, swap.FactRefundAddressSet)
	all.lead(mismatching, []string{ledAddress, ledRefund}, staffed(swap.StaffRefund))
	all.lead(mismatching, []string{ledPrice}, staffed(swap.StaffRequote), staffed(swap.StaffRetry))
	all.lead(mismatching, []string{ledWritten}, staffed(swap.StaffWriteOff))
	all.lead(mismatching, []string{ledPrice, ledAddress, ledRefund, ledWritten}, swap.FactStaffApproved)
	// A deposit in another asset waits for its owner, and for nobody else but staff.
	all.lead([]swap.Verdict{swap.VerdictWrongAsset}, []string{ledOwner}, swap.FactDepositConfirmed)
	all.lead([]swap.Verdict{swap.VerdictWrongAsset}, []string{ledRefund}, swap.FactAnswered, staffed(swap.StaffRefund), swap.FactStaffApproved)
	all.lead([]swap.Verdict{swap.VerdictWrongAsset}, []string{ledWritten}, staffed(swap.StaffWriteOff), swap.FactStaffApproved)
	return all
}

// rareMatters are those that need too much luck: prices and answers for an extra
// deposit that is taken back just then, and a time that is over just when the last
// deposit that was waited for is taken back.
func rareMatters() []Pair {
	var all pairs
	for _, stage := range statemachine.Stages() {
		all.add(stage.State, statemachine.Parked, "", swap.FactRequoted, swap.FactAnswered)
	}
	all.add(swap.AwaitingDeposit, statemachine.Applied, "", swap.FactRequoted)
	all.lead(mismatching[:1], []string{ledPrice, ledAnswer, ledAddress, ledRefund}, swap.FactDepositReorged)
	return all
}

// staffed is the kind by which what a member of staff does is counted.
func staffed(a swap.StaffAction) swap.FactKind { return swap.FactStaffAction + swap.FactKind(" "+a) }

func (all *pairs) lead(verdicts []swap.Verdict, to []string, kinds ...swap.FactKind) {
	for _, verdict := range verdicts {
		for _, kind := range kinds {
			for _, led := range slices.Sorted(slices.Values(to)) {
				*all = append(*all, Pair{State: AnyState, Fact: kind, Verdict: verdict, Led: led})
			}
		}
	}
}
