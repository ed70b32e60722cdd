package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/swap/asset"
)

//go:embed book_at_once.sql
var bookSupposedSQL string

// bookAtOnceSQL stores a whole batch or nothing of it.
var bookAtOnceSQL = "WITH measured (client, open, units) AS (\n" + measureClientsSQL + ")\n" + bookSupposedSQL + bookSQL + "\nWHERE EXISTS (SELECT FROM taken)"

// sendAtOnce sends a whole batch in one round trip, if this process's tally lets all of it
// fit: the database finds, once it is the batch's turn, whether the tally still holds and
// whether every client has room, and otherwise stores nothing. It returns nil where that is
// not to be tried; then all is to be measured.
//
// What lapsed while the batch waited for its turn is counted as promised still, so that
// nothing is promised twice.
func (s *Store) sendAtOnce(ctx context.Context, c *chain, id asset.ID, batch []*request) (*turn, error) {
	now, last := s.now(), c.newest()
	if !last.serves(now, batch) || slices.ContainsFunc(batch, func(r *request) bool { return !r.bounds.RiskMost.IsZero() }) {
		return nil, nil
	}
	rooms, fits, err := roomsOf(batch)
	if err != nil || !fits {
		return nil, err
	}
	m := newMeasures(batch)
	m.reckon(last.sums)
	booked, _, err := m.admit(batch, now)
	if err != nil || len(booked) < len(batch) {
		return nil, err
	}
	next := tally{turn: newTurn(), balanceAt: last.balanceAt, readAt: last.readAt, sums: m.largest()}
	args := bookArgs(id, booked)
	maps.Copy(args, pgx.NamedArgs{"asking": textArray(rooms.clients), "most_open": plainArray(rooms.open), "most_reserved": plainArray(rooms.reserved),
		"now": timeText(now), "turn": strconv.FormatInt(last.turn, 10), "next": strconv.FormatInt(next.turn, 10), "exposure": boolText(m.exposure)})
	wait, err := bookWait.calling(waitArgs(id, batch))
	if err != nil {
		return nil, err
	}
	book, err := bookAllOrNothing.calling(args)
	if err != nil {
		return nil, err
	}
	stream, err := c.join(ctx, s.pool)
	if err != nil {
		return nil, err
	}
	// What is sent together is one transaction, as long as nothing in it begins or ends one.
	if err := stream.send(s.queue.within, wait, book); err != nil {
		c.leave(stream, true)
		return nil, err
	}
	return c.sent(stream, next), nil
}

// await waits for what becomes of a batch that was sent, and reports whether it is stored. A
// quote that lapsed meanwhile is not given to anybody.
func (s *Store) await(c *chain, t *turn, batch []*request) (stored bool, err error) {
	if t.before != nil {
		<-t.before // its answer comes first
	}
	changed, err := t.stream.read()
	c.leave(t.stream, errors.Is(err, errStream))
	stored = err == nil && changed > 0
	c.end(t, stored)
	if err != nil {
		return false, fmt.Errorf("book at once: %w", err)
	}
	late := s.now()
	for _, r := range batch {
		r.booking = liquidity.Booking{Booked: true}
		if !r.lock.Quote.AcceptBy.After(late) {
			r.booking = liquidity.Booking{Stop: liquidity.StopLapsed}
		}
	}
	return stored, nil
}

// rooms are what the clients of a batch may have open, and reserved of the asset (NULL: any
// amount), before it, so that all they ask for in it fits.
type rooms struct {
	clients, open, reserved []string
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
		r.clients, r.open = append(r.clients, client), append(r.open, strconv.Itoa(least.Open))
		reserved := "NULL"
		if least.Reserved != nil {
			reserved = least.Reserved.String()
		}
		r.reserved = append(r.reserved, reserved)
	}
	return r, true, nil
}
