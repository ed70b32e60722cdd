package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Expose implements hedge.Store.
func (s *HedgeStore) Expose(ctx context.Context, consumer string, b bus.Batch, exposures []hedge.Exposure, caps map[asset.ID]asset.Units, marks hedge.Marks) error {
	err := s.change(ctx, func(tx pgx.Tx) error {
		if err := bus.AdvanceOffset(ctx, tx, consumer, b); err != nil {
			return err
		}
		had, err := exposed(ctx, tx, exposures)
		if err != nil {
			return err
		}
		for _, e := range exposures {
			if e.Version <= had[e.SwapID].Version {
				continue
			}
			if e, err = counted(ctx, tx, e, caps); err != nil {
				return err
			}
			if err := expose(ctx, tx, e, had[e.SwapID], marks); err != nil {
				return fmt.Errorf("expose %s: %w", e.SwapID, err)
			}
			had[e.SwapID] = e
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("book exposures: %w", err)
	}
	return nil
}

// exposed reads what is stored of the swaps.
func exposed(ctx context.Context, tx pgx.Tx, exposures []hedge.Exposure) (map[string]hedge.Exposure, error) {
	ids := make([]string, len(exposures))
	for i, e := range exposures {
		ids[i] = e.SwapID
	}
	rows, err := tx.Query(ctx, hedgeExposuresSQL, pgx.NamedArgs{"swap_ids": ids})
	if err != nil {
		return nil, fmt.Errorf("read exposures: %w", err)
	}
	had := map[string]hedge.Exposure{}
	var e hedge.Exposure
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&e.SwapID, &e.Version, &raw}, func() error {
		flows, err := readFlows(raw)
		had[e.SwapID] = hedge.Exposure{SwapID: e.SwapID, Version: e.Version, Flows: flows}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read exposures: %w", err)
	}
	return had, nil
}

// counted leaves out what does not fit under the cap.
func counted(ctx context.Context, tx pgx.Tx, e hedge.Exposure, caps map[asset.ID]asset.Units) (hedge.Exposure, error) {
	if e.Unconfirmed.Units.IsZero() {
		return e, nil
	}
	var others asset.Units
	args := pgx.NamedArgs{"asset": string(e.Unconfirmed.Asset), "swap_id": e.SwapID}
	if err := tx.QueryRow(ctx, hedgeUnconfirmedSQL, args).Scan(&others); err != nil {
		return e, fmt.Errorf("sum what is unconfirmed: %w", err)
	}
	sum, err := others.Add(e.Unconfirmed.Units)
	if err == nil && sum.Cmp(caps[e.Unconfirmed.Asset]) <= 0 {
		return e, nil
	}
	return hedge.Exposure{SwapID: e.SwapID, Version: e.Version, Stage: hedge.StageNone, Flows: hedge.Flows{}}, nil
}

func expose(ctx context.Context, tx pgx.Tx, e, had hedge.Exposure, marks hedge.Marks) error {
	raw, err := writeFlows(e.Flows)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, hedgeExposeSQL, pgx.NamedArgs{"swap_id": e.SwapID, "version": e.Version, "stage": string(e.Stage),
		"asset": string(e.Unconfirmed.Asset), "units": e.Unconfirmed.Units, "flows": raw})
	if err != nil {
		return err
	}
	change := e.Flows.Minus(had.Flows)
	entry, changed, err := e.Entry(change, marks)
	if err != nil || !changed {
		return err
	}
	if err := post(ctx, tx, entry); err != nil {
		return err
	}
	for id, n := range change {
		if id == hedge.Numeraire {
			continue
		}
		if _, err := tx.Exec(ctx, hedgeLotAddSQL, pgx.NamedArgs{"asset": string(id), "swap_id": e.SwapID, "units": n.String()}); err != nil {
			return fmt.Errorf("add a lot of %s: %w", id, err)
		}
	}
	return move(ctx, tx, change)
}

func writeFlows(f hedge.Flows) ([]byte, error) {
	texts := map[asset.ID]string{}
	for id, n := range f {
		texts[id] = n.String()
	}
	return json.Marshal(texts)
}

func readFlows(raw []byte) (hedge.Flows, error) {
	var texts map[asset.ID]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return nil, fmt.Errorf("flows: %w", err)
	}
	flows := hedge.Flows{}
	for id, text := range texts {
		n, err := number(text)
		if err != nil {
			return nil, err
		}
		flows[id] = new(big.Int).Set(n)
	}
	return flows, nil
}
