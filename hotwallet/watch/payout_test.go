package watch_test

import (
	"encoding/json"
	"errors"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// payout is a payment of ours as the payment engine leaves it after signing.
type payout struct {
	order, swapID, destination string
	raw                        []byte
	txid                       string
	fee                        asset.Units // of the plan
	fails                      bool
}

// settledFunds are what may be spent: coins that are settled and not reserved.
func (w *world) settledFunds() chain.Funds {
	w.Helper()
	f := chain.Funds{ChangeAddress: w.hot, ChangePath: "m/1/0/0", Sender: w.hot, SenderPath: "m/1/0/0",
		Nonce: w.nonce, Balance: w.large()}
	rows, err := w.pool.Query(w.ctx, `SELECT txid, idx, units, address, path FROM coin
		WHERE spent_txid IS NULL AND reserved_by IS NULL AND units > 10000
		AND height <= (SELECT height FROM cursor) - $1 ORDER BY height, txid, idx`, needed-1)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c chain.Coin
		if err := rows.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path); err != nil {
			w.Fatal(err)
		}
		f.Coins = append(f.Coins, c)
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	return f
}

// sign plans and signs a payment and stores it with its hold; false if the funds
// do not cover it now. The caller hands it in.
func (w *world) sign(units asset.Units) (payout, bool) {
	w.Helper()
	name := w.chain.Chain()
	p := payout{swapID: swap.NewID(swap.SwapPrefix, timeOf(w.payouts)), destination: w.chain.NewAddress()}
	w.payouts++
	p.order = swap.PayoutOrderID(p.swapID)
	plan, err := w.chain.Plan(w.ctx, w.settledFunds(), chain.Pay(chain.Output{Destination: p.destination, Asset: w.chain.Chain().NativeID(), Units: units}, w.large()))
	if errors.Is(err, chain.ErrFunds) {
		return p, false
	}
	if err != nil {
		w.Fatal(err)
	}
	p.raw, p.txid = fakechain.Sign(plan)
	p.fee = plan.Fee
	body, err := json.Marshal(plan)
	if err != nil {
		w.Fatal(err)
	}
	native, _ := name.Native()
	w.exec(`INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ($1, $2, $3, 'payout', $4, $5, $6, '{}', 'broadcast')`, p.order, name, p.swapID, native.ID, units, p.destination)
	w.batch(p.order)
	w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee, raw, txid)
		VALUES ($1, 1, $2, 'broadcast', $3, $4, $5, $6)`, p.order, name, body, plan.Fee, p.raw, p.txid)
	for _, c := range plan.Coins {
		w.exec(`UPDATE coin SET reserved_by = $1 WHERE txid = $2 AND idx = $3`, p.order, c.TxID, c.Index)
	}
	held, err := units.Add(plan.Fee)
	if err != nil {
		w.Fatal(err)
	}
	w.exec(`WITH e AS (INSERT INTO entry (key, kind) VALUES ('hold:' || $1 || ':1', 'hold') RETURNING key)
		INSERT INTO posting (entry_key, n, account, asset, units) SELECT key, n, account, $2, units
		FROM e, (VALUES (0, 'in_flight', $3::numeric), (1, 'wallet', -$3::numeric)) p (n, account, units)`,
		p.order, native.ID, held.String())
	w.nonce++
	return p, true
}

// batch puts a payment in a batch of its own.
func (w *world) batch(order string) {
	w.Helper()
	w.exec(`WITH b AS (INSERT INTO batch (batch_id, chain, purpose, state, orders)
			SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM payment WHERE order_id = $1)
		UPDATE payment SET batch_id = order_id WHERE order_id = $1`, order)
}

// pay signs a payment and hands it in.
func (w *world) pay(units asset.Units) payout {
	w.Helper()
	p, ok := w.sign(units)
	if !ok {
		w.Fatal("the funds do not cover the payment")
	}
	w.broadcast(p)
	return p
}

func (w *world) broadcast(p payout) {
	w.Helper()
	if answer, err := w.chain.Broadcast(w.ctx, p.raw); answer != chain.Accepted {
		w.Fatalf("broadcast: %s, %v", answer, err)
	}
}

func (w *world) paymentState(p payout) string {
	w.Helper()
	return w.text(`SELECT state FROM payment WHERE order_id = $1`, p.order)
}
