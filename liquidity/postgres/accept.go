package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
)

// Accept implements liquidity.Store. Where nothing is oversubscribed, what fitted when it
// was booked fits still, and acceptances run beside one another.
func (s *Store) Accept(ctx context.Context, q swap.Quote, signed, swapID string, b liquidity.Bounds) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"quote_id": q.ID, "payout_asset": string(q.Pair.To), "signed_quote": signed, "swap_id": swapID,
			"balance_at": b.BalanceAt}
		wait := acceptLockSQL
		if b.Oversubscribed() {
			wait = bookLockAssetSQL
		}
		if _, err := tx.Exec(ctx, wait, args); err != nil {
			return fmt.Errorf("wait for bookings: %w", err)
		}
		now := s.now()
		args["now"] = now
		fits, err := fitsFirm(ctx, tx, q, b, args)
		if err != nil {
			return err
		}
		if fits {
			if tag, err := tx.Exec(ctx, acceptSQL, args); err != nil || tag.RowsAffected() == 1 {
				return err
			}
		}
		err = whyNot(ctx, tx, args, swapID)
		if errors.Is(err, liquidity.ErrLockLapsed) && !fits && q.AcceptBy.After(now) {
			return liquidity.ErrLockUnfunded
		}
		return err
	})
	if isUnique(err) {
		err = liquidity.ErrSwapHasQuote
	}
	if err != nil {
		return fmt.Errorf("accept %s for %s: %w", q.ID, swapID, err)
	}
	return nil
}

// fitsFirm reports whether the lock fits beside all that is accepted, which is to be
// asked only where more is promised than there is.
func fitsFirm(ctx context.Context, tx pgx.Tx, q swap.Quote, b liquidity.Bounds, args pgx.NamedArgs) (bool, error) {
	if !b.Oversubscribed() || q.Variable {
		return true, nil
	}
	var sum string
	if err := tx.QueryRow(ctx, acceptFirmSQL, args).Scan(&sum); err != nil {
		return false, fmt.Errorf("sum what is accepted: %w", err)
	}
	firm, err := asset.ParseUnits(sum)
	if err != nil {
		return false, err
	}
	reserve, err := liquidity.Reserve(q)
	if err != nil {
		return false, err
	}
	total, err := firm.Add(reserve)
	return err == nil && !b.Available.Less(total), err
}

// whyNot tells why no lock changed: it sees what the winner of a race committed,
// because acceptances of one row wait for one another.
func whyNot(ctx context.Context, tx pgx.Tx, args pgx.NamedArgs, swapID string) error {
	var by string
	err := tx.QueryRow(ctx, acceptedSQL, args).Scan(&by)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return liquidity.ErrLockUnknown
	case err != nil:
		return err
	case by == swapID:
		return nil
	case by != "":
		return liquidity.ErrLockUsed
	}
	return liquidity.ErrLockLapsed
}

func isUnique(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}
