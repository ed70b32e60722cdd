package payment_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"

	"ferry/hotwallet/keys"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// refusals counts the alarms about an order that was not stored.
func (w *world) refusals(reason string) int {
	w.t.Helper()
	return w.count(`SELECT count(*) FROM staff_action WHERE action = 'alarm.order_refused' AND reason LIKE $1`, "%"+reason+"%")
}

func TestOrderDeliveredTwice(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		o := w.payout(w.some(10))
		w.deliver(o, o)
		again := o
		again.At = again.At.Add(1)
		w.deliver(again)
		w.settle(o)
		w.deliver(o)
		w.settle(o)
		if n := w.refusals(""); n != 0 {
			t.Fatalf("%d refusals of the same order", n)
		}
	})
}

func TestOrderUnderATakenID(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, o *swap.Order){
		"amount":      func(w *world, o *swap.Order) { o.Amount.Units = w.some(11) },
		"destination": func(w *world, o *swap.Order) { o.Destination = w.chain.NewAddress() },
		"deposit":     func(_ *world, o *swap.Order) { o.Deposits = deposits(o.Deposits[0].ID+"0", o.Deposits[0].Amount) },
		"quote":       func(_ *world, o *swap.Order) { o.SignedQuote += "x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, asset.Bitcoin)
			w.fund(w.some(1000))
			o := w.payout(w.some(10))
			other := o
			change(w, &other)
			w.deliver(o, other)
			w.deliver(other)
			if n := w.refusals("different order"); n != 2 {
				t.Fatalf("%d refusals, want 2", n)
			}
			w.settle(o)
		})
	}
}

// A deposit is used up by one order: a refund of what was paid out is not stored.
func TestDepositUsedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	o := w.refund(w.some(10))
	second := o
	second.SwapID = swap.NewID(swap.SwapPrefix, w.clock.Now())
	second.ID, second.Purpose = swap.PayoutOrderID(second.SwapID), swap.PurposePayout
	w.deliver(o, second)
	if n := w.refusals("another order has used deposit"); n != 1 {
		t.Fatalf("%d refusals, want 1", n)
	}
	w.fund(w.some(1000))
	w.settle(o)
}

// refund makes a real deposit on this chain, and the order to send it back.
func (w *world) refund(u asset.Units) swap.Order {
	w.t.Helper()
	o := w.order(w.native(), otherAsset(w.on), u, asset.NewUnits(5_000_000))
	o.Destination, o.Amount.Asset = w.receipt.RefundAddress, w.native()
	key := w.issued(o.SwapID)
	txid := w.chain.Pay(key.Address, u)
	w.mine(confirmations)
	o.Deposits = deposits(string(w.on)+":"+txid+":0", o.Deposits[0].Amount)
	o.ID, o.Purpose = swap.RefundOrderID(o.Deposits[0].ID), swap.PurposeRefund
	less, err := u.Sub(w.refundFee)
	w.must(err)
	o.Amount.Units = less
	return o
}

func otherAsset(on asset.Chain) asset.ID {
	if on == asset.Bitcoin {
		return asset.ETH
	}
	return asset.BTC
}

// issued gives the swap a deposit address.
func (w *world) issued(swapID string) keys.Key {
	w.t.Helper()
	index := w.count(`SELECT count(*) FROM address WHERE role = 0`)
	key, err := w.accounts.Derive(w.on, keys.Deposit, keys.External, uint32(index))
	w.must(err)
	w.set.Add(key.Address)
	_, err = w.pool.Exec(context.Background(), `INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash)
		VALUES ($1, 0, 0, $2, $3, $4, 'issued', $5, 'hash')`, w.on, index, key.Path, key.Address, swapID)
	w.must(err)
	return key
}

func TestRefund(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(w.some(1000))
		o := w.refund(w.some(50))
		w.deliver(o)
		w.settle(o)
		b := w.balances()
		if w.on == asset.Ethereum && b.Unswept != w.some(50) {
			t.Errorf("unswept %s, want the deposit", b.Unswept)
		}
		if b.OnChain.Sign() <= 0 || b.HouseCapital.Cmp(w.some(1000).Big()) != 0 || b.InFlight.Sign() != 0 {
			t.Errorf("balances %+v", b)
		}
	})
}

func TestRefundKeepsTooMuch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.fund(w.some(1000))
	o := w.refund(w.some(50))
	for _, change := range []int64{-1, 2000} {
		wrong := o
		n, err := asset.UnitsFromBig(new(big.Int).Add(o.Amount.Units.Big(), big.NewInt(change)))
		w.must(err)
		wrong.Amount.Units = n
		if err := payment.CheckAuthority(wrong, public(w.quoteKey), public(w.attest)); err == nil {
			t.Errorf("a refund of %s for deposits of %v is allowed", n, o.Deposits)
		}
	}
	if err := payment.CheckAuthority(o, public(w.quoteKey), public(w.attest)); err != nil {
		t.Error(err)
	}
}

// What is not for this chain, or is no order, moves the offset and nothing else.
func TestOrdersOfOthersAndMalformed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	foreign := w.payout(w.some(10))
	foreign.Chain, foreign.Amount.Asset = asset.Ethereum, asset.ETH
	w.deliver(foreign)
	if n := w.count(`SELECT (SELECT count(*) FROM payment) + (SELECT count(*) FROM staff_action)`); n != 0 {
		t.Fatalf("%d rows of another chain's order", n)
	}
	good := w.payout(w.some(10))
	b := w.batch(good, good, good, good)
	b.Records[0].Kind = "swap.update"
	b.Records[1].Key = "another"
	b.Records[2].Body = []byte(strings.Replace(string(b.Records[2].Body), good.Destination, `a\u0000b`, 1))
	b.Malformed = []error{bus.ErrMalformed}
	w.must(w.orders.Handle(t.Context(), b))
	if n := w.refusals(""); n != 4 {
		t.Errorf("%d refusals, want 4", n)
	}
	if n := w.count(`SELECT count(*) FROM payment`); n != 1 {
		t.Errorf("%d payments, want the good one", n)
	}
}

// A consumer that has lost its partition stores nothing.
func TestOrdersGuardTheOffset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	w.deliver(w.payout(w.some(10)))
	stale := w.batch(w.payout(w.some(20)))
	stale.From--
	if err := w.orders.Handle(t.Context(), stale); !errors.Is(err, bus.ErrOffsetMoved) {
		t.Fatalf("%v, want ErrOffsetMoved", err)
	}
	if n := w.count(`SELECT count(*) FROM payment`); n != 1 {
		t.Fatalf("%d payments, want 1", n)
	}
	next, err := w.orders.Load(t.Context(), bus.TopicOrders, 0)
	if err != nil || next != 1 {
		t.Fatalf("offset %d, %v", next, err)
	}
}
