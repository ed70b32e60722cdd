package payment_test

import (
	"testing"

	"ferry/hotwallet/postgres"
	"ferry/hotwallet/treasury"
	"ferry/swap/asset"
)

// balances are those of the chain's own asset.
func (w *world) balances() treasury.Balances {
	w.t.Helper()
	b, err := w.house.Balances(w.t.Context())
	w.must(err)
	return b[0]
}

// What may be promised falls as soon as an order is there, before it is planned,
// and what the chain holds only when a block has the payment.
func TestBalancesAlongAPayment(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.chain.Pay(w.funding, w.some(1000))
		w.mine(1)
		if b := w.balances(); !b.Available.IsZero() || b.OnChain.Cmp(w.some(1000).Big()) != 0 || b.HouseCapital.Cmp(w.some(1000).Big()) != 0 {
			t.Fatalf("funding in a block: %+v", b)
		}
		w.mine(confirmations - 1)
		if b := w.balances(); b.Available != w.some(1000) {
			t.Fatalf("funding deep enough: %s available", b.Available)
		}
		o := w.payout(w.some(100))
		w.deliver(o)
		if b := w.balances(); b.Available != w.some(900) || !b.Reserved.IsZero() {
			t.Fatalf("queued: %s available, %s reserved", b.Available, b.Reserved)
		}
		w.step()
		fee := w.payment(o.ID).Attempt.Plan.Fee
		held, err := w.some(100).Add(fee)
		w.must(err)
		rest, err := w.some(1000).Sub(held)
		w.must(err)
		reserved := held
		if w.on == asset.Bitcoin {
			// The whole coin is gone until its change is deep enough.
			reserved, rest = w.some(1000), asset.Units{}
		}
		b := w.balances()
		if b.Available != rest || b.Reserved != reserved || b.InFlight.Cmp(held.Big()) != 0 || b.OnChain.Cmp(w.some(1000).Big()) != 0 {
			t.Fatalf("broadcast: %+v", b)
		}
		w.mine(1)
		paid := w.balances()
		if paid.InFlight.Sign() != 0 || paid.PaymentConfirming.Cmp(w.some(100).Big()) <= 0 {
			t.Fatalf("in a block: %+v", paid)
		}
		w.settle(o)
		b = w.balances()
		if b.Available.Big().Cmp(b.OnChain) != 0 || !b.Reserved.IsZero() || b.PaymentConfirming.Sign() != 0 || b.NetworkFees.Sign() <= 0 {
			t.Fatalf("final: %+v", b)
		}
	})
}

// The read side shows all of it to people.
func TestStatus(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.fund(w.some(1000))
		o, waiting := w.payout(w.some(100)), w.payout(w.some(5000))
		w.deliver(o, waiting)
		w.step()
		payments, err := postgres.OpenPaymentStatuses(ctx, w.pool)
		w.must(err)
		if len(payments) != 2 || payments[0].OrderID != o.ID || payments[0].TxID == "" || payments[0].LastAnswer != "accepted" ||
			payments[0].Units != w.some(100) || payments[1].N != 0 || payments[1].Reason == "" {
			t.Errorf("payments %+v", payments)
		}
		if (payments[0].Nonce != nil) != (w.on == asset.Ethereum) {
			t.Errorf("nonce %v", payments[0].Nonce)
		}
		_, err = w.house.Halt(ctx, "alice", "drill")
		w.must(err)
		chains, err := postgres.Chains(ctx, w.pool)
		w.must(err)
		if len(chains) != 1 || chains[0].Chain != w.on || chains[0].HaltReason != "drill" || chains[0].Height == 0 || chains[0].Holder != "test" {
			t.Errorf("chains %+v", chains)
		}
		halts, err := postgres.Halts(ctx, w.pool)
		w.must(err)
		if len(halts) != 1 || halts[0].Actor != "alice" {
			t.Errorf("halts %+v", halts)
		}
		deposits, err := postgres.SwapDeposits(ctx, w.pool, o.SwapID)
		w.must(err)
		if len(deposits) != 1 || deposits[0].DepositID != o.Deposits[0].ID || deposits[0].State != "confirmed" {
			t.Errorf("deposits %+v", deposits)
		}
		sums, err := postgres.TrialBalance(ctx, w.pool)
		w.must(err)
		if len(sums) != 3 {
			t.Errorf("trial balance %+v, want wallet, in_flight and house_capital", sums)
		}
	})
}
