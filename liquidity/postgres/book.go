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

// Book implements liquidity.Store. Bookings against one payout asset, and those of
// one client, run one after the other from the check to the commit.
func (s *Store) Book(ctx context.Context, l liquidity.Lock, b liquidity.Bounds) (liquidity.Booking, error) {
	var booking liquidity.Booking
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		args := bookArgs(l, b)
		if _, err := tx.Exec(ctx, bookLockSQL, args); err != nil {
			return fmt.Errorf("wait for other bookings: %w", err)
		}
		// Read after the wait: who waited long must not count a lock as open, or
		// its own quote as fresh, that is no longer.
		args["now"] = s.now()
		var reserved string
		var booked int
		if err := tx.QueryRow(ctx, bookSQL, args).Scan(&reserved, &booking.OpenLocks, &booked); err != nil {
			return err
		}
		var err error
		booking.Booked = booked == 1
		booking.Reserved, err = asset.ParseUnits(reserved)
		return err
	})
	if err != nil {
		return liquidity.Booking{}, fmt.Errorf("book %s: %w", l.Quote.ID, err)
	}
	return booking, nil
}

func bookArgs(l liquidity.Lock, b liquidity.Bounds) pgx.NamedArgs {
	q := l.Quote
	return pgx.NamedArgs{
		"quote_id": q.ID, "pair": q.Pair.String(), "payout_asset": string(q.Pair.To),
		"deposit": q.Deposit.Units, "payout": q.Payout.Units, "service_fee": q.ServiceFee.Units,
		"network_fee": q.NetworkFee.Units, "refund_fee_max": q.RefundFeeMax.Units,
		"client": l.Client, "issued_at": q.IssuedAt, "accept_by": q.AcceptBy, "signed_quote": l.Signed,
		"available": b.Available, "balance_at": b.BalanceAt, "max_locks": b.MaxLocks,
	}
}

// Accept implements liquidity.Store.
func (s *Store) Accept(ctx context.Context, q swap.Quote, signed, swapID string) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		args := pgx.NamedArgs{"quote_id": q.ID, "payout_asset": string(q.Pair.To), "signed_quote": signed, "swap_id": swapID}
		if _, err := tx.Exec(ctx, acceptLockSQL, args); err != nil {
			return fmt.Errorf("wait for bookings: %w", err)
		}
		args["now"] = s.now()
		tag, err := tx.Exec(ctx, acceptSQL, args)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		return whyNot(ctx, tx, args, swapID)
	})
	if isUnique(err) {
		err = liquidity.ErrSwapHasQuote
	}
	if err != nil {
		return fmt.Errorf("accept %s for %s: %w", q.ID, swapID, err)
	}
	return nil
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
