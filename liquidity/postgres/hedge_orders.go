package postgres

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// lotsMost bounds how many lots one trade covers; what is left is covered by the next.
const lotsMost = 1000

// Positions implements hedge.Store. Positions and orders are of one moment.
func (s *HedgeStore) Positions(ctx context.Context) ([]hedge.Position, error) {
	var positions []hedge.Position
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		open, err := openOrders(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, hedgePositionsSQL)
		if err != nil {
			return err
		}
		var p hedge.Position
		var text string
		_, err = pgx.ForEachRow(rows, []any{&p.Asset, &text, &p.Round}, func() error {
			units, err := number(text)
			positions = append(positions, hedge.Position{Asset: p.Asset, Units: units, Round: p.Round, Open: open[p.Asset]})
			return err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read positions: %w", err)
	}
	return positions, nil
}

// Flows implements hedge.Store.
func (s *HedgeStore) Flows(ctx context.Context, since time.Time) (hedge.Flows, error) {
	rows, err := s.pool.Query(ctx, hedgeFlowsSQL, pgx.NamedArgs{"since": since})
	if err != nil {
		return nil, fmt.Errorf("sum what was gained: %w", err)
	}
	flows := hedge.Flows{}
	var id asset.ID
	var text string
	_, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		units, err := number(text)
		flows[id] = units
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum what was gained: %w", err)
	}
	return flows, nil
}

func openOrders(ctx context.Context, tx pgx.Tx) (map[asset.ID][]hedge.Intent, error) {
	rows, err := tx.Query(ctx, hedgeOpenSQL)
	if err != nil {
		return nil, err
	}
	open := map[asset.ID][]hedge.Intent{}
	var o hedge.Intent
	var size, price, mark string
	_, err = pgx.ForEachRow(rows, []any{&o.ClientID, &o.Venue, &o.Asset, &o.Instrument.Base, &o.Instrument.Quote, &o.Instrument.PriceDecimals,
		&o.Instrument.SizeDecimals, &o.Side, &size, &price, &mark, &o.At, &o.Deadline}, func() error {
		for to, text := range map[*uint64]string{&o.Size: size, &o.Price: price, &o.Mark: mark} {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return fmt.Errorf("order %s: %w", o.ClientID, err)
			}
			*to = n
		}
		open[o.Asset] = append(open[o.Asset], o)
		return nil
	})
	return open, err
}

// Intend implements hedge.Store.
func (s *HedgeStore) Intend(ctx context.Context, p hedge.Position, orders []hedge.Intent) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, hedgeRoundSQL, pgx.NamedArgs{"asset": string(p.Asset), "round": p.Round})
		if err != nil {
			return fmt.Errorf("begin a round: %w", err)
		}
		if tag.RowsAffected() != 1 {
			return hedge.ErrOvertaken
		}
		for _, o := range orders {
			i := o.Instrument
			_, err := tx.Exec(ctx, hedgeIntendSQL, pgx.NamedArgs{"client_id": o.ClientID, "venue": o.Venue, "asset": string(o.Asset),
				"base": string(i.Base), "quote": string(i.Quote), "price_decimals": i.PriceDecimals, "size_decimals": i.SizeDecimals,
				"side": string(o.Side), "size": digits(o.Size), "price": digits(o.Price), "mark": digits(o.Mark), "at": o.At, "deadline": o.Deadline})
			if err != nil {
				return fmt.Errorf("store order %s: %w", o.ClientID, err)
			}
		}
		return nil
	})
}

func digits(n uint64) string { return strconv.FormatUint(n, 10) }

// Settle implements hedge.Store.
func (s *HedgeStore) Settle(ctx context.Context, o hedge.Outcome) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, hedgeSettleSQL, pgx.NamedArgs{"client_id": o.ClientID, "state": string(o.Ending), "venue_order_id": o.VenueID,
			"filled": digits(o.Filled()), "reason": fmt.Sprintf("%.500s", o.Reason), "at": o.At})
		if err != nil {
			return fmt.Errorf("end order %s: %w", o.ClientID, err)
		}
		if tag.RowsAffected() != 1 {
			return hedge.ErrSettled
		}
		for _, f := range o.Fills {
			_, err := tx.Exec(ctx, hedgeFillSQL, pgx.NamedArgs{"venue": o.Venue, "fill_id": f.ID, "client_id": o.ClientID, "size": digits(f.Size),
				"price": digits(f.Price), "cost_units": f.Cost, "fee_asset": string(f.Fee.Asset), "fee_units": f.Fee.Units, "at": f.At})
			if err != nil {
				return fmt.Errorf("store fill %s: %w", f.ID, err)
			}
		}
		flows, _, _ := o.Flows()
		shares, err := cover(ctx, tx, o.Asset, flows[o.Asset])
		if err != nil {
			return err
		}
		entries, err := o.Entries(shares)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := post(ctx, tx, e); err != nil {
				return err
			}
		}
		return move(ctx, tx, flows)
	})
}

// cover lets a trade cover the oldest lots, and nets lots of opposite signs.
func cover(ctx context.Context, tx pgx.Tx, id asset.ID, traded *big.Int) ([]hedge.Share, error) {
	if traded == nil {
		return nil, nil
	}
	rows, err := tx.Query(ctx, hedgeLotsSQL, pgx.NamedArgs{"asset": string(id), "most": lotsMost})
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	var lots []hedge.Lot
	var l hedge.Lot
	var text string
	_, err = pgx.ForEachRow(rows, []any{&l.SwapID, &text}, func() error {
		units, err := number(text)
		lots = append(lots, hedge.Lot{SwapID: l.SwapID, Units: units})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	left, shares := hedge.Attribute(lots, traded)
	for i, l := range left {
		statement := hedgeLotSetSQL
		switch {
		case l.Units.Cmp(lots[i].Units) == 0:
			continue
		case l.Units.Sign() == 0:
			statement = hedgeLotDropSQL
		}
		args := pgx.NamedArgs{"asset": string(id), "swap_id": l.SwapID, "units": l.Units.String()}
		if _, err := tx.Exec(ctx, statement, args); err != nil {
			return nil, fmt.Errorf("cover the lot of %s: %w", l.SwapID, err)
		}
	}
	return shares, nil
}
