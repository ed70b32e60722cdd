package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// Book implements liquidity.Store. Bookings against one payout asset, those of one
// client and those of one pair run one after the other from the check to the commit; in
// this process several share a transaction.
func (s *Store) Book(ctx context.Context, l liquidity.Lock, b liquidity.Bounds) (liquidity.Booking, error) {
	booking, err := s.queue.put(ctx, l, b)
	if err != nil {
		return liquidity.Booking{}, fmt.Errorf("book %s: %w", l.Quote.ID, err)
	}
	return booking, nil
}

// bookBatch measures what is promised once, decides about each request in turn, as if the
// ones before it had been booked alone, and stores those that fit.
func (s *Store) bookBatch(ctx context.Context, id asset.ID, batch []*request) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := waitToBook(ctx, tx, id, batch); err != nil {
			return fmt.Errorf("wait for other bookings: %w", err)
		}
		// Read after the wait: who waited long must not count a lock as open, or
		// its own quote as fresh, that is no longer.
		now := s.now()
		m, err := measure(ctx, tx, id, batch, now)
		if err != nil {
			return err
		}
		var booked []liquidity.Lock
		for _, r := range batch {
			r.booking.Measure = m.of(r)
			if r.booking.Stop, err = liquidity.Admit(r.lock.Quote, r.bounds, r.booking.Measure, now); err != nil {
				return err
			}
			if r.booking.Booked = r.booking.Stop == ""; r.booking.Booked {
				booked = append(booked, r.lock)
				if err := m.take(r, now); err != nil {
					return err
				}
			}
		}
		if len(booked) == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, bookSQL, bookArgs(id, booked))
		return err
	})
}

func waitToBook(ctx context.Context, tx pgx.Tx, id asset.ID, batch []*request) error {
	var clients, markets []string
	for _, r := range batch {
		clients = append(clients, r.lock.Client)
		if !r.bounds.RiskMost.IsZero() {
			markets = append(markets, market(r.lock.Quote.Pair))
		}
	}
	waits := &pgx.Batch{}
	waits.Queue(bookLockSQL, pgx.NamedArgs{"clients": clients})
	if len(markets) > 0 {
		waits.Queue(bookLockPairsSQL, pgx.NamedArgs{"markets": markets})
	}
	waits.Queue(bookLockAssetSQL, pgx.NamedArgs{"payout_asset": string(id)})
	return tx.SendBatch(ctx, waits).Close()
}

// market is a name for a pair and its opposite.
func market(p asset.Pair) string {
	return string(min(p.From, p.To)) + "-" + string(max(p.From, p.To))
}

func bookArgs(id asset.ID, locks []liquidity.Lock) pgx.NamedArgs {
	var ids, pairs, clients, signed, deposits, payouts, services, networks, refunds []string
	var issued, accept, deposit []time.Time
	for _, l := range locks {
		q := l.Quote
		ids, pairs, clients, signed = append(ids, q.ID), append(pairs, q.Pair.String()), append(clients, l.Client), append(signed, l.Signed)
		deposits, payouts = append(deposits, q.Deposit.Units.String()), append(payouts, q.Payout.Units.String())
		services, networks = append(services, q.ServiceFee.Units.String()), append(networks, q.NetworkFee.Units.String())
		refunds = append(refunds, q.RefundFeeMax.Units.String())
		issued, accept, deposit = append(issued, q.IssuedAt), append(accept, q.AcceptBy), append(deposit, liquidity.DepositBy(q))
	}
	return pgx.NamedArgs{
		"payout_asset": string(id), "quote_ids": ids, "pairs": pairs, "clients": clients, "signed_quotes": signed, "deposits": deposits,
		"payouts": payouts, "service_fees": services, "network_fees": networks, "refund_fees_max": refunds,
		"issued_at": issued, "accept_by": accept, "deposit_by": deposit,
	}
}
