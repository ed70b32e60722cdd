package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/reconcile"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

var (
	bookBalanceSQL          = statement("BOOK_BALANCE")
	fundedAddressesSQL      = statement("FUNDED_ADDRESSES")
	recordReconciliationSQL = statement("RECORD_RECONCILIATION")
	lastSurplusSQL          = statement("LAST_SURPLUS")
)

// Books are what the chain should hold for us at the cursor of each asset, read from
// one snapshot; none before Begin.
func (s *Store) Books(ctx context.Context) (all []reconcile.Books, err error) {
	err = s.read(ctx, func(tx pgx.Tx) error {
		var at chain.Ref
		err := tx.QueryRow(ctx, readCursorSQL, s.chain).Scan(&at.Height, &at.Hash)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, id := range s.assets() {
			b, err := s.booksOf(ctx, tx, at, id)
			if err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the books of %s: %w", s.chain, err)
	}
	return all, nil
}

// booksOf is Books of one asset.
func (s *Store) booksOf(ctx context.Context, tx pgx.Tx, at chain.Ref, id asset.ID) (reconcile.Books, error) {
	b := reconcile.Books{At: at, Asset: id, Token: id != s.native.ID, Accounts: keepsAccounts(s.chain)}
	var sum string
	accounts := []string{string(ledger.Wallet), string(ledger.InFlight)}
	if err := tx.QueryRow(ctx, bookBalanceSQL, accounts, id).Scan(&sum); err != nil {
		return b, err
	}
	var whole bool
	if b.Units, whole = new(big.Int).SetString(sum, 10); !whole {
		return b, fmt.Errorf("balance %.90q is no whole number", sum)
	}
	var err error
	if !b.Accounts {
		b.Coins, err = texts(ctx, tx, unspentCoinsSQL, s.chain)
		return b, err
	}
	if b.Before, err = s.lastSurplus(ctx, tx, id); err != nil {
		return b, err
	}
	if b.Places, err = s.heldSum(ctx, tx, id); err != nil {
		return b, err
	}
	b.Addresses, err = texts(ctx, tx, fundedAddressesSQL, s.chain, id)
	return b, err
}

// lastSurplus is the newest comparison's difference; nil without one on a block
// that still counts.
func (s *Store) lastSurplus(ctx context.Context, tx pgx.Tx, id asset.ID) (*big.Int, error) {
	found, err := texts(ctx, tx, lastSurplusSQL, s.chain, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	n, ok := new(big.Int).SetString(found[0], 10)
	if !ok {
		return nil, fmt.Errorf("difference %.90q is no whole number", found[0])
	}
	return n, nil
}

// Record stores the newest comparison of the books with the node.
func (s *Store) Record(ctx context.Context, books reconcile.Books, node asset.Units) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, recordReconciliationSQL, s.chain, books.At.Height, books.At.Hash,
			books.Asset, books.Units.String(), node, s.now())
		return err
	})
	if err != nil {
		return fmt.Errorf("store the comparison of %s at %s: %w", s.chain, books.At, err)
	}
	return nil
}

// texts runs a statement that gives one text column.
func texts(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]string, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
