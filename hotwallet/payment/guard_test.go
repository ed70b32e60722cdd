package payment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
)

// planned makes a payment's plan without storing it.
func (w *world) planned(o swap.Order) (payment.Payment, chain.Plan) {
	w.t.Helper()
	p := w.payment(o.ID)
	basis, err := w.store.Basis(w.t.Context(), []payment.Payment{p})
	w.must(err)
	plan, err := w.chain.Plan(w.t.Context(), basis.Funds, chain.Pay(chain.Output{Destination: o.Destination, Asset: o.Amount.Asset, Units: o.Amount.Units}, w.feeMax))
	w.must(err)
	return p, plan
}

// Every guard of a plan fires, and then nothing is stored.
func TestPlanGuards(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil func(w *world, p *payment.Payment, plan *chain.Plan)
		only  asset.Chain
	}{
		"version": {spoil: func(_ *world, p *payment.Payment, _ *chain.Plan) { p.Version++ }},
		"halted": {spoil: func(w *world, _ *payment.Payment, _ *chain.Plan) {
			_, err := w.house.Halt(w.t.Context(), "alice", "drill")
			w.must(err)
		}},
		"deposit not confirmed": {spoil: func(w *world, p *payment.Payment, _ *chain.Plan) {
			_, err := w.pool.Exec(w.t.Context(), `UPDATE deposit SET state = 'reorged', height = NULL, block_hash = NULL,
				confirmed_at = NULL WHERE deposit_id = $1`, p.Order.Deposits[0].ID)
			w.must(err)
		}},
		"deposit of another swap": {spoil: func(w *world, p *payment.Payment, _ *chain.Plan) {
			_, err := w.pool.Exec(w.t.Context(), `UPDATE deposit SET swap_id = 'another' WHERE deposit_id = $1`, p.Order.Deposits[0].ID)
			w.must(err)
		}},
		"a coin is reserved": {only: asset.Bitcoin, spoil: func(w *world, _ *payment.Payment, plan *chain.Plan) {
			_, err := w.pool.Exec(w.t.Context(), `UPDATE coin SET reserved_by = 'another' WHERE txid = $1`, plan.Coins[0].TxID)
			w.must(err)
		}},
		"a coin is spent": {only: asset.Bitcoin, spoil: func(w *world, _ *payment.Payment, plan *chain.Plan) {
			_, err := w.pool.Exec(w.t.Context(), `UPDATE coin SET spent_txid = 'x', spent_height = 9 WHERE txid = $1`, plan.Coins[0].TxID)
			w.must(err)
		}},
		"a coin is not deep enough": {only: asset.Bitcoin, spoil: func(w *world, _ *payment.Payment, plan *chain.Plan) {
			_, err := w.pool.Exec(w.t.Context(), `UPDATE coin SET height = height + 1`)
			w.must(err)
		}},
		"a coin has another amount": {only: asset.Bitcoin, spoil: func(w *world, _ *payment.Payment, plan *chain.Plan) {
			plan.Coins[0].Units = asset.NewUnits(1)
		}},
		"no coin": {only: asset.Bitcoin, spoil: func(_ *world, _ *payment.Payment, plan *chain.Plan) { plan.Coins = nil }},
		"a later nonce": {only: asset.Ethereum, spoil: func(_ *world, _ *payment.Payment, plan *chain.Plan) {
			plan.Nonce++
		}},
		"another sender": {only: asset.Ethereum, spoil: func(_ *world, _ *payment.Payment, plan *chain.Plan) {
			plan.SenderPath += "1"
		}},
		"a fee beyond the balance": {only: asset.Ethereum, spoil: func(w *world, _ *payment.Payment, plan *chain.Plan) {
			plan.Fee = w.some(1000)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				if row.only != "" && row.only != w.on {
					return
				}
				o := w.ordered()
				p, plan := w.planned(o)
				row.spoil(w, &p, &plan)
				if _, err := w.store.StorePlan(t.Context(), []payment.Payment{p}, plan); !errors.Is(err, payment.ErrChanged) {
					t.Fatalf("%v, want ErrChanged", err)
				}
				if n := w.count(`SELECT (SELECT count(*) FROM attempt) + (SELECT count(*) FROM coin WHERE reserved_by LIKE 'pay%')
					+ (SELECT coalesce(max(next_nonce), 0) FROM sender)`); n != 0 {
					t.Fatal("something was stored")
				}
			})
		})
	}
}

// The writes after the plan: each is refused from any state but its own.
func TestStepGuards(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		o := w.ordered()
		queued, plan := w.planned(o)
		planned, err := w.store.StorePlan(t.Context(), []payment.Payment{queued}, plan)
		w.must(err)
		if _, err := w.store.StorePlan(t.Context(), planned.Payments, plan); !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("a second plan: %v", err)
		}
		if _, err := w.store.StoreReason(t.Context(), queued, "late"); !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("a reason from an old version: %v", err)
		}
		if _, err := w.store.StoreAnswer(t.Context(), planned, 1, payment.Answer{Acceptance: chain.Accepted}); err == nil {
			t.Fatal("an answer without signed bytes was stored")
		}
		stale := planned
		stale.Version--
		if _, err := w.store.StoreSigned(t.Context(), stale, []byte("raw"), "txid"); !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("signed from an old version: %v", err)
		}
		if _, err := w.store.StoreSigned(t.Context(), planned, nil, "txid"); err == nil {
			t.Fatal("no bytes were stored as signed")
		}
		signed, err := w.store.StoreSigned(t.Context(), planned, []byte("raw"), "txid")
		w.must(err)
		again := planned
		again.Version = signed.Version
		if _, err := w.store.StoreSigned(t.Context(), again, []byte("other"), "other"); !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("signed twice: %v", err)
		}
		answer := payment.Answer{Acceptance: chain.Unknown, At: w.clock.Now()}
		_, err = w.store.StoreAnswer(t.Context(), signed, 1, answer)
		w.must(err)
		if _, err := w.store.StoreAnswer(t.Context(), signed, 1, answer); !errors.Is(err, payment.ErrChanged) {
			t.Fatalf("an answer from an old version: %v", err)
		}
		if n := w.count(`SELECT count(*) FROM entry WHERE kind = 'payment.hold'`); n != 1 {
			t.Fatalf("%d holds, want 1", n)
		}
	})
}

// Plans stored at once: no coin and no nonce is ever given twice, and nonces have
// no gap.
func TestPlansAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		const n = 8
		w.fund(w.some(100), w.some(101), w.some(102))
		var orders []swap.Order
		for i := range n {
			orders = append(orders, w.payout(w.some(uint64(10+i))))
		}
		w.deliver(orders...)
		payments, plans := make([]payment.Payment, n), make([]chain.Plan, n)
		for i, o := range orders {
			payments[i], plans[i] = w.planned(o)
		}
		var wg sync.WaitGroup
		errs := make([]error, n)
		for i := range orders {
			p, plan := payments[i], plans[i]
			wg.Go(func() {
				stored, err := w.store.StorePlan(t.Context(), []payment.Payment{p}, plan)
				if err == nil {
					raw, txid, signErr := w.signer.Sign(t.Context(), payment.SignRequest{
						Authorities: []payment.Authority{{Order: stored.Payments[0].Order, Attestations: []string{"a word"}}}, Plan: plan, FencingToken: uint64(w.lease.Token())})
					if err = signErr; err == nil {
						_, err = w.store.StoreSigned(t.Context(), stored, raw, txid)
					}
				}
				errs[i] = err
			})
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, payment.ErrChanged):
				t.Errorf("order %d: %v", i, err)
			}
		}
		// All were planned from the same funds: one coin at most is theirs to take.
		if won != 1 {
			t.Errorf("%d plans from one coin or nonce were stored, want 1", won)
		}
		for range n {
			w.settleSome()
		}
		w.settle(orders...)
		if w.on == asset.Ethereum {
			if got := w.count(`SELECT count(DISTINCT nonce) FROM attempt WHERE nonce < $1`, n); got != n {
				t.Errorf("%d nonces below %d, want all", got, n)
			}
		}
	})
}

func (w *world) settleSome() {
	w.t.Helper()
	w.step()
	w.mine(confirmations)
}

// A plan survives the attempt's row byte for byte.
func TestPlanRoundTripsThroughTheRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Bitcoin)
	rapid.Check(t, func(r *rapid.T) {
		want := chain.Plan{
			Unsigned:    rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(r, "unsigned"),
			ChangeIndex: rapid.IntRange(-1, 5).Draw(r, "change"), ChangePath: rapid.StringMatching(`m(/[0-9]{1,5}'?){0,5}`).Draw(r, "path"),
			SenderPath: "m/44'/60'/1'/0/0", Nonce: rapid.Uint64().Draw(r, "nonce"),
			Fee: asset.NewUnits(rapid.Uint64().Draw(r, "fee")),
		}
		for i := range rapid.IntRange(0, 3).Draw(r, "coins") {
			want.Coins = append(want.Coins, chain.Coin{TxID: fmt.Sprint(i), Index: rapid.Uint32().Draw(r, "index"),
				Units: asset.NewUnits(rapid.Uint64().Draw(r, "units")), Address: "a", Path: "m/0",
				PreviousTx: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(r, "previous")})
		}
		raw, err := json.Marshal(want)
		if err != nil {
			r.Fatal(err)
		}
		var text string
		if err := w.pool.QueryRow(t.Context(), `SELECT ($1::jsonb)::text`, string(raw)).Scan(&text); err != nil {
			r.Fatal(err)
		}
		var got chain.Plan
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			r.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			r.Fatalf("%+v\nwant %+v", got, want)
		}
	})
}
