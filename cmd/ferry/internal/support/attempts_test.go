package support

import (
	"testing"

	"ferry/cmd/ferry/internal/seed"
)

// An attempt that was dropped unsigned, or is only planned, hides none that is live.
func TestPaymentShowsItsNewestSignedAttempt(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Exec(`INSERT INTO hotwallet.payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
	         VALUES ('o1', 'bitcoin', 's', 'payout', 'BTC', 120000, 'd', '{}', 'broadcast')`)
	db.Exec(`INSERT INTO hotwallet.batch (batch_id, chain, purpose, state, orders) VALUES ('o1', 'bitcoin', 'payout', 'broadcast', '{o1}')`)
	db.Exec(`UPDATE hotwallet.payment SET batch_id = 'o1' WHERE order_id = 'o1'`)
	db.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee, raw, txid, last_answer)
		VALUES ('o1', 1, 'bitcoin', 'broadcast', '{}', 1000, 'x', 'live', 'too little')`)
	db.Exec(`INSERT INTO hotwallet.attempt (batch_id, n, chain, state, plan, fee)
		VALUES ('o1', 2, 'bitcoin', 'dropped', '{}', 2000), ('o1', 3, 'bitcoin', 'planned', '{}', 3000)`)
	err := Read(t.Context(), db.Support(), seed.Now, func(r *Reader) error {
		found, err := r.Payments(t.Context(), PaymentsFilter{})
		if err != nil || len(found.Payments) != 1 {
			t.Fatalf("%d payments (%v)", len(found.Payments), err)
		}
		if p := found.Payments[0]; p.TxID != "live" || p.Fee.String() != "1000" || p.LastAnswer != "too little" || p.Attempts != 3 {
			t.Errorf("transaction %q, fee %s, answer %q, %d attempts", p.TxID, p.Fee, p.LastAnswer, p.Attempts)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
