package liquidity

import (
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/swaptest"
)

// Setup: a requote of two deposits of the main leg, its mismatch's second, and one of
// an extra deposit. Test: which update ends it, one that comes again and one from before
// the request included.
func TestWhatEndsARequote(t *testing.T) {
	t.Parallel()
	const id = "swap_01kdyak348zw9zdww31zr0n3he"
	asked := swaptest.Start.Add(time.Hour)
	main := Requoted{RequestID: "requote:a:2", SwapID: id, OrderID: swap.PayoutOrderID(id), DepositIDs: []string{"a", "b"}, Asked: 2, AskedAt: asked}
	extra := Requoted{RequestID: "requote:a:1", SwapID: id, OrderID: swap.ExtraPayoutOrderID("a"), DepositIDs: []string{"a"}, Asked: 1, AskedAt: asked}
	pays := func(order string, state swap.PaymentState) swap.Payment {
		return swap.Payment{OrderID: order, Purpose: swap.PurposePayout, Deposits: []string{"a"}, State: state}
	}
	refunds := func(deposit string) swap.Payment {
		return swap.Payment{OrderID: swap.RefundOrderID(deposit), Purpose: swap.PurposeRefund, Deposits: []string{deposit}, State: swap.PaymentQueued}
	}
	waits := func(first string, wait swap.Wait, n int) swap.Mismatch {
		return swap.Mismatch{ID: first, Deposits: []string{first, "b"}, Wait: wait, Asked: n}
	}
	for _, c := range []struct {
		name       string
		requote    Requoted
		state      swap.State
		at         time.Duration
		payments   []swap.Payment
		mismatches []swap.Mismatch
		ends       bool
	}{
		{name: "from before the request: expired", requote: main, state: swap.Expired, at: -time.Minute},
		{name: "from before the request: settled", requote: extra, state: swap.Settled, at: -time.Minute},
		{name: "of the request's own time, without it", requote: main, state: swap.Expired},
		{name: "of its own time, before it was cut", requote: main, state: swap.Expired, at: 999 * time.Nanosecond},
		{name: "later, and nothing of it is there", requote: main, state: swap.DepositDetected, at: time.Millisecond, ends: true},
		{name: "later, an extra one", requote: extra, state: swap.Settled, at: time.Millisecond, ends: true},
		{name: "it is waited for", requote: main, state: swap.DepositConfirmed, at: time.Hour, mismatches: []swap.Mismatch{waits("a", swap.WaitPrice, 2)}},
		{name: "the earlier request is waited for", requote: main, at: -time.Second, mismatches: []swap.Mismatch{waits("a", swap.WaitPrice, 1)}},
		{name: "the earlier one was asked about", requote: main, at: -time.Second, mismatches: []swap.Mismatch{waits("a", swap.WaitAnswer, 1)}},
		{name: "a later one is waited for", requote: main, mismatches: []swap.Mismatch{waits("a", swap.WaitPrice, 3)}, ends: true},
		{name: "the user is asked", requote: main, mismatches: []swap.Mismatch{waits("a", swap.WaitAnswer, 2)}, ends: true},
		{name: "a refund waits for an address", requote: main, mismatches: []swap.Mismatch{waits("a", swap.WaitAddress, 2)}, ends: true},
		{name: "another matter waits", requote: extra, at: -time.Second, mismatches: []swap.Mismatch{waits("c", swap.WaitAnswer, 7)}},
		{name: "another matter waits, later", requote: extra, at: time.Second, mismatches: []swap.Mismatch{waits("c", swap.WaitAnswer, 7)}, ends: true},
		{name: "ordered", requote: main, state: swap.PayoutQueued, at: time.Hour, payments: []swap.Payment{pays(main.OrderID, swap.PaymentQueued)}},
		{name: "in a block", requote: main, state: swap.PayoutBroadcast, at: time.Hour, payments: []swap.Payment{pays(main.OrderID, swap.PaymentConfirmed)}},
		{name: "failed, and may be ordered again", requote: main, state: swap.Held, at: time.Hour, payments: []swap.Payment{pays(main.OrderID, swap.PaymentFailed)}},
		{name: "final", requote: main, state: swap.Settled, payments: []swap.Payment{pays(main.OrderID, swap.PaymentFinal)}, ends: true},
		{name: "final, told again", requote: main, state: swap.Settled, at: -time.Second, payments: []swap.Payment{pays(main.OrderID, swap.PaymentFinal)}, ends: true},
		{name: "the main payout is final, not the extra one", requote: extra, state: swap.Settled, payments: []swap.Payment{pays(main.OrderID, swap.PaymentFinal)}},
		{name: "the extra one is ordered beside it", requote: extra, state: swap.Settled, at: time.Hour,
			payments: []swap.Payment{pays(main.OrderID, swap.PaymentFinal), pays(extra.OrderID, swap.PaymentBroadcast)}},
		{name: "the extra one is final", requote: extra, state: swap.Settled,
			payments: []swap.Payment{pays(main.OrderID, swap.PaymentFinal), pays(extra.OrderID, swap.PaymentFinal)}, ends: true},
		{name: "a deposit of it is refunded", requote: main, state: swap.RefundQueued, at: -time.Second, payments: []swap.Payment{refunds("b")}, ends: true},
		{name: "another deposit is refunded", requote: main, state: swap.RefundQueued, payments: []swap.Payment{refunds("c")}},
		{name: "refunded while another matter waits", requote: main, payments: []swap.Payment{refunds("a")},
			mismatches: []swap.Mismatch{{ID: "c", Deposits: []string{"c"}, Wait: swap.WaitPrice, Asked: 1}}, ends: true},
	} {
		u := swap.Update{SwapID: id, State: c.state, At: asked.Add(c.at), Payments: c.payments, Mismatches: c.mismatches}
		if got := c.requote.EndedBy(u); got != c.ends {
			t.Errorf("%s: ended %v, want %v", c.name, got, c.ends)
		}
		u.SwapID = "swap_another"
		if c.requote.EndedBy(u) {
			t.Errorf("%s: ended by another swap", c.name)
		}
	}
}
