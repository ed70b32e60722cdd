package simulation

import (
	"slices"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// actors are the members of staff.
var actors = []string{"ada", "grace", "linus"}

// drawDecisions are the state machine's rules in this world: waits short enough to
// end in it, and a limit for staff that some amounts are above of, or all, or none.
func (w *World) drawDecisions() statemachine.Rules {
	within := func(from, to time.Duration) time.Duration {
		return from + time.Duration(w.rng.Int64N(int64(to-from))).Truncate(time.Second)
	}
	alone, fees := map[asset.ID]asset.Units{}, map[asset.ID]asset.Units{}
	for _, id := range swapped {
		fees[id] = w.of(id).refundFee
		typical := w.of(id).typical
		switch w.rng.IntN(3) {
		case 0: // nothing is decided alone
		case 1:
			alone[id] = add(typical, asset.NewUnits(500))
		case 2:
			alone[id] = add(add(typical, typical), add(typical, typical))
		}
	}
	return statemachine.Rules{QuoteKeys: quoteKeys, AttestKeys: attestKeys, StaffAlone: alone, RefundFees: fees, Waits: statemachine.Waits{
		Price: within(time.Minute, 20*time.Minute), Answer: within(20*time.Minute, 4*time.Hour),
		Reminder: within(30*time.Minute, 12*time.Hour), Approval: within(10*time.Minute, 6*time.Hour)}}
}

// staff is a member of staff who acts on a swap, or approves what another wants; it
// reaches the state machine through its own outbox, as the daemon's deadlines do.
func (w *World) staff() {
	fitting := w.unsettledLeg()
	switch w.rng.IntN(4) {
	case 0:
		fitting = func(swap.Swap) bool { return true }
	case 1:
		fitting = func(s swap.Swap) bool { return s.State == swap.Held }
	}
	if u, row, ok := w.someSwap(fitting); ok {
		w.staffOn(u, row)
	}
}

func (w *World) staffOn(u *user, row swap.Swap) {
	told := swap.StaffFact{RequestID: w.newID("act"), Actor: one(w, actors), Reason: "as the customer asked",
		Action: one(w, []swap.StaffAction{swap.StaffRefund, swap.StaffRequote, swap.StaffRelease, swap.StaffRetry,
			swap.StaffWriteOff, swap.StaffNote})}
	if slices.ContainsFunc(row.Amended.Mismatches, func(m swap.Mismatch) bool { return m.Wait == swap.WaitAddress }) && w.chance(3) {
		told.Action = swap.StaffWriteOff
	}
	if len(row.Deposits) > 0 && w.chance(3) {
		told.DepositID = one(w, row.Deposits).ID
	}
	if len(row.Amended.Staff) > 0 && w.chance(8) {
		told.RequestID = one(w, row.Amended.Staff).RequestID // told twice
	}
	w.staffTells(u, swap.FactStaffAction, told)
	if w.chance(3) {
		w.staffTells(u, swap.FactStaffApproved, swap.StaffFact{RequestID: told.RequestID, Actor: one(w, actors)})
	}
}

// approve is a member of staff who approves of a request, of their own now and then,
// or of one that is not there.
func (w *World) approve() {
	u, row, ok := w.someSwap(func(s swap.Swap) bool { return len(s.Amended.Staff) > 0 })
	if w.chance(6) {
		u, row, ok = w.someSwap(func(swap.Swap) bool { return true })
	}
	if ok {
		w.approveOf(u, row)
	}
}

func (w *World) approveOf(u *user, row swap.Swap) {
	told := swap.StaffFact{RequestID: "act_of_another_day", Actor: one(w, actors)}
	if len(row.Amended.Staff) > 0 {
		told.RequestID = one(w, row.Amended.Staff).RequestID
	}
	w.staffTells(u, swap.FactStaffApproved, told)
}

func (w *World) staffTells(u *user, kind swap.FactKind, told swap.StaffFact) {
	m, err := bus.FactMessage(swap.Fact{Kind: kind, SwapID: u.id(), At: swap.Millis(w.now), Staff: &told})
	must(err)
	must(model.Run(func(t *model.Tx) error { return w.states.Schema().Tell(t, m) }))
	w.tell("staff: %s %s by %s for %.31s", kind, told.Action, told.Actor, u.id())
}
