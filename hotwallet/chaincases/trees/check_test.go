package trees_test

import (
	"context"
	"math/big"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/model"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
)

// check demands every invariant of the store as it is now.
func (w *world) check() {
	w.checkBlocks()
	w.checkDeposits()
	w.checkCredits()
}

// checkBlocks: what was applied is a path in the tree, without a gap, each block
// with all that it brings us; the cursor is at its end.
func (w *world) checkBlocks() {
	cursor, begun, err := w.store.inner.Cursor(context.Background())
	if err != nil || begun != (len(w.store.applied) > 0) || cursor != w.store.top() {
		w.fail("the cursor is on %s, the last block applied is %s (%v)", cursor, w.store.top(), err)
	}
	for i := max(1, len(w.store.applied)-reorgLimit); i < len(w.store.applied); i++ { // those below have not changed since
		b := w.store.applied[i]
		truth, below := w.blocks[b.Hash], w.store.applied[i-1]
		if truth.Ref != b.Ref || truth.Parent != below.Hash || b.Height != below.Height+1 {
			w.fail("%s was applied on %s; its parent is %.12s", b.Ref, below.Ref, truth.Parent)
		}
		if !slices.Equal(truth.Credits, b.Credits) {
			w.fail("%s was applied with %d credits, it has %d", b.Ref, len(b.Credits), len(truth.Credits))
		}
		for _, d := range truth.Doubts {
			if !slices.ContainsFunc(w.store.alarms, func(reason string) bool {
				return strings.Contains(reason, b.Hash) && strings.Contains(reason, d.String())
			}) {
				w.fail("%s was applied, and nobody was told: %s", b.Ref, d)
			}
		}
	}
}

// checkDeposits: the deposits in blocks are what the applied blocks bring, and the
// confirmed are those that are or were deep enough below the cursor.
func (w *world) checkDeposits() {
	want := map[string]string{}
	for _, b := range w.store.applied {
		for _, c := range w.blocks[b.Hash].Credits {
			id := w.store.inner.DepositID(c)
			want[id] = "in_block"
			if w.store.settled[id] {
				want[id] = model.Confirmed
			}
		}
	}
	if len(w.store.applied) > 0 { // nothing of ours counts where it began
		for _, c := range w.blocks[w.store.applied[0].Hash].Credits {
			delete(want, w.store.inner.DepositID(c))
		}
	}
	for _, d := range w.db.Deposits() {
		switch d.State {
		case "in_block", model.Confirmed:
			if want[d.ID] != d.State {
				w.fail("%s is %s, want %q with the cursor on %s", d.ID, d.State, want[d.ID], w.store.top())
			}
			delete(want, d.ID)
		default:
			if want[d.ID] != "" {
				w.fail("%s is %s, want %s", d.ID, d.State, want[d.ID])
			}
		}
	}
	for id, state := range want {
		w.fail("%s is %s in a block that was applied, and there is no row", id, state)
	}
}

// checkCredits: by the facts no deposit is credited more than once without having
// been taken back between; by the books the credits are the confirmed deposits.
func (w *world) checkCredits() {
	net := w.net
	fresh := w.db.Schema().Outbox()[w.heard:]
	w.heard += len(fresh)
	for _, m := range fresh {
		f, err := bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Body: m.Body}.Fact()
		if err != nil {
			w.fail("a fact: %v", err)
			return
		}
		switch id := f.Deposit.DepositID; f.Kind {
		case swap.FactDepositConfirmed:
			if net[id]++; net[id] > 1 {
				w.fail("%s was credited twice", id)
			}
		case swap.FactDepositReorged:
			net[id] = 0
		default: // credits nothing
		}
	}
	sums := map[asset.ID]asset.Units{}
	for _, d := range w.db.Deposits() {
		if (d.State == model.Confirmed) != (net[d.ID] == 1) {
			w.fail("%s is %s and was told as credited %d times net", d.ID, d.State, net[d.ID])
		}
		if d.State == model.Confirmed {
			sums[d.Amount.Asset] = mustAdd(sums[d.Amount.Asset], d.Amount.Units)
		}
	}
	for _, a := range asset.All() {
		if a.Chain != w.chain.Chain() {
			continue
		}
		if got := w.db.Schema().Book.Balance(ledger.Clearing, a.ID); got.Neg(got).Cmp(sums[a.ID].Big()) != 0 {
			w.fail("the books credit %s %s, the confirmed deposits are %s", got, a.ID, sums[a.ID])
		}
		if got := w.db.Schema().Book.Balance(ledger.Wallet, a.ID); got.Cmp(new(big.Int)) < 0 {
			w.fail("the wallet is %s %s", got, a.ID)
		}
	}
}

// finish has the node be honest and the chain outgrow all it has been, and demands
// that the credited set is the best chain's at the depth needed.
func (w *world) finish() {
	w.node = node{w: w, honest: true}
	w.grow(int(w.most) + 2 - len(w.real()) + 1)
	if w.chance(10) {
		w.grow(maturity)
	}
	fork := w.fork()
	for range 3 {
		if err := w.watcher.Step(context.Background()); err != nil {
			if deep := w.store.top().Height - fork.Height; deep > reorgLimit {
				w.halted++
				w.wantHalt()
				return
			}
			w.fail("with an honest node: %v", err)
			return
		}
	}
	if tip := w.real()[len(w.real())-1]; w.store.top() != tip {
		w.fail("the cursor is on %s, the tip is %s", w.store.top(), tip)
	}
	w.check()
	w.wantBest()
}

// fork is the last block that the real chain and what was applied have in common.
func (w *world) fork() chain.Ref {
	for i := len(w.store.applied) - 1; i >= 0; i-- {
		b := w.store.applied[i]
		if b.Height < int64(len(w.real())) && w.real()[b.Height] == b.Ref {
			return b.Ref
		}
	}
	return chain.Ref{Height: -reorgLimit - 1}
}

// wantHalt: beyond the limit payments stand still, and nothing was taken back.
func (w *world) wantHalt() {
	if w.db.Halts()[w.chain.Chain()] == "" {
		w.fail("the chain was left %d blocks deep and is not halted", w.store.top().Height-w.fork().Height)
	}
	w.check()
}

// wantBest compares with the chain itself, asked block by block.
func (w *world) wantBest() {
	credited := map[string]bool{}
	for _, d := range w.db.Deposits() {
		if d.State == model.Confirmed {
			credited[d.ID] = true
		}
	}
	w.credited += len(credited)
	began, best := w.store.applied[0].Height, w.real()
	for h := began + 1; h <= int64(len(best))-needed; h++ {
		for _, c := range w.blocks[best[h].Hash].Credits {
			if int64(len(best))-h < int64(depthOf(c)) {
				continue
			}
			id := w.store.inner.DepositID(c)
			if !credited[id] {
				w.fail("%s is in the best chain and not credited", id)
			}
			delete(credited, id)
		}
	}
	for id := range credited {
		w.fail("%s is credited and not in the best chain", id)
	}
}

func mustAdd(a, b asset.Units) asset.Units {
	sum, err := a.Add(b)
	if err != nil {
		panic(err)
	}
	return sum
}
