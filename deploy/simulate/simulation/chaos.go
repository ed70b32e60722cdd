package simulation

import (
	"slices"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// mine makes blocks, at most of them full, and the time they take.
func (w *World) mine() {
	on := one(w, networks.Chains())
	n := 1 + w.rng.IntN(2)
	if w.chance(6) {
		w.chains[on].MineEmpty(n)
	} else {
		w.chains[on].Mine(n)
	}
	w.now = w.now.Add(time.Duration(w.rng.Int64N(int64(n) * int64(w.rules[on].blockTime))))
	w.tell("%s: %d blocks, tip %d", on, n, w.height(on))
}

func (w *World) height(on asset.Chain) int64 {
	tip, err := w.chains[on].Tip(w.ctx)
	if err != nil {
		return -1
	}
	return tip.Height
}

// pass lets time go by: mostly minutes, now and then days.
func (w *World) pass() {
	by := time.Duration(w.rng.Int64N(int64(10 * time.Minute)))
	switch w.rng.IntN(12) {
	case 0:
		by = time.Duration(w.rng.Int64N(int64(3 * time.Hour)))
	case 1:
		by = time.Duration(w.rng.Int64N(int64(72 * time.Hour)))
	}
	w.now = w.now.Add(by)
	w.tell("%s pass", by.Round(time.Second))
}

// reorg replaces the last blocks by a longer branch, within what is followed.
func (w *World) reorg() {
	on := one(w, networks.Chains())
	if limit := w.rules[on].reorgLimit; limit > 0 {
		w.reorganise(on, w.depth(on, limit))
	}
}

// waver takes a payment back whose swap waits for something else: for its deposit, for
// people, or for the payment of its main leg; or has it fail; or takes back one of
// several deposits that are paid out together.
func (w *World) waver() {
	var sent, pending, parts []candidate
	for _, p := range w.wallets.Payments() {
		row, _ := w.states.Swap(p.Order.SwapID)
		c := candidate{p.Order.Chain, w.height(p.Order.Chain) - p.Height + 1, row.State, ""}
		switch {
		case !slices.Contains([]swap.State{swap.DepositDetected, swap.Held, swap.RefundQueued, swap.DepositConfirmed, swap.PayoutQueued}, row.State):
		case p.Height > 0 && c.depth <= w.rules[c.on].reorgLimit:
			sent = append(sent, c)
		case p.Attempt != nil && p.State == swap.PaymentBroadcast && c.on == asset.Ethereum:
			c.txid = p.Attempt.TxID
			pending = append(pending, c)
		}
	}
	for _, u := range w.users {
		row, _ := w.states.Swap(u.id())
		for _, d := range row.Deposits {
			if depth := w.height(u.on) - d.Height + 1; d.Verdict == swap.VerdictToppedUp && d.Height > 0 && depth <= w.rules[u.on].reorgLimit {
				parts = append(parts, candidate{u.on, depth, row.State, ""})
			}
		}
	}
	if len(pending) > 0 && w.chance(4) {
		w.chains[asset.Ethereum].Fail(w.rarest(pending).txid)
		return
	}
	if len(parts) > 0 && w.chance(3) {
		sent = parts
	}
	if len(sent) > 0 {
		c := w.rarest(sent)
		w.reorganise(c.on, max(c.depth, 1))
	}
}

// candidate is something of a swap on a chain that a reorganisation would reach.
type candidate struct {
	on    asset.Chain
	depth int64
	state swap.State
	txid  string
}

// rarest picks one, mostly of a swap that waits for a deposit to come back.
func (w *World) rarest(all []candidate) candidate {
	for _, c := range all {
		if c.state == swap.DepositDetected && !w.chance(3) {
			return c
		}
	}
	return one(w, all)
}

func (w *World) reorganise(on asset.Chain, depth int64) {
	c, limit := w.chains[on], w.rules[on].reorgLimit
	if _, gone := w.branches[on]; gone {
		return
	}
	fork := w.height(on) - depth
	if deepest, moved := w.forks[on]; moved {
		fork = min(fork, deepest)
	}
	if at, _, err := w.hot[on].store.Cursor(w.ctx); err != nil || fork < 4 || at.Height-fork > limit {
		return
	}
	w.forks[on] = fork
	fate := one(w, []fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend})
	w.tell("%s: a reorganisation of %d blocks (limit %d), fate %s", on, depth, limit, fate)
	c.Reorg(int(depth), fate)
	if w.chance(4) {
		w.hot[on].look() // the node between two branches
	}
	if w.chance(3) {
		c.MineEmpty(int(depth))
		c.Mine(1)
	} else {
		c.Mine(int(depth) + 1)
	}
}

// depth is how far a reorganisation goes: any, or mostly just so far that a payment
// or deposit of ours leaves its block.
func (w *World) depth(on asset.Chain, limit int64) int64 {
	var depths []int64
	reach := func(chain asset.Chain, height int64) {
		if depth := w.height(on) - height + 1; chain == on && height > 0 && depth >= 1 && depth <= limit {
			depths = append(depths, depth)
		}
	}
	for _, p := range w.wallets.Payments() {
		reach(p.Order.Chain, p.Height)
	}
	for _, d := range w.wallets.Deposits() {
		reach(d.Chain, d.Height)
	}
	if len(depths) == 0 || w.chance(3) {
		return 1 + w.rng.Int64N(limit)
	}
	return one(w, depths)
}

// leave makes the node follow a branch that leaves ours deeper than is followed;
// rejoin brings it back some time.
func (w *World) leave() {
	on := one(w, networks.Chains())
	depth := w.rules[on].reorgLimit + 1 + w.rng.Int64N(2)
	at, _, err := w.hot[on].store.Cursor(w.ctx)
	if _, gone := w.branches[on]; gone || err != nil || at.Height != w.height(on) || w.moved(on) || at.Height-depth < 4 {
		return
	}
	w.branches[on] = w.chains[on].Branch()
	w.chains[on].Reorg(int(depth), fakechain.Drop)
	w.chains[on].Mine(int(depth) + 1)
	w.tell("%s: the node leaves our chain by %d blocks (limit %d)", on, depth, w.rules[on].reorgLimit)
}

// moved reports a reorganisation that the watcher has not seen whole.
func (w *World) moved(on asset.Chain) bool {
	_, moved := w.forks[on]
	return moved
}

func (w *World) rejoin(on asset.Chain) {
	if b, gone := w.branches[on]; gone {
		delete(w.branches, on)
		w.chains[on].Return(b)
		w.tell("%s: the node is back on our chain", on)
	}
}

// evict makes the node forget an unconfirmed transaction, or all.
func (w *World) evict() {
	on := one(w, networks.Chains())
	if w.chance(4) {
		w.chains[on].Reorg(0, fakechain.Drop)
		w.tell("%s: the node forgets its mempool", on)
		return
	}
	if pending := w.chains[on].Unconfirmed(); len(pending) > 0 {
		txid := one(w, pending)
		w.chains[on].Evict(txid)
		w.tell("%s: %.12s is evicted", on, txid)
	}
}

// trouble is a node that does not do as it is asked.
func (w *World) trouble() {
	on := one(w, networks.Chains())
	c := w.chains[on]
	switch w.rng.IntN(6) {
	case 0:
		c.FailCalls(1 + w.rng.IntN(4))
	case 1:
		c.FailBroadcasts(one(w, []fakechain.Fault{fakechain.AnswerLost, fakechain.CallLost, fakechain.Refused}))
	case 2:
		c.SetFeeRate(1 + w.rng.Uint64N(4))
	case 3:
		if pending := w.strangers(asset.Ethereum); len(pending) > 0 {
			w.chains[asset.Ethereum].Fail(one(w, pending)) // somebody's deposit is mined and moves nothing
		}
	default:
		w.hot[asset.Ethereum].failing++
	}
}

// operate is an operator who resumes a chain after having looked.
func (w *World) operate() {
	for _, on := range networks.Chains() {
		w.rejoin(on)
		if w.wallets.Resume(on) {
			w.tell("%s: an operator resumes payments", on)
		}
	}
}
