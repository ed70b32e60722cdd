package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
)

// seen is one order that a venue has taken, as the simulator tells it. Filled is in units of
// 10^-8, like the book's.
type seen struct {
	Venue  string `json:"venue"`
	Client string `json:"client_id"`
	Filled int64  `json:"filled"`
}

// booked is an order in liquidity's book: fills is the sum of those that are booked.
type booked struct {
	Venue, Client, State string
	Filled, Fills        int64
}

// comparedAgain is how often the comparison has to fail to be believed: an order may be made
// between the looks at the book and at the venues.
const comparedAgain = 5

// evened waits until no order is open and every position is within its band, compares the
// venues' orders with the book, and tells how many there are. A second order is
// looked for while it waits: it would be hedged away.
func (w *world) evened(ctx context.Context) (orders int, err error) {
	differed := 0
	err = until(ctx, hedgeLimit, "positions within their bands", func() (bool, string, error) {
		uneven, err := w.uneven(ctx)
		if err != nil {
			return later(err)
		}
		at, book, err := w.orders(ctx)
		if err != nil {
			return later(err)
		}
		orders = len(at)
		if uneven != "" {
			return false, uneven, twice(at)
		}
		err = compare(at, book)
		if differed++; err != nil && differed < comparedAgain && !errors.Is(err, errHedgedTwice) {
			return later(err)
		}
		return err == nil, "", err
	})
	return orders, err
}

// uneven says what is still to be hedged or found out, "" for nothing.
func (w *world) uneven(ctx context.Context) (string, error) {
	open, err := w.counted(ctx, `SELECT count(*) FROM liquidity.hedge_order WHERE state = 'open'`)
	if err != nil {
		return "", err
	}
	var found []string
	if open > 0 {
		found = append(found, fmt.Sprintf("%d orders are open", open))
	}
	for id, band := range bands {
		most, err := asset.ParseDecimal(id, band)
		if err != nil {
			return "", fmt.Errorf("the band of %s: %w", id, err)
		}
		n, err := w.counted(ctx, `SELECT count(*) FROM liquidity.hedge_position WHERE asset = $1 AND abs(units) > $2::numeric`, string(id), most.Units.String())
		if err != nil {
			return "", err
		}
		if n > 0 {
			found = append(found, string(id)+" is outside of its band")
		}
	}
	return strings.Join(found, ", "), nil
}

// orders are those of the venues and those of the book.
func (w *world) orders(ctx context.Context) (at []seen, book []booked, err error) {
	// The book first: what it knows to be over, the venues know too.
	conn, err := pgx.Connect(ctx, w.up.Settings().SupportURL)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it only read
	rows, err := conn.Query(ctx, `SELECT o.venue, o.client_id, o.state, coalesce(o.filled, 0)::bigint, coalesce(sum(f.size), 0)::bigint
		FROM liquidity.hedge_order o LEFT JOIN liquidity.hedge_fill f USING (client_id) GROUP BY o.client_id`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the book's orders: %w", err)
	}
	if book, err = pgx.CollectRows(rows, pgx.RowToStructByPos[booked]); err != nil {
		return nil, nil, fmt.Errorf("read the book's orders: %w", err)
	}
	raw, err := w.venues(ctx, http.MethodGet, "/control/orders", nil)
	if err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(raw, &at); err != nil {
		return nil, nil, fmt.Errorf("read the venues' orders: %w", err)
	}
	return at, book, nil
}

// twice is an error if a venue has taken two orders of one client id.
func twice(at []seen) error {
	had := map[seen]bool{}
	for _, o := range at {
		key := seen{Venue: o.Venue, Client: o.Client}
		if had[key] {
			return fmt.Errorf("%w: %s has taken order %s again", errHedgedTwice, o.Venue, o.Client)
		}
		had[key] = true
	}
	return nil
}

// compare holds the venues' orders to a book in which none is open: each order once, with
// exactly its fills.
func compare(at []seen, book []booked) error {
	if err := twice(at); err != nil {
		return err
	}
	known := map[seen]booked{}
	for _, b := range book {
		if b.Filled != b.Fills {
			return fmt.Errorf("%w: order %s at %s filled %d, and fills of %d are booked", errLost, b.Client, b.Venue, b.Filled, b.Fills)
		}
		known[seen{Venue: b.Venue, Client: b.Client}] = b
	}
	for _, o := range at {
		key := seen{Venue: o.Venue, Client: o.Client}
		b, ok := known[key]
		if !ok || b.Filled != o.Filled {
			return fmt.Errorf("%w: order %s filled %d at %s; the book has it %q with %d", errLost, o.Client, o.Filled, o.Venue, b.State, b.Filled)
		}
		delete(known, key)
	}
	for _, b := range known {
		if b.Filled != 0 {
			return fmt.Errorf("%w: order %s is booked with %d, and %s never had it", errLost, b.Client, b.Filled, b.Venue)
		}
	}
	return nil
}
