package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

var (
	depositPoolSQL   = statement("DEPOSIT_POOL")
	addAddressesSQL  = statement("ADD_ADDRESSES")
	burnBelowSQL     = statement("BURN_BELOW")
	issuedDepositSQL = statement("ISSUED_DEPOSIT")
	issueDepositSQL  = statement("ISSUE_DEPOSIT")
	burnIssuedSQL    = statement("BURN_ISSUED")
	storeReceiptSQL  = statement("STORE_RECEIPT")
	receiptSQL       = statement("RECEIPT")
	ownAddressSQL    = statement("OWN_ADDRESS")
)

var _ issue.Store = (*Store)(nil)

// DepositPool implements issue.Store.
func (s *Store) DepositPool(ctx context.Context) (issue.Pool, error) {
	var p issue.Pool
	if err := s.pool.QueryRow(ctx, depositPoolSQL, s.chain).Scan(&p.Next, &p.Ready); err != nil {
		return p, fmt.Errorf("count deposit addresses: %w", err)
	}
	return p, nil
}

// AddDeposits implements issue.Store.
func (s *Store) AddDeposits(ctx context.Context, addresses []issue.Address, burnt bool) error {
	state := "pool"
	if burnt {
		state = "burnt"
	}
	return s.write(ctx, func(tx pgx.Tx) error {
		return s.addAddresses(ctx, tx, keys.Deposit, keys.External, state, addresses)
	})
}

// addAddresses stores derived addresses; those that exist must be the same, or
// the extended public keys are not those the database was made with.
func (s *Store) addAddresses(ctx context.Context, tx pgx.Tx, role keys.Role, branch uint32, state string, addresses []issue.Address) error {
	var indexes []int32
	var paths, texts []string
	for _, a := range addresses {
		indexes, paths, texts = append(indexes, int32(a.Index)), append(paths, a.Path), append(texts, a.Address)
	}
	var there int
	err := tx.QueryRow(ctx, addAddressesSQL, s.chain, role, branch, state, indexes, paths, texts).Scan(&there)
	if err != nil {
		return fmt.Errorf("store %d addresses: %w", len(addresses), err)
	}
	if there != len(addresses) {
		return fmt.Errorf("%d of %d addresses are stored otherwise than derived: are these the keys of this database?",
			len(addresses)-there, len(addresses))
	}
	return nil
}

// BurnBelow implements issue.Store.
func (s *Store) BurnBelow(ctx context.Context, index uint32) (burnt int64, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, burnBelowSQL, s.chain, index)
		burnt = tag.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("burn addresses below %d: %w", index, err)
	}
	return burnt, nil
}

// IssueDeposit implements issue.Store.
func (s *Store) IssueDeposit(ctx context.Context, swapID, termsHash string) (issue.Issued, error) {
	var d issue.Issued
	err := s.write(ctx, func(tx pgx.Tx) error {
		var hash string
		var on asset.Chain
		err := tx.QueryRow(ctx, issuedDepositSQL, swapID).Scan(&d.Index, &d.Path, &d.Address.Address, &hash, &d.SignedReceipt, &on)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return err
		case on != s.chain || hash != termsHash:
			return issue.ErrOtherTerms
		default:
			return nil
		}
		err = tx.QueryRow(ctx, issueDepositSQL, s.chain, swapID, termsHash, s.now()).Scan(&d.Index, &d.Path, &d.Address.Address)
		if errors.Is(err, pgx.ErrNoRows) {
			return issue.ErrPoolEmpty
		}
		return err
	})
	if err != nil {
		return issue.Issued{}, fmt.Errorf("issue an address to %s: %w", swapID, err)
	}
	return d, nil
}

// BurnIssued implements issue.Store.
func (s *Store) BurnIssued(ctx context.Context, swapID string, index uint32) error {
	return s.guardAddress(ctx, burnIssuedSQL, "burn", s.chain, index, swapID)
}

// StoreReceipt implements issue.Store.
func (s *Store) StoreReceipt(ctx context.Context, swapID string, index uint32, signedReceipt string) error {
	return s.guardAddress(ctx, storeReceiptSQL, "store the receipt of", s.chain, index, swapID, signedReceipt)
}

func (s *Store) guardAddress(ctx context.Context, sql, doing string, args ...any) error {
	err := s.write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() != 1 {
			return issue.ErrChanged
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s address %v of %v: %w", doing, args[1], args[2], err)
	}
	return nil
}

// Receipt implements issue.Store.
func (s *Store) Receipt(ctx context.Context, swapID string) (string, error) {
	var signed string
	err := s.pool.QueryRow(ctx, receiptSQL, swapID, s.chain).Scan(&signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the receipt of %s: %w", swapID, err)
	}
	return signed, nil
}

// OwnAddress implements issue.Store.
func (s *Store) OwnAddress(ctx context.Context, address string) (bool, error) {
	var own bool
	if err := s.pool.QueryRow(ctx, ownAddressSQL, address).Scan(&own); err != nil {
		return false, fmt.Errorf("look for an address among ours: %w", err)
	}
	if own {
		return true, nil
	}
	own, err := s.ownForm(ctx, address)
	if err != nil {
		return false, fmt.Errorf("look for an address among ours: %w", err)
	}
	return own, nil
}
