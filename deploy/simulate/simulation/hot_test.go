package simulation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/deploy/simulate/simulation"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/model"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/sweep"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// schema is the hot wallet's in Postgres, beside its model.
type schema struct {
	t      *testing.T
	pool   *pgxpool.Pool
	kept   *model.Database
	leases map[asset.Chain]*postgres.Lease
	// added are the addresses that are in both; halted was so when it was looked at last.
	added  map[model.Address]bool
	halted int
}

// process is what a new process of hotwalletd does: it takes the lease from its
// predecessor.
func (s *schema) process(on asset.Chain, m *model.Store, c model.Config) simulation.HotStore {
	actual, err := postgres.New(s.pool, on, postgres.Config{Rules: c.Rules, Tokens: c.Tokens, Dust: c.Dust, Burial: c.Burial, SpendDepth: c.SpendDepth,
		Now: c.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	if old := s.leases[on]; old != nil {
		if err := old.Close(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
	if s.leases[on], err = actual.AcquireLease(s.t.Context(), "simulation"); err != nil {
		s.t.Fatal(err)
	}
	s.kept = m.Database
	return hotStore{Store: m, real: actual, s: s}
}

// mirror brings over what daemons other than these do: addresses and operators.
func (s *schema) mirror() {
	s.t.Helper()
	for _, a := range s.kept.OwnAddresses() {
		if s.added[a] {
			continue
		}
		s.added[a] = true
		role, branch, state := 0, 0, "pool"
		var swapID, terms *string
		switch a.Purpose {
		case "funding":
			role, state = 1, "hot"
		case "change":
			role, branch, state = 1, 1, "hot"
		case "swap":
			state, swapID, terms = "issued", &a.SwapID, &a.SwapID
		}
		index := len(s.added)
		if role == 1 {
			index = 0
		}
		s.exec(`INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			a.Chain, role, branch, index, a.Path, a.Address, state, swapID, terms)
		if a.Purpose == "funding" && a.Chain == asset.Ethereum {
			s.exec(`INSERT INTO sender (chain, address, path, next_nonce) VALUES ($1, $2, $3, 0)`, a.Chain, a.Address, a.Path)
		}
	}
	halts := s.kept.Halts()
	if len(halts) < s.halted {
		for _, on := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
			if halts[on] == "" {
				s.exec(`DELETE FROM halt WHERE chain = $1`, on)
			}
		}
	}
	s.halted = len(halts)
}

func (s *schema) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// hotStore has the model and Postgres do the same, call by call, and compares what
// they answer. Methods that are not here are asked of the model alone.
type hotStore struct {
	*model.Store
	real *postgres.Store
	s    *schema
}

// both runs a call on Postgres and the model and compares.
func both[T any](h hotStore, name string, modelled, actual func() (T, error)) (T, error) {
	h.s.t.Helper()
	h.s.mirror()
	got, actualErr := actual()
	want, err := modelled()
	h.s.halted = max(h.s.halted, len(h.s.kept.Halts()))
	if (err == nil) != (actualErr == nil) || errors.Is(err, payment.ErrChanged) != errors.Is(actualErr, payment.ErrChanged) {
		h.s.t.Errorf("%s: Postgres %v, the model %v", name, actualErr, err)
	}
	g, gotErr := json.Marshal(got)
	w, wantErr := json.Marshal(want)
	if gotErr != nil || wantErr != nil || string(g) != string(w) {
		h.s.t.Errorf("%s: Postgres answers\n%s\nthe model\n%s", name, g, w)
	}
	return want, err
}

func (h hotStore) change(name string, modelled, actual func() error) error {
	h.s.t.Helper()
	_, err := both(h, name, func() (bool, error) { return true, modelled() }, func() (bool, error) { return true, actual() })
	return err
}

func sorted(ids []string, err error) ([]string, error) {
	slices.Sort(ids)
	return append([]string{}, ids...), err
}

func (h hotStore) Cursor(ctx context.Context) (chain.Ref, bool, error) {
	ref, err := both(h, "cursor", func() (chain.Ref, error) { ref, _, err := h.Store.Cursor(ctx); return ref, err },
		func() (chain.Ref, error) { ref, _, err := h.real.Cursor(ctx); return ref, err })
	_, begun, _ := h.Store.Cursor(ctx)
	return ref, begun, err
}

func (h hotStore) Begin(ctx context.Context, at chain.Ref) error {
	return h.change("begin", func() error { return h.Store.Begin(ctx, at) }, func() error { return h.real.Begin(ctx, at) })
}

func (h hotStore) Apply(ctx context.Context, b chain.Block) error {
	return h.change("apply", func() error { return h.Store.Apply(ctx, b) }, func() error { return h.real.Apply(ctx, b) })
}

func (h hotStore) Rollback(ctx context.Context, at chain.Ref) error {
	return h.change("rollback", func() error { return h.Store.Rollback(ctx, at) }, func() error { return h.real.Rollback(ctx, at) })
}

func (h hotStore) Coins(ctx context.Context) ([]string, error) {
	return both(h, "coins", func() ([]string, error) { return sorted(h.Store.Coins(ctx)) }, func() ([]string, error) { return sorted(h.real.Coins(ctx)) })
}

func (h hotStore) Sightings(ctx context.Context) ([]string, error) {
	return both(h, "sightings", func() ([]string, error) { return sorted(h.Store.Sightings(ctx)) },
		func() ([]string, error) { return sorted(h.real.Sightings(ctx)) })
}

func (h hotStore) See(ctx context.Context, credits []chain.Credit) error {
	return h.change("see", func() error { return h.Store.See(ctx, credits) }, func() error { return h.real.See(ctx, credits) })
}

func (h hotStore) Replace(ctx context.Context, ids []string) error {
	return h.change("replace", func() error { return h.Store.Replace(ctx, ids) }, func() error { return h.real.Replace(ctx, ids) })
}

func (h hotStore) Stop(ctx context.Context, reason string) (bool, error) {
	return both(h, "stop", func() (bool, error) { return h.Store.Stop(ctx, reason) }, func() (bool, error) { return h.real.Stop(ctx, reason) })
}

func (h hotStore) Halted(ctx context.Context) (string, error) {
	return both(h, "halted", func() (string, error) { return h.Store.Halted(ctx) }, func() (string, error) { return h.real.Halted(ctx) })
}

func (h hotStore) Payment(ctx context.Context, orderID string) (payment.Payment, error) {
	return both(h, "payment", func() (payment.Payment, error) { return h.Store.Payment(ctx, orderID) },
		func() (payment.Payment, error) { return h.real.Payment(ctx, orderID) })
}

func (h hotStore) Basis(ctx context.Context, p []payment.Payment) (payment.Basis, error) {
	return both(h, "basis", func() (payment.Basis, error) { return h.Store.Basis(ctx, p) }, func() (payment.Basis, error) { return h.real.Basis(ctx, p) })
}

func (h hotStore) DepositsConfirmed(ctx context.Context, o swap.Order) (bool, error) {
	return both(h, "deposits confirmed", func() (bool, error) { return h.Store.DepositsConfirmed(ctx, o) },
		func() (bool, error) { return h.real.DepositsConfirmed(ctx, o) })
}

func (h hotStore) StorePlan(ctx context.Context, p []payment.Payment, plan chain.Plan) (payment.Batch, error) {
	return both(h, "plan", func() (payment.Batch, error) { return h.Store.StorePlan(ctx, p, plan) },
		func() (payment.Batch, error) { return h.real.StorePlan(ctx, p, plan) })
}

func (h hotStore) ReplacementBasis(ctx context.Context, b payment.Batch) (payment.Basis, error) {
	return both(h, "replacement basis", func() (payment.Basis, error) { return h.Store.ReplacementBasis(ctx, b) },
		func() (payment.Basis, error) { return h.real.ReplacementBasis(ctx, b) })
}

func (h hotStore) StoreReplacement(ctx context.Context, b payment.Batch, plan chain.Plan, reason string) (payment.Batch, error) {
	return both(h, "replacement", func() (payment.Batch, error) { return h.Store.StoreReplacement(ctx, b, plan, reason) },
		func() (payment.Batch, error) { return h.real.StoreReplacement(ctx, b, plan, reason) })
}

func (h hotStore) StoreDropped(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	return both(h, "dropped", func() (payment.Batch, error) { return h.Store.StoreDropped(ctx, b, reason) },
		func() (payment.Batch, error) { return h.real.StoreDropped(ctx, b, reason) })
}

func (h hotStore) StoreSigned(ctx context.Context, b payment.Batch, raw []byte, txid string) (payment.Batch, error) {
	return both(h, "signed", func() (payment.Batch, error) { return h.Store.StoreSigned(ctx, b, raw, txid) },
		func() (payment.Batch, error) { return h.real.StoreSigned(ctx, b, raw, txid) })
}

func (h hotStore) StoreAnswer(ctx context.Context, b payment.Batch, n int, a payment.Answer) (payment.Batch, error) {
	return both(h, "answer", func() (payment.Batch, error) { return h.Store.StoreAnswer(ctx, b, n, a) },
		func() (payment.Batch, error) { return h.real.StoreAnswer(ctx, b, n, a) })
}

func (h hotStore) Batch(ctx context.Context, batchID string) (payment.Batch, error) {
	return both(h, "batch", func() (payment.Batch, error) { return h.Store.Batch(ctx, batchID) },
		func() (payment.Batch, error) { return h.real.Batch(ctx, batchID) })
}

func (h hotStore) StoreBatchReason(ctx context.Context, b payment.Batch, reason string) (payment.Batch, error) {
	return both(h, "batch reason", func() (payment.Batch, error) { return h.Store.StoreBatchReason(ctx, b, reason) },
		func() (payment.Batch, error) { return h.real.StoreBatchReason(ctx, b, reason) })
}

func (h hotStore) Ended(ctx context.Context, b payment.Batch) (payment.Ending, error) {
	return both(h, "ended", func() (payment.Ending, error) { return h.Store.Ended(ctx, b) },
		func() (payment.Ending, error) { return h.real.Ended(ctx, b) })
}

func (h hotStore) StoreDeath(ctx context.Context, b payment.Batch, r payment.DeathRequest) error {
	return h.change("death", func() error { return h.Store.StoreDeath(ctx, b, r) }, func() error { return h.real.StoreDeath(ctx, b, r) })
}

func (h hotStore) Deaths(ctx context.Context, orders, coins []string) ([]payment.DeathRequest, error) {
	alike := func(s payment.Store) func() ([]payment.DeathRequest, error) {
		return func() ([]payment.DeathRequest, error) {
			all, err := s.Deaths(ctx, orders, coins)
			for i := range all {
				if len(all[i].Lineage) == 0 {
					all[i].Lineage = nil
				}
				all[i].FencingToken = 0
			}
			return all, err
		}
	}
	return both(h, "deaths", alike(h.Store), alike(h.real))
}

func (h hotStore) FreedCoins(ctx context.Context, coins []string) (map[string][]string, error) {
	return both(h, "freed coins", func() (map[string][]string, error) { return h.Store.FreedCoins(ctx, coins) },
		func() (map[string][]string, error) { return h.real.FreedCoins(ctx, coins) })
}

func (h hotStore) StoreReason(ctx context.Context, p payment.Payment, reason string) (payment.Payment, error) {
	return both(h, "reason", func() (payment.Payment, error) { return h.Store.StoreReason(ctx, p, reason) },
		func() (payment.Payment, error) { return h.real.StoreReason(ctx, p, reason) })
}

func (h hotStore) AcceptOrders(ctx context.Context, consumer string, b bus.Batch, orders []swap.Order, refused []payment.Refusal) ([]payment.Refusal, error) {
	return both(h, "orders", func() ([]payment.Refusal, error) { return h.Store.AcceptOrders(ctx, consumer, b, orders, refused) },
		func() ([]payment.Refusal, error) {
			all, err := h.real.AcceptOrders(ctx, consumer, b, orders, refused)
			if err == nil {
				all = append([]payment.Refusal{}, all...)
			}
			return all, err
		})
}

func (h hotStore) Books(ctx context.Context) ([]reconcile.Books, error) {
	read := func(s reconcile.Store) func() ([]reconcile.Books, error) {
		return func() ([]reconcile.Books, error) {
			all, err := s.Books(ctx)
			for i, b := range all {
				all[i].Coins, _ = sorted(b.Coins, nil)
				all[i].Addresses, _ = sorted(b.Addresses, nil)
			}
			return all, err
		}
	}
	return both(h, "books", read(h.Store), read(h.real))
}

func (h hotStore) Record(ctx context.Context, b reconcile.Books, node asset.Units) error {
	return h.change("record", func() error { return h.Store.Record(ctx, b, node) }, func() error { return h.real.Record(ctx, b, node) })
}

func (h hotStore) Sweepable(ctx context.Context, least map[asset.ID]asset.Units) (sweep.State, error) {
	alike := func(s sweep.Store) func() (string, error) {
		return func() (string, error) {
			st, err := s.Sweepable(ctx, least)
			for i := range st.Held {
				st.Held[i].Since = st.Held[i].Since.UTC()
			}
			return fmt.Sprintf("%+v", st), err
		}
	}
	_, err := both(h, "sweepable", alike(h.Store), alike(h.real))
	if err != nil {
		return sweep.State{}, err
	}
	return h.Store.Sweepable(ctx, least)
}

func (h hotStore) SmallCoins(ctx context.Context) (sweep.Coins, error) {
	return both(h, "small coins", func() (sweep.Coins, error) { return h.Store.SmallCoins(ctx) }, func() (sweep.Coins, error) { return h.real.SmallCoins(ctx) })
}

func (h hotStore) DroppedNonces(ctx context.Context) ([]uint64, error) {
	return both(h, "dropped nonces", func() ([]uint64, error) { return h.Store.DroppedNonces(ctx) }, func() ([]uint64, error) { return h.real.DroppedNonces(ctx) })
}

func (h hotStore) StoreHouse(ctx context.Context, intents []sweep.Intent) ([]string, error) {
	return both(h, "house", func() ([]string, error) { return h.Store.StoreHouse(ctx, intents) }, func() ([]string, error) { return h.real.StoreHouse(ctx, intents) })
}

// A few seeds in which everything both hot wallets store goes to Postgres too: it
// answers like the model, and has told the same facts in the end.
func TestHotWalletSeedsOnPostgres(t *testing.T) {
	t.Parallel()
	var moved atomic.Int64
	t.Cleanup(func() {
		if moved.Load() == 0 {
			t.Error("no seed has moved anything of the house's own")
		}
	})
	for seed := range uint64(5) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s := &schema{t: t, pool: pgtest.New(t, "hotwallet"), leases: map[asset.Chain]*postgres.Lease{}, added: map[model.Address]bool{}}
			defer func() {
				for _, lease := range s.leases {
					if err := lease.Close(context.WithoutCancel(t.Context())); err != nil {
						t.Error(err)
					}
				}
			}()
			r := simulation.Run(t.Context(), seed, simulation.Options{Hot: s.process})
			if r.Broken != "" {
				t.Fatalf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
			}
			for _, p := range s.kept.Payments() {
				if p.House != nil && p.State == swap.PaymentFinal {
					moved.Add(1)
				}
			}
			told := map[string]int{}
			for _, m := range s.kept.Schema().Outbox() {
				told[m.Topic+" "+m.Key+" "+m.Kind+" "+string(m.Body)]++
			}
			for _, m := range messages(t, s.pool, bus.TopicFacts) {
				told[m]--
			}
			for m, n := range told {
				if n != 0 {
					t.Errorf("seed %d: told %d times more by the model: %s", seed, n, m)
				}
			}
		})
	}
}
