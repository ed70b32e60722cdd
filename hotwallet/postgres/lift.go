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
)

var (
	builderSQL    = statement("BUILDER")
	forgetLiftSQL = statement("FORGET_LIFT")
)

var _ payment.Lifter = (*Store)(nil)

// liftOnMost is how many transactions of ours in a row a child may raise: a few more than a
// payment is built on, because what raises them makes them shorter.
const liftOnMost = 4

// Liftable implements payment.Lifter.
func (s *Store) Liftable(ctx context.Context, b payment.Batch) (coin chain.Coin, made payment.Attempt, ok bool, err error) {
	var open []unconfirmed
	err = s.read(ctx, func(tx pgx.Tx) (err error) {
		open, err = s.unconfirmed(ctx, tx)
		return err
	})
	for range liftOnMost {
		if err != nil {
			break
		}
		made = b.Newest()
		found := false
		for _, o := range open {
			if o.TxID == made.TxID {
				coin, found = o.Coin, true
				if !o.taken {
					return coin, made, o.Parent.Count <= liftOnMost, nil
				}
			}
		}
		if !found {
			return chain.Coin{}, made, false, nil
		}
		var builder string
		err = s.pool.QueryRow(ctx, builderSQL, s.chain, coin.TxID, int64(coin.Index)).Scan(&builder)
		if errors.Is(err, pgx.ErrNoRows) { // it has changed meanwhile
			return chain.Coin{}, made, false, nil
		}
		if err == nil {
			b, err = s.Batch(ctx, builder)
		}
	}
	if err != nil {
		err = fmt.Errorf("look for what could raise %s: %w", b.ID, err)
	}
	return chain.Coin{}, made, false, err
}

// StoreLift implements payment.Lifter.
func (s *Store) StoreLift(ctx context.Context, b payment.Batch, coin chain.Coin, l payment.House) (string, error) {
	now := s.now()
	id := sweep.Intent{Purpose: swap.PurposeSweep, Coin: coin.ID()}.OrderID()
	o := swap.Order{ID: id, Purpose: swap.PurposeSweep, Chain: s.chain, Amount: s.amount(coin.Units), At: swap.Millis(now)}
	fresh := false
	err := s.write(ctx, func(tx pgx.Tx) error {
		var path string
		if err := tx.QueryRow(ctx, changeAddressSQL, s.chain, id).Scan(&o.Destination, &path); err != nil {
			return err
		}
		body, err := json.Marshal(house{Order: o, House: &l})
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		tag, err := tx.Exec(ctx, insertHouseSQL, s.chain, id, o.Purpose, o.Amount.Asset, o.Amount.Units, o.Destination, string(body), "", nil, l.FeeMax, now)
		fresh = err == nil && tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store what raises %s: %w", b.ID, err)
	}
	if !fresh {
		return "", nil
	}
	return id, nil
}

// StoreNeedless implements payment.Lifter.
func (s *Store) StoreNeedless(ctx context.Context, p payment.Payment) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		return changedOne(tx.Exec(ctx, forgetLiftSQL, p.Order.ID, s.chain, p.Version))
	})
	if err != nil {
		return fmt.Errorf("forget %s: %w", p.Order.ID, err)
	}
	return nil
}

// liftFunds are the one coin of what raises another payment, while it is change in no block
// that nothing else spends, and the change address it goes to.
func (s *Store) liftFunds(ctx context.Context, tx pgx.Tx, p payment.Payment) (f chain.Funds, err error) {
	if err := tx.QueryRow(ctx, changeAddressSQL, s.chain, p.Order.ID).Scan(&f.ChangeAddress, &f.ChangePath); err != nil {
		return f, err
	}
	open, err := s.unconfirmed(ctx, tx)
	for _, o := range open {
		if o.ID() == p.House.Lifts && !o.taken {
			f.Must = []chain.Coin{o.Coin}
		}
	}
	return f, err
}
