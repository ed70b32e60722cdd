package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// payoutOfParts is a payout whose quoted deposit came in three.
func (w *world) payoutOfParts(u asset.Units) swap.Order {
	w.t.Helper()
	o := w.payout(u)
	whole := o.Deposits[0]
	o.Deposits = nil
	for n, units := range []uint64{3_000_000, 1_500_000, 500_000} {
		o.Deposits = append(o.Deposits, swap.OrderDeposit{ID: fmt.Sprintf("%s%d", whole.ID, n+1),
			Amount: asset.Amount{Asset: whole.Amount.Asset, Units: asset.NewUnits(units)}})
	}
	on := asset.Ethereum
	if w.on == asset.Ethereum {
		on = asset.Bitcoin
	}
	w.storeDeposits(o, on)
	return o
}

// Setup: an order of three deposits, of which each in turn is not in our book, or
// is there with another amount or for another swap. Test: nothing is planned, and
// a plan made before is not stored; then it is put right, and the payment is made.
func TestEveryPartMustBeConfirmed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string][2]string{
		"gone":            {vanishSQL, returnSQL},
		"another amount":  {`UPDATE deposit SET units = units + 1 WHERE deposit_id = $1`, `UPDATE deposit SET units = units - 1 WHERE deposit_id = $1`},
		"another swap":    {`UPDATE deposit SET swap_id = swap_id || 'x' WHERE deposit_id = $1`, `UPDATE deposit SET swap_id = left(swap_id, -1) WHERE deposit_id = $1`},
		"in no block yet": {`UPDATE deposit SET state = 'in_block', confirmed_at = NULL WHERE deposit_id = $1`, `UPDATE deposit SET state = 'confirmed', confirmed_at = now() WHERE deposit_id = $1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, asset.Bitcoin)
			w.fund(w.some(1000))
			o := w.payoutOfParts(w.some(10))
			w.deliver(o)
			p, plan := w.planned(o)
			for _, d := range o.Deposits {
				_, err := w.pool.Exec(t.Context(), spoil[0], d.ID)
				w.must(err)
				basis, err := w.store.Basis(t.Context(), []payment.Payment{p})
				w.must(err)
				confirmed, err := w.store.DepositsConfirmed(t.Context(), o)
				w.must(err)
				if basis.DepositsConfirmed || confirmed {
					t.Fatalf("without deposit %s all are taken for confirmed", d.ID)
				}
				if _, err := w.store.StorePlan(t.Context(), []payment.Payment{p}, plan); !errors.Is(err, payment.ErrChanged) {
					t.Fatalf("%v, want ErrChanged", err)
				}
				w.step()
				w.stands(o, payment.ReasonDeposit)
				p = w.payment(o.ID)
				_, err = w.pool.Exec(t.Context(), spoil[1], d.ID)
				w.must(err)
			}
			w.settle(o)
		})
	}
}

// An order is stored whole or not at all: one deposit that another has used refuses
// it, and leaves its other deposits free.
func TestPartUsedByAnotherOrder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		o := w.payoutOfParts(w.some(10))
		thief := w.payout(w.some(10))
		thief.Deposits = append([]swap.OrderDeposit{}, o.Deposits[1])
		w.deliver(thief, o)
		if n := w.refusals("another order has used deposit " + o.Deposits[1].ID); n != 1 {
			t.Fatalf("%d refusals, want 1", n)
		}
		if n := w.count(`SELECT count(*) FROM payment_deposit`); n != 1 {
			t.Fatalf("%d deposits are used, want the first order's one", n)
		}
		if n := w.count(`SELECT count(*) FROM outbox WHERE body::text LIKE '%payment.queued%'`); n != 1 {
			t.Fatalf("%d orders are told as queued, want 1", n)
		}
	})
}

// Two chains' hot wallets store orders of the same deposit at once: the later waits,
// is refused by the key with nothing stored, and refuses the order when it reads
// the batch again.
func TestPartUsedAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	o := w.payoutOfParts(w.some(10))
	other, err := w.pool.Begin(t.Context())
	w.must(err)
	_, err = other.Exec(t.Context(), `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ('refund:x', 'ethereum', 's', 'refund', 'ETH', 1, 'd', '{}', 'queued')`)
	w.must(err)
	_, err = other.Exec(t.Context(), `INSERT INTO payment_deposit (deposit_id, order_id, asset, units) VALUES ($1, 'refund:x', 'ETH', 1)`, o.Deposits[2].ID)
	w.must(err)
	batch := w.batch(o)
	handled := make(chan error, 1)
	go func() { handled <- w.orders.Handle(context.Background(), batch) }()
	w.waits("payment_deposit", handled)
	w.must(other.Commit(t.Context()))
	first := <-handled
	if first == nil || w.count(`SELECT count(*) FROM payment WHERE order_id = $1`, o.ID) != 0 {
		t.Fatalf("it is stored (%v)", first)
	}
	w.must(w.orders.Handle(t.Context(), batch))
	if n := w.refusals("another order has used deposit " + o.Deposits[2].ID); n != 1 || w.count(`SELECT count(*) FROM payment_deposit`) != 1 {
		t.Fatalf("%d refusals, want 1", n)
	}
}

// What the documents allow is about the sum; a refund is of one deposit.
func TestAuthorityOfParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	check := func(o swap.Order) error {
		return payment.CheckAuthority(o, public(w.quoteKey), public(w.attest))
	}
	o := w.payoutOfParts(w.some(10))
	w.must(check(o))
	short := o
	short.Deposits = o.Deposits[:2]
	if check(short) == nil {
		t.Error("less than the quote is paid out")
	}
	back := o
	back.Purpose, back.Amount, back.Destination = swap.PurposeRefund, o.Deposits[0].Amount, w.receipt.RefundAddress
	if check(back) == nil {
		t.Error("several deposits are refunded at once")
	}
	back.Deposits = o.Deposits[:1]
	w.must(check(back))
}
