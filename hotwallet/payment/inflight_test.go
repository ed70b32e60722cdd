package payment_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// unmined is how many of the sender's transactions have a nonce and are in no block.
func (w *world) unmined() int {
	w.t.Helper()
	return w.count(`SELECT count(*) FROM batch WHERE state IN ('queued', 'signed', 'broadcast')`)
}

// newCrowd is Ethereum with orders to pay, of whose transactions so many may be in no block.
func newCrowd(t *testing.T, most, orders int) (*world, []swap.Order) {
	t.Helper()
	w := newWorld(t, asset.Ethereum)
	w.inFlight = most
	w.restart()
	w.fund(w.some(5000))
	var all []swap.Order
	for range orders {
		all = append(all, w.payout(w.some(10)))
	}
	w.deliver(all...)
	return w, all
}

// What has no room waits with a reason, the oldest goes first, and each block makes room.
func TestNoMoreInFlightThanMayBe(t *testing.T) {
	t.Parallel()
	w, orders := newCrowd(t, 0, payment.InFlightMax+3)
	w.step()
	for i, o := range orders {
		if i < payment.InFlightMax {
			if p := w.payment(o.ID); p.State != swap.PaymentBroadcast {
				t.Fatalf("payment %d is %s: %q", i+1, p.State, p.Reason)
			}
			continue
		}
		w.stands(o, payment.ReasonInFlight)
	}
	w.must(w.engine.Round(t.Context()))
	if n := w.unmined(); n != payment.InFlightMax {
		t.Fatalf("%d in flight, want %d", n, payment.InFlightMax)
	}
	w.mine(1)
	// No pause keeps those that waited from going now.
	w.must(w.engine.Round(t.Context()))
	for _, o := range orders[payment.InFlightMax:] {
		if p := w.payment(o.ID); p.State != swap.PaymentBroadcast {
			t.Fatalf("%s is %s though there is room: %q", o.ID, p.State, p.Reason)
		}
	}
	w.settle(orders...)
}

// A plan that was made while there was room is not stored once there is none, whatever its
// nonce is.
func TestNoRoomNoNonce(t *testing.T) {
	t.Parallel()
	w, orders := newCrowd(t, 2, 3)
	w.step()
	p := w.payment(orders[2].ID)
	basis, err := w.store.Basis(t.Context(), []payment.Payment{p})
	w.must(err)
	if !basis.Full || basis.Funds.Nonce != 2 {
		t.Fatalf("full %t with nonce %d to give", basis.Full, basis.Funds.Nonce)
	}
	plan, err := w.chain.Plan(t.Context(), basis.Funds, request(orders[2], w.feeMax))
	w.must(err)
	if _, err := w.store.StorePlan(t.Context(), []payment.Payment{p}, plan); !errors.Is(err, payment.ErrChanged) {
		t.Fatalf("%v, want ErrChanged", err)
	}
	w.settle(orders...)
}

func request(o swap.Order, most asset.Units) chain.Request {
	return chain.Pay(chain.Output{Destination: o.Destination, Asset: o.Amount.Asset, Units: o.Amount.Units}, most)
}

// Many at once ask the database for a nonce, each as soon as it may: it gives so many and no
// more.
func TestConcurrentPlansHaveTheLimit(t *testing.T) {
	t.Parallel()
	w, orders := newCrowd(t, 0, 3*payment.InFlightMax)
	var wait sync.WaitGroup
	taken := make([]bool, len(orders))
	failed := make([]error, len(orders))
	for i, o := range orders {
		wait.Go(func() { taken[i], failed[i] = w.grab(o) })
	}
	wait.Wait()
	got := 0
	for i := range orders {
		w.must(failed[i])
		if taken[i] {
			got++
		}
	}
	if n := w.unmined(); got != payment.InFlightMax || n != got {
		t.Fatalf("%d took a nonce and %d are in flight, want %d", got, n, payment.InFlightMax)
	}
	w.restart()
	for range 3 {
		w.step()
		w.mine(1)
	}
	w.settle(orders...)
}

// grab tries to have a payment planned and signed until it is, or there is no room.
func (w *world) grab(o swap.Order) (bool, error) {
	ctx := w.t.Context()
	for ctx.Err() == nil {
		p, err := w.store.Payment(ctx, o.ID)
		if err != nil {
			return false, err
		}
		basis, err := w.store.Basis(ctx, []payment.Payment{p})
		if err != nil || basis.Full {
			return false, err
		}
		plan, err := w.chain.Plan(ctx, basis.Funds, request(o, w.feeMax))
		if err != nil {
			return false, err
		}
		b, err := w.store.StorePlan(ctx, []payment.Payment{p}, plan)
		if errors.Is(err, payment.ErrChanged) {
			runtime.Gosched()
			continue // another was faster
		}
		if err != nil {
			return false, err
		}
		raw, txid, err := w.signer.Sign(ctx, payment.SignRequest{Authorities: []payment.Authority{{Order: o, Attestations: []string{"a word"}}}, Plan: plan, FencingToken: uint64(w.lease.Token())})
		if err == nil {
			_, err = w.store.StoreSigned(ctx, b, raw, txid)
		}
		return err == nil, err
	}
	return false, ctx.Err()
}

// A death at any boundary leaves no more in flight than may be, and in the end all are paid
// once.
func TestCrashesKeepTheLimit(t *testing.T) {
	t.Parallel()
	const most = 2
	w := newWorld(t, asset.Ethereum)
	w.inFlight = most
	w.restart()
	w.fund(w.some(5000))
	var orders []swap.Order
	died := 0
	for n := 1; ; n++ {
		w.deliverNew(&orders, most+1)
		where := w.crashing(n)
		if where == "" {
			break
		}
		died++
		w.restart()
		for w.openPayments() > 0 {
			w.step()
			if n := w.unmined(); n > most {
				t.Fatalf("%d in flight after a death %s, want at most %d", n, where, most)
			}
			w.mine(1)
		}
	}
	if died < 2*5*most { // plan, sign, store, hand in and answer, of each
		t.Fatalf("only %d deaths", died)
	}
	w.mine(confirmations)
	for range most {
		w.step()
		w.mine(1)
	}
	w.settle(orders...)
}

func (w *world) deliverNew(orders *[]swap.Order, n int) {
	w.t.Helper()
	var fresh []swap.Order
	for range n {
		fresh = append(fresh, w.payout(w.some(3)))
	}
	w.deliver(fresh...)
	*orders = append(*orders, fresh...)
}

func (w *world) openPayments() int {
	w.t.Helper()
	return w.count(`SELECT count(*) FROM payment WHERE state IN ('queued', 'signed', 'broadcast')`)
}

// A gap among the nonces is filled even where there is no room: what is in flight waits for
// it.
func TestGapFillNeedsNoRoom(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.inFlight = 1
	s.restart()
	s.open()
	o := s.ordered()
	s.step()
	next := s.payout(s.some(10))
	s.deliver(next)
	s.step()
	s.stands(next, payment.ReasonInFlight)
	p := payment.Payment{Order: swap.Order{ID: "gap_fill:x", Purpose: swap.PurposeGapFill, Chain: s.on, Amount: asset.Amount{Asset: s.native()}},
		House: &payment.House{FeeMax: s.feeMax, Nonce: 7}}
	basis, err := s.store.Basis(t.Context(), []payment.Payment{p})
	s.must(err)
	if basis.Full || basis.Funds.Nonce != 7 {
		t.Fatalf("a gap-fill waits for room: %+v", basis)
	}
	if !strings.Contains(s.payment(next.ID).Reason, "room") {
		t.Fatal("it does not say what it waits for")
	}
	s.settle(o, next)
}
