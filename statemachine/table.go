package statemachine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/looplab/fsm"

	"ferry/swap"
)

//go:generate go run ./diagram

// Stage is what people are told about a state.
type Stage struct {
	State swap.State
	// Waiting says what the state waits for.
	Waiting string
	// Actor is who must act next: "user", "chain", "ferry", "support", "nobody".
	Actor string
	// Within is how soon Ferry means to have acted, from the last change; zero
	// where a deadline of the terms applies or nobody has to act.
	Within time.Duration
	// Final states are left only by what a late deposit or a reorganisation brings.
	Final bool
}

// Stages lists every state, in the order of a swap's life.
func Stages() []Stage {
	return []Stage{
		{State: swap.AwaitingDeposit, Actor: "user",
			Waiting: "Waiting for the deposit: send exactly the quoted amount to the deposit address."},
		{State: swap.DepositDetected, Actor: "chain",
			Waiting: "A deposit was seen and waits for its confirmations. Nothing needs to be done."},
		{State: swap.DepositConfirmed, Actor: "ferry", Within: 5 * time.Minute,
			Waiting: "The deposit is confirmed and the payout has been ordered."},
		{State: swap.PayoutQueued, Actor: "ferry", Within: 15 * time.Minute,
			Waiting: "The payout is being signed and sent."},
		{State: swap.PayoutBroadcast, Actor: "chain", Within: 30 * time.Minute,
			Waiting: "The payout was sent and waits for its confirmations."},
		{State: swap.Settled, Actor: "nobody", Final: true,
			Waiting: "The swap is complete: the payout is confirmed."},
		{State: swap.Expired, Actor: "nobody", Final: true,
			Waiting: "No deposit arrived in time. Please don't send one now; if one arrives, it is refunded."},
		{State: swap.RefundQueued, Actor: "ferry", Within: 30 * time.Minute,
			Waiting: "What was deposited does not match the terms, and its refund has been ordered."},
		{State: swap.RefundBroadcast, Actor: "chain", Within: 30 * time.Minute,
			Waiting: "The refund was sent and waits for its confirmations."},
		{State: swap.Refunded, Actor: "nobody", Final: true,
			Waiting: "What was deposited was refunded to the refund address."},
		{State: swap.Held, Actor: "support", Within: 24 * time.Hour,
			Waiting: "The swap is held: support looks at it and decides."},
	}
}

// StageOf returns the stage of a state, and whether the state is known.
func StageOf(s swap.State) (Stage, bool) {
	for _, stage := range Stages() {
		if stage.State == s {
			return stage, true
		}
	}
	return Stage{}, false
}

// Move is an event of the machine: what a fact amounts to.
type Move string

// The moves. A fact that amounts to none leaves the state as it is.
const (
	MoveNone Move = ""
	// MoveSeen: a deposit above dust was seen in time and waits for confirmations.
	MoveSeen Move = "deposit_seen"
	// MoveGone: no deposit waits for confirmations any more, the amount is not
	// complete, and there is still time to complete it.
	MoveGone Move = "deposit_gone"
	// MoveCount: the exact amount is confirmed in time, in one deposit or several.
	MoveCount Move = "deposit_counted"
	// MoveRefund: what came, together, is short, over or late.
	MoveRefund Move = "deposit_refused"
	// MoveExpire: the time for a deposit, or for its confirmation, is over.
	MoveExpire Move = "deadline_passed"
	// MoveReprice: what came does not match, and a price is asked for it.
	MoveReprice Move = "price_asked"
	// MoveAsk: the user has to say what is done with it, or where a refund goes.
	MoveAsk Move = "user_asked"

	MovePayoutQueued    Move = "payout_queued"
	MovePayoutBroadcast Move = "payout_broadcast"
	MovePayoutFinal     Move = "payout_final"
	MovePayoutFailed    Move = "payout_failed"
	MoveRefundBroadcast Move = "refund_broadcast"
	MoveRefundFinal     Move = "refund_final"
	MoveRefundFailed    Move = "refund_failed"

	// MoveUncount: a reorganisation took a judged deposit back before its payment
	// was signed. The payment waits until it is confirmed again.
	MoveUncount Move = "deposit_taken_back"
	// MoveHold: it took it back after that, or it was not confirmed again in time.
	MoveHold Move = "deposit_lost"
	// MovePaymentReorged: it took a final payment back, which is sent again.
	MovePaymentReorged Move = "payment_taken_back"
)

// resumed are the states to which a swap returns that was held, or waited for a
// deposit to come back, when that is over.
var resumed = []swap.State{swap.DepositConfirmed, swap.PayoutBroadcast, swap.Settled,
	swap.RefundQueued, swap.RefundBroadcast, swap.Refunded}

// moveResume: what held the swap is gone, and it is where its payment stands.
func moveResume(to swap.State) Move { return Move("resume_" + string(to)) }

// table is the lifecycle: each move with the states it may start from. A payout
// may be told of as broadcast or final before it was told of as queued, because
// order holds per source only.
func table() fsm.Events {
	event := func(m Move, to swap.State, from ...swap.State) fsm.EventDesc {
		e := fsm.EventDesc{Name: string(m), Dst: string(to)}
		for _, s := range from {
			e.Src = append(e.Src, string(s))
		}
		return e
	}
	events := fsm.Events{
		event(MoveSeen, swap.DepositDetected, swap.AwaitingDeposit, swap.Expired),
		event(MoveGone, swap.AwaitingDeposit, swap.DepositDetected),
		event(MoveCount, swap.DepositConfirmed, swap.AwaitingDeposit, swap.DepositDetected, swap.Expired),
		event(MoveRefund, swap.RefundQueued, swap.AwaitingDeposit, swap.DepositDetected, swap.Expired, swap.DepositConfirmed, swap.Held),
		event(MoveReprice, swap.DepositConfirmed, swap.AwaitingDeposit, swap.DepositDetected, swap.Expired, swap.Held),
		event(MoveAsk, swap.Held, swap.AwaitingDeposit, swap.DepositDetected, swap.Expired, swap.DepositConfirmed),
		event(MoveExpire, swap.Expired, swap.AwaitingDeposit, swap.DepositDetected),
		event(MovePayoutQueued, swap.PayoutQueued, swap.DepositConfirmed),
		event(MovePayoutBroadcast, swap.PayoutBroadcast, swap.DepositConfirmed, swap.PayoutQueued),
		event(MovePayoutFinal, swap.Settled, swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast),
		event(MovePayoutFailed, swap.Held, swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast),
		event(MoveRefundBroadcast, swap.RefundBroadcast, swap.RefundQueued),
		event(MoveRefundFinal, swap.Refunded, swap.RefundQueued, swap.RefundBroadcast),
		event(MoveRefundFailed, swap.Held, swap.DepositDetected, swap.RefundQueued, swap.RefundBroadcast),
		event(MoveUncount, swap.DepositDetected, swap.DepositConfirmed, swap.PayoutQueued, swap.RefundQueued, swap.RefundBroadcast),
		event(MoveHold, swap.Held, swap.DepositDetected, swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast,
			swap.Settled, swap.RefundQueued, swap.RefundBroadcast, swap.Refunded),
		event(MovePaymentReorged, swap.PayoutBroadcast, swap.Settled),
		event(MovePaymentReorged, swap.RefundBroadcast, swap.Refunded),
	}
	for _, state := range resumed {
		from := []swap.State{swap.Held}
		if state == swap.RefundBroadcast {
			// One of several refunds was sent, and the deposit of another is back.
			from = append(from, swap.DepositDetected)
		}
		events = append(events, event(moveResume(state), state, from...))
	}
	return events
}

// machines are looplab's, made once and set to a state before each use: the table is
// the same for all of them.
var machines = sync.Pool{New: func() any { return fsm.NewFSM(string(swap.AwaitingDeposit), table(), nil) }}

// at runs a question on a machine that stands at a state.
func at(from swap.State, ask func(*fsm.FSM)) {
	machine, ok := machines.Get().(*fsm.FSM)
	if !ok {
		panic("statemachine: the pool holds something that is no machine")
	}
	defer machines.Put(machine)
	machine.SetState(string(from))
	ask(machine)
}

// Allowed reports whether the table has the move from this state.
func Allowed(from swap.State, m Move) (allowed bool) {
	at(from, func(machine *fsm.FSM) { allowed = machine.Can(string(m)) })
	return allowed
}

// next asks the table which state follows. MoveNone stays; a move the table does
// not have from this state is an error of Decide, never of the fact.
func next(from swap.State, m Move) (to swap.State, err error) {
	if m == MoveNone {
		return from, nil
	}
	at(from, func(machine *fsm.FSM) {
		err = machine.Event(context.Background(), string(m))
		to = swap.State(machine.Current())
	})
	var same fsm.NoTransitionError
	if err != nil && !errors.As(err, &same) {
		return from, fmt.Errorf("%s from %s: %w", m, from, err)
	}
	return to, nil
}
