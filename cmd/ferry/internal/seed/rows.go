package seed

import (
	"encoding/json"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// Swap stores a swap of terms in a state, as the state machine does.
func (d *Database) Swap(terms swap.Terms, state swap.State, version int64, updated time.Time) {
	d.t.Helper()
	q, r := terms.Quote, terms.Receipt
	d.Exec(`INSERT INTO swap.swap (id, state, version, signed_quote, signed_receipt, quote_id, pair, deposit_units, payout_units,
	            deposit_address, payout_address, refund_address, seen, created_at, updated_at)
	        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '{}', $13, $14)`,
		r.SwapID, state, version, terms.SignedQuote, terms.SignedReceipt, q.ID, q.Pair.String(), q.Deposit.Units, q.Payout.Units,
		r.DepositAddress, r.PayoutAddress, r.RefundAddress, r.IssuedAt, updated)
}

// Deposit stores a deposit of a swap as the state machine does.
func (d *Database) Deposit(swapID string, position int, dep swap.Deposit) {
	d.t.Helper()
	d.Exec(`INSERT INTO swap.deposit (swap_id, deposit_id, txid, units, state, verdict, position, body)
	        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		swapID, dep.ID, dep.TxID, dep.Amount.Units, dep.State, dep.Verdict, position, d.json(dep))
}

// Payment stores a payment of a swap as the state machine does.
func (d *Database) Payment(swapID string, position int, p swap.Payment) {
	d.t.Helper()
	d.Exec(`INSERT INTO swap.payment (order_id, swap_id, purpose, units, state, txid, position, body)
	        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.OrderID, swapID, p.Purpose, p.Amount.Units, p.State, p.TxID, position, d.json(p))
}

// Event stores an applied fact.
func (d *Database) Event(swapID string, version int64, source string, kind swap.FactKind, from, to swap.State, note string, at time.Time) {
	d.t.Helper()
	d.Exec(`INSERT INTO swap.swap_event (swap_id, version, source, seq, kind, from_state, to_state, note, fact, at)
	        VALUES ($1, $2, $3, $2, $4, $5, $6, $7, '{}', $8)`, swapID, version, source, kind, from, to, note, at)
}

// Watched stores a deposit as the hot wallet does; a height of 0 is no block.
func (d *Database) Watched(dep swap.Deposit, swapID, address string) {
	d.t.Helper()
	parts := strings.Split(dep.ID, ":")
	purpose := "swap"
	if swapID == "" {
		purpose = "funding"
	}
	var height, hash, confirmed any
	if dep.Height > 0 {
		height, hash = dep.Height, "block"
	}
	if dep.State == swap.DepositFinal {
		confirmed = dep.FirstSeen.Add(3 * time.Minute)
	}
	d.Exec(`INSERT INTO hotwallet.deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, swap_id, state, first_seen,
	            height, block_hash, confirmed_at)
	        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		dep.ID, parts[0], dep.TxID, parts[2], address, dep.Amount.Asset, dep.Amount.Units, purpose, swapID, dep.State, dep.FirstSeen,
		height, hash, confirmed)
	if parts[0] == string(asset.Ethereum) && dep.Height > 0 {
		d.holds(address, dep.Amount.Asset, dep.Amount.Units.String())
	}
}

// holds adds to what an address of Ethereum holds, in base units that may be below zero.
func (d *Database) holds(address string, id asset.ID, units string) {
	d.t.Helper()
	d.Exec(`INSERT INTO hotwallet.holding AS h (chain, address, asset, units) VALUES ('ethereum', $1, $2, $3)
	        ON CONFLICT (chain, address, asset) DO UPDATE SET units = h.units + excluded.units`, address, id, units)
}

// Entry books an entry at a time in the book of a schema.
func (d *Database) Entry(schema string, e ledger.Entry, at time.Time) {
	d.t.Helper()
	if err := e.Validate(); err != nil {
		d.t.Fatal(err)
	}
	var ns []int32
	var accounts, assets, units []string
	for i, p := range e.Postings {
		ns, accounts = append(ns, int32(i)), append(accounts, string(p.Account))
		assets, units = append(assets, string(p.Amount.Asset)), append(units, p.Signed().String())
	}
	// A trigger of the table names other tables without their schema.
	d.Exec("SELECT set_config('search_path', $1, false)", schema)
	d.Exec(`WITH e AS (INSERT INTO entry (key, kind, swap_id, created_at) VALUES ($1, $2, $3, $4))
	        INSERT INTO posting (entry_key, n, account, asset, units)
	        SELECT $1, * FROM unnest($5::integer[], $6::text[], $7::text[], $8::numeric[])`,
		e.Key, e.Kind, e.SwapID, at, ns, accounts, assets, units)
}

// Terms are those of a swap of 0.01 BTC to 0.28 ETH whose ids end in n, created
// at a time of its own; addresses differ by n.
func (d *Database) Terms(n string, created time.Time) swap.Terms {
	d.t.Helper()
	return swaptest.NewTerms(d.t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		q.ID, r.SwapID = "quote_01k00000000000000000000"+n, SwapID(n)
		q.IssuedAt, q.AcceptBy = created, created.Add(time.Minute)
		r.QuoteID, r.DepositAddress = q.ID, "sb1qdeposit"+n
		r.IssuedAt, r.DepositBy, r.ConfirmBy = created, created.Add(20*time.Minute), created.Add(2*time.Hour)
	})
}

// SwapID is the id of the swap that ends in n (three digits).
func SwapID(n string) string { return "swap_01k00000000000000000000" + n }

func (d *Database) json(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(raw)
}
