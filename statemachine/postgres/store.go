package postgres

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
)

// Consumer is the name under which the state machine's offsets are stored, and
// its consumer group.
const Consumer = "swapd"

// MaxParked bounds the facts parked for one swap: more are stored too, but only
// the oldest are offered again.
const MaxParked = 1000

// ErrStale means that what a batch was decided on has changed since: another
// process has applied facts of these swaps, or has the partition. Nothing of the
// batch was stored; read again.
var ErrStale = errors.New("stale: the rows have changed since they were read")

//go:embed *.sql
var statements embed.FS

func statement(name string) string {
	raw, err := statements.ReadFile(name + ".sql")
	if err != nil {
		panic("statemachine/postgres: " + err.Error())
	}
	return string(raw)
}

var (
	loadSQL            = statement("load")
	loadParkedSQL      = statement("load_parked")
	insertSwapsSQL     = statement("insert_swaps")
	insertDeadlinesSQL = statement("insert_deadlines")
	updateSwapsSQL     = statement("update_swaps")
	deleteDepositsSQL  = statement("delete_deposits")
	upsertDepositsSQL  = statement("upsert_deposits")
	upsertPaymentsSQL  = statement("upsert_payments")
	insertEventsSQL    = statement("insert_events")
	insertEntriesSQL   = statement("insert_entries")
	insertPostingsSQL  = statement("insert_postings")
	parkSQL            = statement("park")
	unparkSQL          = statement("unpark")
	malformedSQL       = statement("insert_malformed")
)

// Store is the state machine's schema.
type Store struct{ pool *pgxpool.Pool }

// New uses a pool whose search_path is the schema of service "swap".
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// LoadOffset is the stored offset of a partition, 0 where there is none.
func (s *Store) LoadOffset(ctx context.Context, topic string, partition int32) (int64, error) {
	return bus.LoadOffset(ctx, s.pool, Consumer, topic, partition)
}

type swapRow struct {
	ID            string
	State         swap.State
	Version       int64
	SignedQuote   string
	SignedReceipt string
	Reason        string
	Seen          map[string]int64
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Amended       swap.Amended
	Deposits      []swap.Deposit
	Payments      []swap.Payment
}

// Load reads the cases of the given swaps: every id has one, unknown swaps with
// a nil Swap. Signatures are not verified again: they were before the row was made.
func (s *Store) Load(ctx context.Context, ids []string) (map[string]statemachine.Case, error) {
	cases := make(map[string]statemachine.Case, len(ids))
	for _, id := range ids {
		cases[id] = statemachine.Case{}
	}
	pipeline := &pgx.Batch{}
	pipeline.Queue(loadSQL, ids).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[swapRow])
		for _, row := range found {
			loaded, rowErr := row.swap()
			if rowErr != nil {
				return rowErr
			}
			cases[row.ID] = statemachine.Case{Swap: &loaded}
		}
		return err
	})
	pipeline.Queue(loadParkedSQL, ids).Query(func(rows pgx.Rows) error {
		var id, source string
		var seq int64
		var raw []byte
		_, err := pgx.ForEachRow(rows, []any{&id, &source, &seq, &raw}, func() error {
			c := cases[id]
			if len(c.Parked) >= MaxParked {
				return nil
			}
			fact := swap.Fact{}
			if err := json.Unmarshal(raw, &fact); err != nil {
				return fmt.Errorf("parked fact %s/%d of %s: %w", source, seq, id, err)
			}
			fact.Source, fact.Seq = source, seq
			c.Parked = append(c.Parked, fact)
			cases[id] = c
			return nil
		})
		return err
	})
	if err := s.pool.SendBatch(ctx, pipeline).Close(); err != nil {
		return nil, fmt.Errorf("load %d swaps: %w", len(ids), err)
	}
	return cases, nil
}

func (r swapRow) swap() (swap.Swap, error) {
	terms, err := swap.DecodeTerms(r.SignedQuote, r.SignedReceipt)
	if err != nil {
		return swap.Swap{}, fmt.Errorf("terms of %s: %w", r.ID, err)
	}
	return swap.Swap{ID: r.ID, State: r.State, Version: r.Version, Terms: terms, Reason: r.Reason,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Deposits: r.Deposits, Payments: r.Payments,
		Amended: r.Amended, Seen: r.Seen}, nil
}

// isStale reports errors after which reading again can succeed: a guard that
// fired, or a key another transaction has taken in between.
func isStale(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", "23505": // serialization failure, deadlock, unique violation
		return true
	}
	return false
}
