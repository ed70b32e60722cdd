package support

import (
	"context"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// WalletPayment is the hot wallet's row of a payment, with its transactions.
type WalletPayment struct {
	OrderID string      `json:"-"`
	Chain   asset.Chain `json:"chain"`
	State   string      `json:"state"`
	// Reason says why it stands still or failed.
	Reason    string      `json:"reason,omitempty"`
	TxID      string      `json:"txid,omitempty" db:"txid"`
	Fee       asset.Units `json:"fee"`
	Height    int64       `json:"height,omitempty"`
	QueuedAt  time.Time   `json:"queued_at"`
	UpdatedAt time.Time   `json:"updated_at"`
	Attempts  []Attempt   `json:"attempts" db:"-"`
}

// Attempt is one transaction made for a payment.
type Attempt struct {
	OrderID    string      `json:"-"`
	N          int32       `json:"n"`
	State      string      `json:"state"`
	Fee        asset.Units `json:"fee"`
	Nonce      *int64      `json:"nonce,omitempty"`
	TxID       string      `json:"txid,omitempty" db:"txid"`
	PlannedAt  time.Time   `json:"planned_at"`
	SignedAt   *time.Time  `json:"signed_at,omitempty"`
	LastSentAt *time.Time  `json:"last_sent_at,omitempty"`
	// LastAnswer is what the node said when it was last handed in.
	LastAnswer string `json:"last_answer,omitempty"`
}

// watched is the hot wallet's row of a deposit.
type watched struct {
	DepositID   string
	Chain       asset.Chain
	TxID        string `db:"txid"`
	Address     string
	Asset       asset.ID
	Units       asset.Units
	State       string
	FirstSeen   time.Time
	Height      int64
	ConfirmedAt *time.Time
}

// caseDeposits puts what was judged beside what is watched.
func (r *Reader) caseDeposits(ctx context.Context, c *Case, told []swap.Deposit) error {
	seen, err := rows[watched](ctx, r, "CASE_WATCHED", c.SwapID, caseRows)
	if err != nil {
		return err
	}
	states := map[string]string{}
	for _, w := range seen {
		states[w.DepositID] = w.State
	}
	c.Deposits = make([]DepositView, 0, len(told))
	known := map[string]bool{}
	for _, d := range told {
		known[d.ID] = true
		c.Deposits = append(c.Deposits, DepositView{Deposit: d, Told: true, Watched: states[d.ID]})
	}
	for _, w := range seen {
		if known[w.DepositID] {
			continue
		}
		c.Deposits = append(c.Deposits, DepositView{Watched: w.State, Deposit: swap.Deposit{ID: w.DepositID, TxID: w.TxID,
			Amount: asset.Amount{Asset: w.Asset, Units: w.Units}, State: swap.DepositState(w.State),
			Height: w.Height, FirstSeen: w.FirstSeen.UTC()}})
	}
	return nil
}

// casePayments puts what was ordered beside what the hot wallet makes of it. A
// payment that only the hot wallet has shows with its order id alone.
func (r *Reader) casePayments(ctx context.Context, c *Case, ordered []swap.Payment) error {
	wallet, err := rows[WalletPayment](ctx, r, "CASE_WALLET_PAYMENTS", c.SwapID, caseRows)
	if err != nil {
		return err
	}
	attempts, err := rows[Attempt](ctx, r, "CASE_ATTEMPTS", c.SwapID, caseRows)
	if err != nil {
		return err
	}
	byOrder := map[string]*WalletPayment{}
	for i := range wallet {
		wallet[i].Attempts = []Attempt{}
		byOrder[wallet[i].OrderID] = &wallet[i]
	}
	for _, a := range attempts {
		if p := byOrder[a.OrderID]; p != nil {
			p.Attempts = append(p.Attempts, a)
		}
	}
	c.Payments = make([]PaymentView, 0, len(ordered))
	for _, p := range ordered {
		c.Payments = append(c.Payments, PaymentView{Payment: p, Wallet: byOrder[p.OrderID]})
		delete(byOrder, p.OrderID)
	}
	for i := range wallet {
		if p := byOrder[wallet[i].OrderID]; p != nil {
			c.Payments = append(c.Payments, PaymentView{Payment: swap.Payment{OrderID: p.OrderID, State: swap.PaymentState(p.State)}, Wallet: p})
		}
	}
	return nil
}
