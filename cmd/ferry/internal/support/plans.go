package support

import (
	"context"
	"encoding/json"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// PaymentPlan is what was planned and signed in one transaction made for a payment.
type PaymentPlan struct {
	BatchID string      `db:"batch_id"`
	N       int32       `db:"n"`
	Chain   asset.Chain `db:"chain"`
	State   string      `db:"state"`
	TxID    string      `db:"txid"`
	// Raw are the signed bytes, nil where it is not signed.
	Raw []byte `db:"raw"`
	// Stored is Plan as the hot wallet has stored it.
	Stored json.RawMessage `db:"plan"`
}

// Plan is what the signer was or will be asked for.
func (p PaymentPlan) Plan() (plan chain.Plan, err error) {
	if err := json.Unmarshal(p.Stored, &plan); err != nil {
		return plan, fmt.Errorf("the stored plan of attempt %d of batch %s: %w", p.N, p.BatchID, err)
	}
	return plan, nil
}

// Plans are those of the transactions that Payment lists, in the same order. ErrNotFound
// where the hot wallet has no such payment, or has made no transaction for it.
func (r *Reader) Plans(ctx context.Context, orderID string) ([]PaymentPlan, error) {
	found, err := rows[PaymentPlan](ctx, r, "PAYMENT_PLANS", orderID, caseRows)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("the hot wallet has made no transaction for a payment %s: %w", orderID, ErrNotFound)
	}
	return found, err
}
