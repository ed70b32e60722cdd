package trees_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/model"
	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	needed     = 3
	reorgLimit = 5
	// maturity is how deep a miner's reward has to be.
	maturity = 100
)

// A bug is planted to see that it is found.
type bug string

const (
	none bug = ""
	// cursorFirst stores the cursor before what the block brings, so that a process
	// that ends between has passed a block it never processed.
	cursorFirst bug = "cursor-first"
	// heightOnly takes a block for its own if it is at the right height, whatever its
	// parent: a reorganisation is never noticed.
	heightOnly bug = "height-only"
	// shallow confirms a block too early.
	shallow bug = "shallow"
	// logsOnly believes a token's logs, whatever the balances say.
	logsOnly bug = "logs-only"
)

// world is one seed: a chain with all blocks there ever were, a node that shows it
// as it likes, the hot wallet's store, and the process that runs now.
type world struct {
	rng   *rand.Rand
	bug   bug
	chain *fakechain.Chain
	db    *model.Database
	// blocks are all blocks ever seen, by hash, matched with everything that is ours.
	blocks map[string]chain.Block
	// branches are the best chains there were: refs by height.
	branches [][]chain.Ref
	// ours are the addresses with their swaps.
	ours      map[string]string
	addresses []string
	node      node
	store     *store
	watcher   *watch.Watcher
	set       *watch.Set
	// feed are notifications under way: the tip each tells of.
	feed []chain.Ref
	// most is the greatest height there was.
	most  int64
	found failure
	// net are the credits told of each deposit less what was told as taken back, by
	// the facts heard so far.
	net   map[string]int
	heard int
	counts
}

// counts are what a run is made of, for the summary.
type counts struct {
	steps, applied, rolledBack, credited, tokens, restarts, lies, lost, halted int
}

// failure is the first invariant that did not hold.
type failure string

// all watches everything that is ours, for the truth.
type all struct{ w *world }

func (a all) Address(s string) bool { return a.w.ours[s] != "" }
func (a all) Coin(string) bool      { return false }

func newWorld(seed uint64, b bug) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0x6665727279)), bug: b, db: model.NewDatabase(),
		blocks: map[string]chain.Block{}, ours: map[string]string{}, net: map[string]int{}}
	config := fakechain.Config{Seed: seed}
	if seed%2 == 0 {
		w.chain = fakechain.NewBitcoin(config)
	} else {
		w.chain = fakechain.NewEthereum(config)
	}
	w.chain.Mine(1)
	w.node = node{w: w}
	w.start()
	for n := range 4 {
		w.issue(n)
	}
	w.learn()
	// The first look is at an honest node: where to begin is taken on trust.
	w.node.honest = true
	w.step()
	w.node.honest = false
	return w
}

// issue watches an address, as a new swap's.
func (w *world) issue(n int) {
	a := w.chain.NewAddress()
	swapID := swap.NewID(swap.SwapPrefix, time.UnixMilli(int64(n)))
	if err := w.store.inner.Issue(a, swapID); err != nil {
		panic(err)
	}
	w.ours[a] = swapID
	w.addresses = append(w.addresses, a)
	w.set.Add(a)
}

// start is a new process: another lease, an empty set, nothing remembered.
func (w *world) start() {
	confirmations := int64(needed)
	if w.bug == shallow {
		confirmations--
	}
	inner := w.db.Store(w.chain.Chain(), model.Config{Confirmations: confirmations, DustThreshold: asset.NewUnits(1),
		Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	inner.AcquireLease()
	before := w.store
	w.store = &store{Store: inner, inner: inner, w: w, settled: map[string]bool{}}
	if before != nil {
		w.store.applied, w.store.settled, w.store.alarms = before.applied, before.settled, before.alarms
	}
	w.set = watch.NewSet()
	var err error
	w.watcher, err = watch.New(watch.Config{Reader: &w.node, Store: w.store, Set: w.set, Poll: time.Hour,
		ReorgLimit: reorgLimit, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
}

// learn notes what the real chain is now: its new blocks and, as a branch, its refs.
func (w *world) learn() {
	ctx := context.Background()
	tip, err := w.chain.Tip(ctx)
	if err != nil {
		panic(err)
	}
	refs := make([]chain.Ref, tip.Height+1)
	for h := tip.Height; h >= 0; h-- {
		ref, err := w.chain.RefAt(ctx, h)
		if err != nil {
			panic(err)
		}
		if refs[h] = ref; len(w.branches) > 0 && h < int64(len(w.real())) && w.real()[h] == ref {
			copy(refs, w.real()[:h])
			break
		}
		if _, known := w.blocks[ref.Hash]; known {
			continue // of a branch that has returned
		}
		if w.blocks[ref.Hash], err = w.chain.Block(ctx, ref, all{w}); err != nil {
			panic(err)
		}
	}
	w.branches = append(w.branches, refs)
	w.most = max(w.most, tip.Height)
	w.feed = append(w.feed, tip)
}

// real is the chain as it is.
func (w *world) real() []chain.Ref { return w.branches[len(w.branches)-1] }

// fail keeps the first failure.
func (w *world) fail(format string, args ...any) {
	if w.found == "" {
		w.found = failure(fmt.Sprintf(format, args...))
	}
}

// chance is true once in n.
func (w *world) chance(n int) bool { return w.rng.IntN(n) == 0 }
