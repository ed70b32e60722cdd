package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

var (
	ownUnconfirmedSQL = statement("OWN_UNCONFIRMED")
	ownShallowSQL     = statement("OWN_SHALLOW")
	reserveChangeSQL  = statement("RESERVE_CHANGE")
	builtOnSQL        = statement("BUILT_ON")
	beforeBatchSQL    = statement("BEFORE_BATCH")
)

const (
	// buildOnMost is how many transactions of ours in a row, in no block, something new is
	// built on: nodes take 25 in a row (Bitcoin Core's DEFAULT_ANCESTOR_LIMIT and
	// DEFAULT_DESCENDANT_LIMIT, 50 on Bitcoin Cash), of which those whom we pay may use up most.
	buildOnMost = 2
	// ownMost is how many coins of own change are offered.
	ownMost = 10
	// builtOnBlocks is how many blocks what builds on a batch is given until our node takes it.
	builtOnBlocks = 3
	// beforeMost bounds the way back of what a batch builds on.
	beforeMost = 8
)

// unconfirmed is change of our own in no block, and whether something builds on it.
type unconfirmed struct {
	chain.Coin
	taken bool
}

func (s *Store) unconfirmed(ctx context.Context, tx pgx.Tx) ([]unconfirmed, error) {
	rows, err := tx.Query(ctx, ownUnconfirmedSQL, s.chain)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c unconfirmed, err error) {
		c.Parent = &chain.Parent{}
		err = row.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path, &c.Parent.Fee, &c.Parent.VSize, &c.Parent.Count, &c.taken)
		return c, err
	})
}

// ownChange is change of our own that is not deep enough yet. It is looked for only where the
// coins come to less than twice what is paid: a fee is no more than what it is for.
func (s *Store) ownChange(ctx context.Context, tx pgx.Tx, payments []payment.Payment, coins []chain.Coin) ([]chain.Coin, error) {
	var needed, there asset.Units
	var err error
	for _, p := range payments {
		for range 2 {
			if needed, err = needed.Add(p.Order.Amount.Units); err != nil {
				return nil, fmt.Errorf("sum of what is paid: %w", err)
			}
		}
	}
	for _, c := range coins {
		if there, err = there.Add(c.Units); err != nil {
			return nil, fmt.Errorf("sum of coins: %w", err)
		}
	}
	if !there.Less(needed) {
		return nil, nil
	}
	rows, err := tx.Query(ctx, ownShallowSQL, s.chain, s.spendDepth(), ownMost)
	if err != nil {
		return nil, err
	}
	own, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c chain.Coin, err error) {
		err = row.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path)
		return c, err
	})
	if err != nil {
		return nil, err
	}
	open, err := s.unconfirmed(ctx, tx)
	for _, c := range open {
		if !c.taken && c.Parent.Count <= buildOnMost && len(own) < 2*ownMost {
			own = append(own, c.Coin)
		}
	}
	return own, err
}

// spentAgain are the coins of an attempt as another one has to see them: what they rest on may
// be in a block by now.
func (s *Store) spentAgain(ctx context.Context, tx pgx.Tx, coins []chain.Coin) ([]chain.Coin, error) {
	var open []unconfirmed
	again := append([]chain.Coin{}, coins...)
	for i, c := range again {
		if c.Parent == nil {
			continue
		}
		if open == nil {
			var err error
			if open, err = s.unconfirmed(ctx, tx); err != nil {
				return nil, err
			}
		}
		again[i].Parent = nil
		for _, o := range open {
			if o.ID() == c.ID() {
				again[i].Parent = o.Parent
			}
		}
	}
	return again, nil
}

// builtOn reports that something of ours builds on a batch and would live without another
// attempt of it. What ends by another attempt is planned anew only once attestd has said that
// what was built on is spent for good, like all that ends with what made it.
func (s *Store) builtOn(ctx context.Context, tx pgx.Tx, batchID string) (built bool, err error) {
	if keepsAccounts(s.chain) {
		return false, nil
	}
	refused := []string{string(chain.Conflicting), string(chain.Rejected)}
	err = tx.QueryRow(ctx, builtOnSQL, batchID, builtOnBlocks, refused).Scan(&built)
	return built, err
}

// before are the signed transactions of ours that a batch builds on and that no block has.
func (s *Store) before(ctx context.Context, tx pgx.Tx, batchID string) ([]payment.Attempt, error) {
	if keepsAccounts(s.chain) {
		return nil, nil
	}
	rows, err := tx.Query(ctx, beforeBatchSQL, s.chain, batchID, beforeMost)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a payment.Attempt, err error) {
		var plan string
		if err = row.Scan(&a.N, &a.State, &plan, &a.Raw, &a.TxID); err == nil {
			err = json.Unmarshal([]byte(plan), &a.Plan)
		}
		return a, err
	})
	if len(all) == 0 {
		return nil, err
	}
	return all, err
}
