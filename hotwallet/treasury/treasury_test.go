package treasury_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/keys"
	"ferry/hotwallet/keys/keystest"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/treasury"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// house is a treasury on a database of its own.
type house struct {
	*treasury.Treasury
	config  treasury.Config
	pool    *pgxpool.Pool
	watched []string
	told    chan swap.Balance
}

// Publish keeps the balance; it implements treasury.Publisher.
func (h *house) Publish(_ context.Context, topic, key, kind string, value any) error {
	b, ok := value.(swap.Balance)
	if !ok || topic != bus.TopicBalances || kind != bus.KindBalance || key != string(b.Asset) {
		return errors.New("not a balance under its asset")
	}
	h.told <- b
	return nil
}

func newHouse(t *testing.T, on asset.Chain) *house {
	t.Helper()
	h := &house{pool: pgtest.New(t, "hotwallet"), told: make(chan swap.Balance, 1)}
	log := slog.New(slog.DiscardHandler)
	store, err := postgres.New(h.pool, on, postgres.Config{Confirmations: 3, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := store.AcquireLease(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lease.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	h.config = treasury.Config{Chain: on, Accounts: accounts(t, 7), Store: store, Publisher: h,
		Dust: func(asset.ID) asset.Units { return asset.NewUnits(42) }, Watch: func(a []string) { h.watched = append(h.watched, a...) },
		Each: time.Hour, Now: time.Now, Log: log}
	if h.Treasury, err = treasury.New(h.config); err != nil {
		t.Fatal(err)
	}
	return h
}

func both(t *testing.T, f func(t *testing.T, h *house, on asset.Chain)) {
	t.Helper()
	for _, on := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			f(t, newHouse(t, on), on)
		})
	}
}

// The house's addresses are watched and stored, once however often it starts.
func TestStart(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *house, on asset.Chain) {
		for range 2 {
			if err := h.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var hot, senders int
		err := h.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM address WHERE state = 'hot' AND address = ANY ($1)),
			(SELECT count(*) FROM sender WHERE address = $2)`, h.watched, h.FundingAddress()).Scan(&hot, &senders)
		if err != nil {
			t.Fatal(err)
		}
		if on == asset.Bitcoin && (hot != 101 || senders != 0) {
			t.Errorf("%d addresses and %d senders, want funding with 100 for change", hot, senders)
		}
		if on == asset.Ethereum && (hot != 1 || senders != 1) {
			t.Errorf("%d addresses and %d senders, want the sender", hot, senders)
		}
	})
}

// A database made with other keys is noticed before anything is sent to it.
func TestOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *house, _ asset.Chain) {
		if err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := h.config
		c.Accounts = accounts(t, 8)
		other, err := treasury.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(t.Context()); err == nil {
			t.Fatal("started on a database of other keys")
		}
	})
}

func TestHaltAndResume(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asset.Bitcoin)
	for name, row := range map[string]struct{ actor, reason string }{"no actor": {"", "drill"}, "no reason": {"alice", ""}} {
		if _, err := h.Halt(t.Context(), row.actor, row.reason); swap.ErrorCode(err) != swap.CodeInvalidBody {
			t.Errorf("halt with %s: %v", name, err)
		}
		if _, err := h.Resume(t.Context(), row.actor, row.reason); swap.ErrorCode(err) != swap.CodeInvalidBody {
			t.Errorf("resume with %s: %v", name, err)
		}
	}
	for i, step := range []struct {
		do      func(ctx context.Context, actor, reason string) (bool, error)
		changed bool
		halted  string
	}{
		{h.Resume, false, ""}, {h.Halt, true, "reason 1"}, {h.Halt, false, "reason 1"}, {h.Resume, true, ""},
	} {
		reason := "reason " + string(rune('0'+i))
		changed, err := step.do(t.Context(), "alice", reason)
		if err != nil || changed != step.changed {
			t.Fatalf("step %d: %v, %v", i, changed, err)
		}
		b, err := h.Balances(t.Context())
		if err != nil || len(b) != 1 || b[0].Halted != step.halted {
			t.Fatalf("step %d: %+v, %v", i, b, err)
		}
	}
}

// The balance is told at once, and again after a wake.
func TestRunTells(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asset.Ethereum)
	wake := make(chan struct{})
	h.config.Wake = wake
	observed := make(chan treasury.Balances, 2)
	h.config.Observe = func(b treasury.Balances) { observed <- b }
	tells, err := treasury.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := tells.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tells.Run(ctx) }()
	first := <-h.told
	if first.Asset != asset.ETH || !first.Available.IsZero() || first.DustThreshold != asset.NewUnits(42) || first.Halted != "" {
		t.Errorf("told %+v", first)
	}
	if _, err := h.Halt(t.Context(), "alice", "drill"); err != nil {
		t.Fatal(err)
	}
	wake <- struct{}{}
	if second := <-h.told; second.Halted != "drill" {
		t.Errorf("told %+v, want the halt", second)
	}
	if first, second := <-observed, <-observed; first.Asset != asset.ETH || first.Halted != "" || second.Halted != "drill" {
		t.Errorf("observed %+v and %+v", first, second)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := newHouse(t, asset.Bitcoin).config
	for name, spoil := range map[string]func(c *treasury.Config){
		"store": func(c *treasury.Config) { c.Store = nil }, "watch": func(c *treasury.Config) { c.Watch = nil },
		"clock": func(c *treasury.Config) { c.Now = nil }, "log": func(c *treasury.Config) { c.Log = nil },
		"chain": func(c *treasury.Config) { c.Chain = "dogecoin" }, "keys": func(c *treasury.Config) { c.Accounts = keys.Accounts{} },
	} {
		c := good
		spoil(&c)
		if _, err := treasury.New(c); err == nil {
			t.Errorf("a treasury without %s was made", name)
		}
	}
}

// accounts are extended public keys from a seed.
func accounts(t *testing.T, seed byte) keys.Accounts {
	t.Helper()
	return keystest.Accounts(t, networks, seed)
}

// The balance tells the threshold as it stands at that moment.
func TestTellsTheThresholdAsItMoves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, asset.Bitcoin)
	threshold := asset.NewUnits(1000)
	h.config.Dust = func(asset.ID) asset.Units { return threshold }
	var observed asset.Units
	h.config.Observe = func(b treasury.Balances) { observed = b.DustThreshold }
	moving, err := treasury.New(h.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint64{1000, 2500} {
		threshold = asset.NewUnits(want)
		if err := moving.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := <-h.told; told.DustThreshold != threshold || observed != threshold {
			t.Errorf("told %s, observed %s, want %s", told.DustThreshold, observed, threshold)
		}
	}
}
