package support

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
)

//go:embed *.sql
var files embed.FS

// statements are the SQL of the .sql files by the name in capitals above each.
var statements = load()

func load() map[string]string {
	named := map[string]string{}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic("support: " + err.Error())
	}
	for _, file := range names {
		raw, err := files.ReadFile(file)
		if err != nil {
			panic("support: " + err.Error())
		}
		for _, part := range strings.Split("\n"+string(raw), "\n-- NAME: ")[1:] {
			name, sql, _ := strings.Cut(part, "\n")
			named[name] = strings.TrimSpace(sql)
		}
	}
	return named
}

// Reader reads within one snapshot. It is good for one answer.
type Reader struct {
	tx  pgx.Tx
	now time.Time
}

// Read runs fn on one snapshot of the database. now is what deadlines and ages
// are judged by.
func Read(ctx context.Context, conn *pgx.Conn, now time.Time, fn func(*Reader) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error {
		return fn(&Reader{tx: tx, now: now.UTC()})
	})
}

// rows runs a named statement and reads each row by the names of its columns.
func rows[T any](ctx context.Context, r *Reader, name string, args ...any) ([]T, error) {
	found, err := r.tx.Query(ctx, statements[name], args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return all, nil
}

// cut keeps the first most rows and says whether there were more: statements ask
// for one row more than is shown.
func cut[T any](all []T, most int) ([]T, bool) {
	if len(all) > most {
		return all[:most], true
	}
	return all, false
}

// Sum is a balance: an amount that may be negative. In JSON its units are a
// string of base units.
type Sum struct {
	Asset asset.ID
	Units *big.Int
}

func newSum(id asset.ID, units string) (Sum, error) {
	n, ok := new(big.Int).SetString(units, 10)
	if !ok {
		return Sum{}, fmt.Errorf("a balance of %s, %.90q, is no whole number", id, units)
	}
	return Sum{Asset: id, Units: n}, nil
}

// String is the balance in coins with its ticker: "-0.5 BTC".
func (s Sum) String() string {
	a, ok := asset.Lookup(s.Asset)
	magnitude, err := asset.UnitsFromBig(new(big.Int).Abs(s.Units))
	if !ok || err != nil {
		return s.Units.String() + " base units of " + string(s.Asset)
	}
	text := asset.FormatUnits(magnitude, a.Decimals) + " " + string(s.Asset)
	if s.Units.Sign() < 0 {
		return "-" + text
	}
	return text
}

// MarshalJSON writes {"asset", "units"} with the units as a string.
func (s Sum) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"asset":%q,"units":%q}`, s.Asset, s.Units.String()), nil
}

// Zero reports whether nothing is left on either side.
func (s Sum) Zero() bool { return s.Units.Sign() == 0 }
