package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

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

// Books are what the chain should hold for us at the cursor, read from one
// snapshot; false before Begin.
func (s *Store) Books(ctx context.Context) (books reconcile.Books, ok bool, err error) {
	books.Asset = s.native.ID
	err = s.read(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, readCursorSQL, s.chain).Scan(&books.At.Height, &books.At.Hash)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		var sum string
		accounts := []string{string(ledger.Wallet), string(ledger.InFlight)}
		if err := tx.QueryRow(ctx, bookBalanceSQL, accounts, s.native.ID).Scan(&sum); err != nil {
			return err
		}
		if books.Units, ok = new(big.Int).SetString(sum, 10); !ok {
			return fmt.Errorf("balance %.90q is no whole number", sum)
		}
		if keepsAccounts(s.chain) {
			books.Accounts = true
			if books.Before, err = s.lastSurplus(ctx, tx); err != nil {
				return err
			}
			books.Addresses, err = texts(ctx, tx, fundedAddressesSQL, s.chain)
			return err
		}
		books.Coins, err = texts(ctx, tx, unspentCoinsSQL, s.chain)
		return err
	})
	if err != nil {
		return books, false, fmt.Errorf("read the books of %s: %w", s.chain, err)
	}
	return books, ok, nil
}

// lastSurplus is the newest comparison's difference; nil without one on a block
// that still counts.
func (s *Store) lastSurplus(ctx context.Context, tx pgx.Tx) (*big.Int, error) {
	found, err := texts(ctx, tx, lastSurplusSQL, s.chain)
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
