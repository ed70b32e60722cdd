package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"ferry/liquidity"
	"ferry/swap/asset"
)

//go:embed book_at_once.sql
var bookSupposedSQL string

// bookAtOnceSQL stores a whole batch or nothing of it.
var bookAtOnceSQL = "WITH measured (client, open, units) AS (\n" + measureClientsSQL + ")\n" + bookSupposedSQL + bookSQL + "\nWHERE EXISTS (SELECT FROM taken)"

// bookAtOnce books a whole batch in one round trip, if this process's tally lets all of it
// fit: the database finds, once it is the batch's turn, whether the tally still holds and
// whether every client has room, and otherwise stores nothing. It reports whether the batch
// is decided; where it is not, all is to be measured.
//
// What lapsed while the batch waited for its turn is counted as promised still, so that
// nothing is promised twice. A quote that lapsed meanwhile is not given to anybody.
func (s *Store) bookAtOnce(ctx context.Context, id asset.ID, batch []*request) (decided bool, err error) {
	now := s.now()
	last, tallied := s.tallies.latest(id, now, batch)
	if !tallied || slices.ContainsFunc(batch, func(r *request) bool { return !r.bounds.RiskMost.IsZero() }) {
		return false, nil
	}
	rooms, fits, err := roomsOf(batch)
	if err != nil || !fits {
		return false, err
	}
	m := newMeasures(batch)
	m.reckon(last.sums)
	booked, _, err := m.admit(batch, now)
	if err != nil || len(booked) < len(batch) {
		return false, err
	}
	args := bookArgs(id, booked)
	maps.Copy(args, pgx.NamedArgs{"asking": rooms.clients, "most_open": rooms.open, "most_reserved": rooms.reserved, "now": now, "turn": last.turn,
		"exposure": m.exposure})
	var stored int64
	// What is sent together is one transaction, as long as nothing in it begins or ends one.
	all := &pgx.Batch{}
	if err := errors.Join(waitToBook(all, id, batch), bookAllOrNothing.queue(all, args)); err != nil {
		return false, err
	}
	if stored, err = s.inOneTrip(ctx, all); err != nil || stored == 0 {
		return false, err
	}
	late := s.now()
	for _, r := range batch {
		r.booking = liquidity.Booking{Booked: true}
		if !r.lock.Quote.AcceptBy.After(late) {
			r.booking = liquidity.Booking{Stop: liquidity.StopLapsed}
		}
	}
	s.tallies.keep(id, tally{turn: last.turn + 1, balanceAt: last.balanceAt, readAt: last.readAt, sums: m.largest()})
	return true, nil
}

// inOneTrip runs a transaction whose last statement stores rows, and says how many.
func (s *Store) inOneTrip(ctx context.Context, all *pgx.Batch) (stored int64, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	all.QueuedQueries[all.Len()-1].Exec(func(tag pgconn.CommandTag) error {
		stored = tag.RowsAffected()
		return nil
	})
	if err := conn.SendBatch(ctx, all).Close(); err != nil {
		return 0, fmt.Errorf("book at once: %w", err)
	}
	return stored, nil
}

// rooms are what the clients of a batch may have open, and reserved of the asset (nil: any
// amount), before it, so that all they ask for in it fits.
type rooms struct {
	clients  []string
	open     []int64
	reserved []*string
}

// roomsOf reports false where what a client asks for would not fit if it had nothing yet.
func roomsOf(batch []*request) (r rooms, fits bool, err error) {
	asked := map[string][]*request{}
	for _, one := range batch {
		asked[one.lock.Client] = append(asked[one.lock.Client], one)
	}
	for client, all := range asked {
		var reserve asset.Units
		for _, one := range all {
			more, err := liquidity.Reserve(one.lock.Quote)
			if err == nil {
				reserve, err = reserve.Add(more)
			}
			if err != nil {
				return r, false, fmt.Errorf("what client %s asks for: %w", client, err)
			}
		}
		least, fits := all[0].bounds.ClientRoom(len(all), reserve)
		for _, one := range all[1:] {
			room, also := one.bounds.ClientRoom(len(all), reserve)
			least, fits = least.Within(room), fits && also
		}
		if !fits {
			return r, false, nil
		}
		r.clients, r.open = append(r.clients, client), append(r.open, int64(least.Open))
		var reserved *string
		if least.Reserved != nil {
			text := least.Reserved.String()
			reserved = &text
		}
		r.reserved = append(r.reserved, reserved)
	}
	return r, true, nil
}
