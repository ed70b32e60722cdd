package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/deploy/simulate/simulation"
	"ferry/migrations/pgtest"
	"ferry/statemachine"
	"ferry/statemachine/model"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/bus"
)

// states has the model and Postgres do the same, call by call, and compares what
// they answer.
type states struct {
	*model.Store
	real *postgres.Store
	t    *testing.T
}

func (s states) Load(ctx context.Context, ids []string) (map[string]statemachine.Case, error) {
	want, err := s.Store.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	got, err := s.real.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if g, w := text(s.t, got[id]), text(s.t, want[id]); g != w {
			s.t.Errorf("Postgres loads\n%s\nthe model\n%s", g, w)
		}
	}
	return want, nil
}

func (s states) Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error {
	want, got := s.Store.Apply(ctx, b, folded), s.real.Apply(ctx, b, folded)
	if (want == nil) != (got == nil) || errors.Is(want, model.ErrStale) != errors.Is(got, postgres.ErrStale) {
		s.t.Errorf("apply: Postgres %v, the model %v", got, want)
	}
	return want
}

// TellDue tells all that is due: which of two that are due at one time comes first
// is not said.
func (s states) TellDue(ctx context.Context, now time.Time, _ int) (int, error) {
	want, err := s.Store.TellDue(ctx, now, 1000)
	got, realErr := s.real.TellDue(ctx, now, 1000)
	if err != nil || realErr != nil || want != got {
		s.t.Errorf("deadlines: Postgres told %d (%v), the model %d (%v)", got, realErr, want, err)
	}
	return want, err
}

// text is a case with what JSON leaves out of it.
func text(t *testing.T, c statemachine.Case) string {
	t.Helper()
	type numbered struct {
		swap.Fact
		Source string `json:"source"`
		Seq    int64  `json:"seq"`
	}
	var all struct {
		Row      []any            `json:"row"`
		Seen     map[string]int64 `json:"seen"`
		Deposits []swap.Deposit   `json:"deposits"`
		Payments []swap.Payment   `json:"payments"`
		Amended  swap.Amended     `json:"amended"`
		Parked   []numbered       `json:"parked"`
	}
	if s := c.Swap; s != nil {
		all.Row = []any{s.ID, s.State, s.Version, s.Reason, s.CreatedAt.UTC(), s.UpdatedAt.UTC(), s.Terms.SignedQuote,
			s.Terms.SignedReceipt, s.Terms.Quote, s.Terms.Receipt}
		all.Amended = s.Amended
		all.Seen, all.Deposits, all.Payments = s.Seen, append([]swap.Deposit{}, s.Deposits...), append([]swap.Payment{}, s.Payments...)
	}
	for _, f := range c.Parked {
		all.Parked = append(all.Parked, numbered{f, f.Source, f.Seq})
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// messages are the outbox's of some topics, in order.
func messages(t *testing.T, pool *pgxpool.Pool, topics ...string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), "SELECT topic || ' ' || key || ' ' || kind || ' ' || body FROM outbox WHERE topic = ANY ($1) ORDER BY xid, id", topics)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A few seeds in which everything the state machine stores goes to Postgres too:
// it answers like the model, and has told the same in the end.
func TestSeedsOnPostgres(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t, "swap")
			var kept *model.Store
			r := simulation.Run(t.Context(), seed, simulation.Options{States: func(m *model.Store) simulation.StateStore {
				kept = m
				return states{m, postgres.New(pool), t}
			}})
			if r.Broken != "" {
				t.Fatalf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
			}
			var want []string
			for _, m := range kept.Schema().Outbox() {
				if m.Topic != bus.TopicFacts {
					want = append(want, m.Topic+" "+m.Key+" "+m.Kind+" "+string(m.Body))
				}
			}
			got := messages(t, pool, bus.TopicOrders, bus.TopicRequotes, bus.TopicUpdates)
			if len(got) != len(want) {
				t.Fatalf("seed %d: Postgres has told %d orders, requests and updates, the model %d", seed, len(got), len(want))
			}
			told := map[string]int{}
			for i := range want {
				told[want[i]]++
				told[got[i]]--
			}
			for m, n := range told {
				if n != 0 {
					t.Errorf("seed %d: told %d times more by the model: %s", seed, n, m)
				}
			}
		})
	}
}
