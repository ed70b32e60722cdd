package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
)

//go:embed measure_hedge.sql
var measureHedgeSQL string

// HedgeMeasure is how an asset's position stands.
type HedgeMeasure struct {
	Asset asset.ID
	// Units is signed, in base units; Open counts orders whose outcome is not known.
	Units *big.Int
	Open  int64
}

// MeasureHedges reads the positions.
func MeasureHedges(ctx context.Context, db Reader) ([]HedgeMeasure, error) {
	rows, err := db.Query(ctx, measureHedgeSQL)
	if err != nil {
		return nil, fmt.Errorf("measure the positions: %w", err)
	}
	var measures []HedgeMeasure
	var m HedgeMeasure
	var text string
	_, err = pgx.ForEachRow(rows, []any{&m.Asset, &text, &m.Open}, func() (err error) {
		m.Units, err = number(text)
		measures = append(measures, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("measure the positions: %w", err)
	}
	return measures, nil
}
