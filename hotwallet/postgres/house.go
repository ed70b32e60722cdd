package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	sweepingAccountSQL = statement("SWEEPING_ACCOUNT")
	sweepUnitsSQL      = statement("SWEEP_UNITS")
	consolidatedSQL    = statement("CONSOLIDATED_COINS")
	freeNonceSQL       = statement("FREE_NONCE")
	withdrawSQL        = statement("WITHDRAW_PAYMENT")
)

// house is the body of a payment of the house's own: an order, and what it rests on.
type house struct {
	swap.Order
	House *payment.House `json:"house,omitempty"`
}

// decodePayment reads the order of a payment and what the house's own have besides.
func decodePayment(body string, p *payment.Payment) error {
	var stored house
	if err := json.Unmarshal([]byte(body), &stored); err != nil {
		return fmt.Errorf("decode a stored order: %w", err)
	}
	p.Order, p.House = stored.Order, stored.House
	return nil
}

// houseFunds are what a payment of the house's own is made from: a deposit address, small
// coins, or the sender.
func (s *Store) houseFunds(ctx context.Context, tx pgx.Tx, p payment.Payment) (f chain.Funds, at queue, err error) {
	switch {
	case !keepsAccounts(s.chain) && p.House.Lifts != "":
		f, err = s.liftFunds(ctx, tx, p)
	case !keepsAccounts(s.chain):
		f, err = s.consolidatedCoins(ctx, tx, p.Order.ID)
	case p.Order.Purpose == swap.PurposeSweep:
		f, err = s.sweepingAccount(ctx, tx, p)
	default:
		f, at, err = s.payingSender(ctx, tx, s.native.ID)
		if p.Order.Purpose == swap.PurposeGapFill { // those that are in no block wait for it
			f.Nonce, at = p.House.Nonce, queue{}
		}
	}
	return f, at, err
}

// sweepingAccount is a deposit address with what of its holdings is buried: what came since
// a reorganisation may take back, and stays there until the next sweep. It has one payment at a time,
// so that nothing of it is tied up.
func (s *Store) sweepingAccount(ctx context.Context, tx pgx.Tx, p payment.Payment) (chain.Funds, error) {
	id := p.Order.Amount.Asset
	f := chain.Funds{Sender: p.House.From}
	err := tx.QueryRow(ctx, sweepingAccountSQL, s.chain, f.Sender, id, s.native.ID, s.burial()).Scan(&f.SenderPath, &f.Nonce, &f.Balance, &f.TokenBalance)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, fmt.Errorf("%.60s is no deposit address of ours", f.Sender)
	}
	if id == s.native.ID {
		f.TokenBalance = asset.Units{}
	}
	return f, err
}

// consolidatedCoins are the small coins that a sweep brings together, as many of them as are
// worth it and fit, and the change address they go to.
func (s *Store) consolidatedCoins(ctx context.Context, tx pgx.Tx, orderID string) (chain.Funds, error) {
	var f chain.Funds
	if err := tx.QueryRow(ctx, changeAddressSQL, s.chain, orderID).Scan(&f.ChangeAddress, &f.ChangePath); err != nil {
		return f, err
	}
	worth, err := s.consolidated()
	if err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, consolidatedSQL, s.chain, s.depth(), worth, sweep.InputsMost)
	if err != nil {
		return f, err
	}
	f.Coins, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c chain.Coin, err error) {
		err = row.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path)
		return c, err
	})
	return f, err
}

// takeHouseNonce checks the nonce of a sweep or a gap-fill: it is the address's next, or
// one of the sender's that no transaction has or will have. Neither moves the sender's. What
// a sweep moves is what its plan says, and the block has to show exactly that.
func (s *Store) takeHouseNonce(ctx context.Context, tx pgx.Tx, p payment.Payment, plan chain.Plan) (*int64, error) {
	f, _, err := s.houseFunds(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	short := p.Order.Amount.Asset != s.native.ID && len(plan.Outputs) == 1 && f.TokenBalance.Less(plan.Outputs[0].Units)
	if short || f.Balance.Less(plan.Fee) || f.Nonce != plan.Nonce || f.SenderPath != plan.SenderPath {
		return nil, fmt.Errorf("nonce %d of %.60s, or what it holds, has changed: %w", plan.Nonce, f.Sender, payment.ErrChanged)
	}
	nonce := int64(plan.Nonce)
	var free bool
	if err := tx.QueryRow(ctx, freeNonceSQL, s.chain, f.Sender, nonce).Scan(&free); err != nil {
		return nil, err
	}
	if !free {
		return nil, fmt.Errorf("nonce %d of %.60s is taken: %w", plan.Nonce, f.Sender, payment.ErrChanged)
	}
	if p.Order.Purpose == swap.PurposeSweep {
		if len(plan.Outputs) != 1 {
			return nil, fmt.Errorf("a sweep of %.60s has %d outputs", f.Sender, len(plan.Outputs))
		}
		err = changedOne(tx.Exec(ctx, sweepUnitsSQL, p.Order.ID, plan.Outputs[0].Units))
	}
	return &nonce, err
}

// StoreWithdrawn implements payment.Store.
func (s *Store) StoreWithdrawn(ctx context.Context, p payment.Payment) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		return changedOne(tx.Exec(ctx, withdrawSQL, p.Order.ID, s.chain, p.Version))
	})
	if err != nil {
		return fmt.Errorf("take back %s: %w", p.Order.ID, err)
	}
	return nil
}
