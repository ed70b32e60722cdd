package trees_test

import (
	"context"
	"slices"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// actions of one seed.
const actions = 60

var fates = []fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend}

// play plays a seed to its end, or to the first invariant that does not hold.
func play(seed uint64, b bug) *world {
	w := newWorld(seed, b)
	for range actions {
		w.act()
		if w.found != "" {
			return w
		}
	}
	w.finish()
	return w
}

// act is one thing that happens.
func (w *world) act() {
	switch n := w.rng.IntN(100); {
	case n < 18:
		w.pay()
	case n < 24:
		w.replace()
	case n < 42:
		w.grow(1 + w.rng.IntN(2))
	case n < 52:
		w.reorg()
	case n < 55:
		w.back()
	case n < 75:
		w.notify()
	case n < 88:
		w.step()
	case n < 94:
		w.restarts++
		w.start()
	case n < 97:
		w.nodeRestarts()
	default:
		w.node.behind = nil
	}
}

// pay has a stranger pay us, once or with several outputs, and others; or a token, or
// what only says that it pays.
func (w *world) pay() {
	if w.chain.Chain() != asset.Ethereum || w.chance(2) {
		w.chain.PayMany(w.outputs()...)
		return
	}
	token := []asset.ID{asset.USDT, asset.USDC}[w.rng.IntN(2)]
	if w.chance(4) {
		w.chain.LogToken(token, w.outputs()...)
		return
	}
	w.tokens++
	w.chain.PayToken(token, w.outputs()...)
}

func (w *world) outputs() []fakechain.Output {
	n := 1
	if w.chain.Chain() == asset.Bitcoin {
		n += w.rng.IntN(3)
	}
	var all []fakechain.Output
	for range n {
		o := fakechain.Output{Address: w.addresses[w.rng.IntN(len(w.addresses))], Units: asset.NewUnits(1 + w.rng.Uint64N(1<<40))}
		if w.chance(5) {
			o.Address = w.chain.NewAddress()
		}
		all = append(all, o)
	}
	return all
}

// replace replaces or evicts something in the mempool.
func (w *world) replace() {
	ids := w.chain.Unconfirmed()
	if len(ids) == 0 {
		return
	}
	id := ids[w.rng.IntN(len(ids))]
	if w.chance(2) {
		w.chain.Evict(id)
		return
	}
	w.chain.Replace(id, w.outputs()...)
}

func (w *world) grow(n int) {
	for range n {
		switch n := w.rng.IntN(8); {
		case n < 2:
			w.chain.MineEmpty(1)
		case n == 2 && w.chain.Chain() == asset.Bitcoin:
			w.chain.MineCoinbase(w.addresses[w.rng.IntN(len(w.addresses))], asset.NewUnits(1+w.rng.Uint64N(1<<40)))
		default:
			w.chain.Mine(1)
		}
		w.learn()
	}
}

// reorg leaves some blocks for a branch, which is longer, as long or shorter; once
// in a while it is deeper than allowed.
func (w *world) reorg() {
	most := w.room()
	if w.chance(150) {
		most = min(3*reorgLimit, len(w.real())-2)
	}
	if most < 1 {
		return
	}
	n := 1 + w.rng.IntN(most)
	w.chain.Reorg(n, fates[w.rng.IntN(len(fates))])
	if w.chance(5) {
		w.learn() // the node has only taken blocks back so far
	}
	w.grow(max(1, n+w.rng.IntN(4)-1))
}

// room is how many blocks the real chain may leave without going below what the
// store may take back, counted from where it stands.
func (w *world) room() int {
	lowest := max(w.store.top().Height-reorgLimit, w.store.applied[0].Height)
	return len(w.real()) - 1 - int(lowest)
}

// back has an earlier branch become the best again.
func (w *world) back() {
	branch := w.chain.Branch()
	if w.room() < 2 {
		return
	}
	w.chain.Reorg(1+w.rng.IntN(2), fates[w.rng.IntN(len(fates))])
	w.grow(2 + w.rng.IntN(2))
	if w.chance(2) {
		w.step()
	}
	w.chain.Return(branch)
	w.learn()
}

// notify delivers from the feed: notifications are lost, come twice, come late and
// in any order. Each has the watcher look, at the tip it tells of.
func (w *world) notify() {
	if len(w.feed) == 0 {
		return
	}
	i := w.rng.IntN(len(w.feed))
	told := w.feed[i]
	switch w.rng.IntN(4) {
	case 0: // repeated: it stays in the feed
	case 1: // all before it are lost
		w.feed = slices.Clone(w.feed[i+1:])
	default:
		w.feed = slices.Delete(w.feed, i, i+1)
	}
	if len(w.feed) > 20 {
		w.feed = slices.Clone(w.feed[10:])
	}
	if w.chance(3) {
		return // this one is missed
	}
	w.node.told = &told
	w.step()
	w.node.told = nil
}

// step is one look. It may fail: the node lies and is away, answers are lost.
// Invariants are checked at each change of the store.
func (w *world) step() {
	w.steps++
	_ = w.watcher.Step(context.Background()) // any error is the faults', and is tried again
}

// nodeRestarts has the node come up on an old branch, or with the last blocks
// missing.
func (w *world) nodeRestarts() {
	if w.chance(2) {
		w.node.behind = w.old()
		return
	}
	best := w.real()
	w.node.behind = best[:max(1, len(best)-1-w.rng.IntN(3))]
}
