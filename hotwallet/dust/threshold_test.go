package dust_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/dust"
	"ferry/swap/asset"
)

var networks = asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}

// kept is a store in memory.
type kept struct {
	level  dust.Level
	known  bool
	stored int
	err    error
}

func (k *kept) Dust(context.Context) (dust.Level, bool, error) { return k.level, k.known, k.err }

func (k *kept) StoreDust(_ context.Context, l dust.Level) error {
	if k.err != nil {
		return k.err
	}
	k.level, k.known = l, true
	k.stored++
	return nil
}

type world struct {
	*dust.Threshold
	chain *fakechain.Chain
	store *kept
	moved int
}

func start(t *testing.T, c *fakechain.Chain, store *kept, limits dust.Limits) *world {
	t.Helper()
	w := &world{chain: c, store: store}
	var err error
	w.Threshold, err = dust.New(dust.Config{Chain: c.Chain(), Fees: c, Limits: limits, Each: time.Minute,
		Moved: func() { w.moved++ }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if w.Units() != limits.Floor {
		t.Errorf("before it has started it is %s, want the floor %s", w.Units(), limits.Floor)
	}
	if err := w.Start(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) look(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The threshold is what spending a deposit costs at the chain's rate, follows it from
// look to look, stops at the ceiling, and comes back to the floor.
func TestFollowsTheChainsFees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		chain         *fakechain.Chain
		limits        dust.Limits
		rate          uint64
		least, most   string
		atFloor, high uint64
	}{
		// One input is 68 vbytes.
		"bitcoin": {fakechain.NewBitcoin(fakechain.Config{Networks: networks}),
			dust.Limits{Floor: asset.NewUnits(1000), Ceiling: asset.NewUnits(10_000)}, 50, "3000", "3900", 2, 5000},
		// A transfer is 21000 gas.
		"ethereum": {fakechain.NewEthereum(fakechain.Config{Networks: networks}),
			dust.Limits{Floor: asset.MustUnits("100000000000000"), Ceiling: asset.MustUnits("1000000000000000")},
			20, "370000000000000", "480000000000000", 1, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, c.chain, &kept{}, c.limits)
			w.chain.SetFeeRate(c.atFloor)
			w.look(t, 1)
			if w.Units() != c.limits.Floor || w.moved != 0 {
				t.Errorf("at low fees it is %s, moved %d times", w.Units(), w.moved)
			}
			w.chain.SetFeeRate(c.rate)
			w.look(t, 60)
			if w.Units().Less(asset.MustUnits(c.least)) || asset.MustUnits(c.most).Less(w.Units()) || w.moved == 0 {
				t.Errorf("at a rate of %d it is %s, moved %d times", c.rate, w.Units(), w.moved)
			}
			w.chain.SetFeeRate(c.high)
			w.look(t, 60)
			if w.Units() != c.limits.Ceiling {
				t.Errorf("at high fees it is %s, want the ceiling %s", w.Units(), c.limits.Ceiling)
			}
			w.chain.SetFeeRate(c.atFloor)
			w.look(t, 400)
			if w.Units() != c.limits.Floor {
				t.Errorf("at low fees again it is %s", w.Units())
			}
		})
	}
}

// A restart goes on where the threshold stood, within limits that may be others now;
// what could not be stored is not published, and a node that is away changes nothing.
func TestGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	limits := dust.Limits{Floor: asset.NewUnits(1000), Ceiling: asset.NewUnits(10_000)}
	chain := fakechain.NewBitcoin(fakechain.Config{Networks: networks})
	chain.SetFeeRate(80)
	store := &kept{}
	w := start(t, chain, store, limits)
	w.look(t, 1)
	before := w.Units()
	if before != asset.NewUnits(5500) {
		t.Fatalf("at 80 sat per vbyte it is %s, want 5440 rounded up", before)
	}
	w.look(t, 10)
	if store.stored != 1 {
		t.Errorf("it was stored %d times while nothing moved, want once", store.stored)
	}
	chain.SetFeeRate(1)
	w = start(t, chain, store, limits)
	if w.Units() != before {
		t.Errorf("after a restart it is %s, want %s", w.Units(), before)
	}
	w.look(t, 1)
	if w.Units() != before {
		t.Errorf("one look at low fees after a restart makes it %s", w.Units())
	}
	store.err = errors.New("away")
	if err := w.Look(t.Context()); err == nil || w.Units() != before {
		t.Errorf("not stored: %v, and it is %s", err, w.Units())
	}
	store.err = nil
	chain.SetAway(true)
	if err := w.Look(t.Context()); err == nil || w.Units() != before {
		t.Errorf("the node is away: %v, and it is %s", err, w.Units())
	}
	narrow := start(t, chain, store, dust.Limits{Floor: asset.NewUnits(1000), Ceiling: asset.NewUnits(2000)})
	if narrow.Units() != asset.NewUnits(2000) {
		t.Errorf("with a lower ceiling it is %s", narrow.Units())
	}
}

// Run looks at once and then each minute, and ends with its context.
func TestRunLooksEachMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		chain := fakechain.NewBitcoin(fakechain.Config{Networks: networks})
		asked := 0
		chain.Before(func(call string) {
			if call == "SpendCost" {
				asked++
			}
		})
		w := start(t, chain, &kept{}, dust.Limits{Floor: asset.NewUnits(1), Ceiling: asset.NewUnits(10_000)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		timer := time.NewTimer(10*time.Minute + time.Second) // of the bubble's clock
		defer timer.Stop()
		<-timer.C
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if asked != 11 {
			t.Errorf("%d looks in ten minutes, want 11", asked)
		}
	})
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	chain := fakechain.NewBitcoin(fakechain.Config{Networks: networks})
	for name, c := range map[string]dust.Config{
		"no fees": {Chain: asset.Bitcoin, Log: slog.New(slog.DiscardHandler)},
		"no log":  {Chain: asset.Bitcoin, Fees: chain},
		"chain":   {Chain: "dogecoin", Fees: chain, Log: slog.New(slog.DiscardHandler)},
		"limits": {Chain: asset.Bitcoin, Fees: chain, Log: slog.New(slog.DiscardHandler),
			Limits: dust.Limits{Floor: asset.NewUnits(2), Ceiling: asset.NewUnits(1)}},
	} {
		if _, err := dust.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	early, err := dust.New(dust.Config{Chain: asset.Bitcoin, Fees: chain, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if early.Look(t.Context()) == nil {
		t.Error("it looked before it was started")
	}
}

// Spending is usual while it costs no more than over the last looks.
func TestUsualFees(t *testing.T) {
	t.Parallel()
	limits := dust.Limits{Floor: asset.NewUnits(1), Ceiling: asset.MustUnits("1000000000000000000")}
	w := start(t, fakechain.NewBitcoin(fakechain.Config{Networks: networks}), &kept{}, limits)
	usual := func() bool {
		t.Helper()
		yes, err := w.Usual(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if usual() {
		t.Fatal("usual before anybody has looked")
	}
	w.chain.SetFeeRate(10)
	w.look(t, 3)
	if !usual() {
		t.Fatal("what it always was is not usual")
	}
	w.chain.SetFeeRate(20)
	if usual() {
		t.Fatal("twice as much is usual")
	}
	w.look(t, 100)
	if !usual() {
		t.Fatal("what it has become is not usual")
	}
	w.chain.SetFeeRate(10)
	if !usual() {
		t.Fatal("half as much is not usual")
	}
}
