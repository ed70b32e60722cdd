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

// bookBatch books at once what surely fits, and measures otherwise. While one batch commits
// the next is decided, and sent: its turn follows the one before, or it stores nothing. Then
// it is tried once more, behind what is known to be stored, before it is measured.
func (s *Store) bookBatch(ctx context.Context, id asset.ID, batch []*request) error {
	c := s.chains.of(id)
	for tries := 2; ; tries-- {
		t, err := s.decide(ctx, c, id, batch, tries > 0)
		if err != nil || t == nil {
			return err
		}
		if stored, err := s.await(c, t, batch); err != nil || stored {
			return err
		}
		if t.before == nil {
			tries = 0 // it was behind what is stored
		}
	}
}

// decide sends a batch at once and returns its turn, or measures and books it, and returns
// nil.
func (s *Store) decide(ctx context.Context, c *chain, id asset.ID, batch []*request, atOnce bool) (*turn, error) {
	decided, err := c.decide(ctx)
	if err != nil {
		return nil, err
	}
	defer decided()
	if atOnce {
		if t, err := s.sendAtOnce(ctx, c, id, batch); err != nil || t != nil {
			return t, err
		}
	}
	c.settle()
	return nil, s.bookMeasured(ctx, c, id, batch)
}

// bookMeasured measures what is promised, decides about each request in turn, as if the ones
// before it had been booked alone, and stores those that fit. It takes two round trips to
// the database, or three: what begins the transaction, waits for others and measures goes
// in one, what stores and commits in the other. A connection that is released within a
// transaction is closed by the pool, and so rolled back.
func (s *Store) bookMeasured(ctx context.Context, c *chain, id asset.ID, batch []*request) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	before := s.now()
	first := &pgx.Batch{}
	first.Queue("BEGIN")
	if err := waitToBook(first, id, batch); err != nil {
		return err
	}
	m := newMeasures(batch)
	m.read(first, id, before)
	if err := conn.SendBatch(ctx, first).Close(); err != nil {
		return fmt.Errorf("wait for other bookings and measure: %w", err)
	}
	// Read after the wait: who waited long must not count a lock as open, or
	// its own quote as fresh, that is no longer.
	now := s.now()
	last := c.newest()
	tallied := last.turn+1 == m.turn && last.serves(now, batch)
	var booked []liquidity.Lock
	fits := false
	if tallied {
		m.reckon(last.sums)
		if booked, fits, err = m.admit(batch, now); err != nil {
			return err
		}
	}
	if !fits {
		last = tally{balanceAt: oldest(batch), readAt: now}
		m = newMeasures(batch)
		again := &pgx.Batch{}
		m.read(again, id, now)
		m.sum(again, id, now)
		if err := conn.SendBatch(ctx, again).Close(); err != nil {
			return fmt.Errorf("measure what is promised: %w", err)
		}
		if booked, _, err = m.admit(batch, now); err != nil {
			return err
		}
	}
	second := &pgx.Batch{}
	if len(booked) > 0 {
		if err := bookRows.queue(second, bookArgs(id, booked)); err != nil {
			return err
		}
	}
	second.Queue("COMMIT")
	if err := conn.SendBatch(ctx, second).Close(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	c.measured(tally{turn: m.turn, balanceAt: last.balanceAt, readAt: last.readAt, sums: m.largest()})
	return nil
}

// admit decides about each request in turn, and lists what is to be stored. It reports
// whether nothing that was measured stood in the way.
func (m *measures) admit(batch []*request, now time.Time) (booked []liquidity.Lock, fits bool, err error) {
	fits = true
	for _, r := range batch {
		r.booking = liquidity.Booking{Measure: m.of(r)}
		if r.booking.Stop, err = liquidity.Admit(r.lock.Quote, r.bounds, r.booking.Measure, now); err != nil {
			return nil, false, err
		}
		// A quote that has lapsed has, however it is measured.
		fits = fits && (r.booking.Stop == "" || r.booking.Stop == liquidity.StopLapsed)
		if r.booking.Booked = r.booking.Stop == ""; r.booking.Booked {
			booked = append(booked, r.lock)
			if err := m.take(r, now); err != nil {
				return nil, false, err
			}
		}
	}
	return booked, fits, nil
}

// waitToBook waits, in the order of book_lock.sql.
func waitToBook(to *pgx.Batch, id asset.ID, batch []*request) error {
	return bookWait.queue(to, waitArgs(id, batch))
}

// waitArgs are the arguments of book_lock.sql.
func waitArgs(id asset.ID, batch []*request) pgx.NamedArgs {
	var clients, markets []string
	for _, r := range batch {
		clients = append(clients, r.lock.Client)
		if !r.bounds.RiskMost.IsZero() {
			markets = append(markets, market(r.lock.Quote.Pair))
		}
	}
	return pgx.NamedArgs{"clients": textArray(clients), "markets": textArray(markets), "payout_asset": string(id)}
}

// market is a name for a pair and its opposite.
func market(p asset.Pair) string {
	return string(min(p.From, p.To)) + "-" + string(max(p.From, p.To))
}
