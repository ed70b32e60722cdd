package chaincases_test

import (
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// F31. Setup: a deposit's facts were delivered and applied.
// Test: they come again: published twice (new offsets, the same numbers), alone and
// in one batch, and redelivered (the old offset).
func TestF31DeliveredTwice(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.plays("F31", "its facts delivered twice, and published twice", "one posting, one order")
		ours, swapID := w.issue()
		w.node.pay(w.T, ours, w.usual())
		w.look()
		w.mine(needed)
		at := w.next
		records := w.pass()
		w.wantCredit(swapID, w.usual())
		before := w.swapRows()
		w.deliver(records...)
		for _, r := range records {
			w.deliver(r, r)
		}
		err := w.handler.Handle(w.Context(), bus.Batch{Topic: bus.TopicFacts, From: at, Next: at + int64(len(records)), Records: records})
		if err == nil {
			w.Fatal("an offset that was consumed was taken again")
		}
		if after := w.swapRows(); after != before {
			w.Fatalf("rows\n%s, were\n%s", after, before)
		}
		w.wantCredit(swapID, w.usual())
		w.wantBooks()
	})
}

// swapRows sums up what facts can change in the state machine.
func (w *world) swapRows() string {
	w.Helper()
	return w.text(w.swapPool, `SELECT concat_ws(' ', (SELECT string_agg(id || state || version, ',') FROM swap), (SELECT count(*) FROM entry),
		(SELECT count(*) FROM posting), (SELECT count(*) FROM outbox), (SELECT count(*) FROM deposit), (SELECT count(*) FROM parked_fact))`)
}

// F32. Setup: a deposit on its way from the mempool to the depth needed.
// Test: until then nothing can be made of it: both books show nothing cleared, a
// payment that names it finds it unconfirmed, and facts that say otherwise can't be
// had from the hot wallet.
func TestF32BeforeClearing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.plays("F32", "credit before it is deep enough", "impossible: nothing is cleared or paid before")
		ours, swapID := w.issue()
		txid := w.node.pay(w.T, ours, w.usual())
		native, _ := w.chain.Native()
		order := payment.Payment{Order: swap.Order{ID: swap.PayoutOrderID(swapID), SwapID: swapID, Purpose: swap.PurposePayout,
			Deposits: []swap.OrderDeposit{{ID: w.id(txid, 0), Amount: asset.Amount{Asset: native.ID, Units: w.usual()}}}}}
		for depth := range needed {
			w.look()
			w.wantState(w.id(txid, 0), map[bool]string{true: "seen", false: "in_block"}[depth == 0])
			w.wantCredit(swapID, asset.Units{})
			if confirmed, err := w.store.DepositsConfirmed(w.Context(), order.Order); err != nil || confirmed {
				w.Fatalf("%d deep it is confirmed (%v)", depth, err)
			}
			if n := w.text(w.swapPool, `SELECT (SELECT count(*) FROM outbox WHERE topic = $1)::text`, bus.TopicOrders); n != "0" {
				w.Fatalf("%d deep there are %s orders", depth, n)
			}
			if _, err := w.pool.Exec(w.Context(), `INSERT INTO posting (entry_key, n, account, asset, units) VALUES ('made up', 0, 'clearing', 'BTC', 1)`); err == nil {
				w.Fatal("a posting without an entry was stored")
			}
			w.node.mine(w.T, 1)
		}
		w.look()
		w.wantCredit(swapID, w.usual())
		if confirmed, err := w.store.DepositsConfirmed(w.Context(), order.Order); err != nil || !confirmed {
			w.Fatalf("deep enough it is not confirmed (%v)", err)
		}
		w.wantBooks()
	})
}
