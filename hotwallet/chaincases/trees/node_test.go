package trees_test

import (
	"context"
	"errors"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

var errAway = errors.New("the node does not answer")

// node is the chain as a node shows it: mostly as it is.
type node struct {
	w *world
	// honest answers every call with the truth.
	honest bool
	// told, if not nil, is what the next Tip says: the notification that woke us.
	told *chain.Ref
	// behind is a branch from which it answers while it is not nil.
	behind []chain.Ref
}

var _ chain.Reader = (*node)(nil)

func (n *node) Chain() asset.Chain { return n.w.chain.Chain() }

// view is the branch that this call is answered from.
func (n *node) view() []chain.Ref {
	switch {
	case n.honest:
	case n.behind != nil:
		return n.behind
	case n.w.chance(60): // another node behind the same address
		n.w.lies++
		return n.w.old()
	}
	return n.w.real()
}

// old is one of the last branches. One that has left the real chain deeper than the
// limit halts a watcher that follows it, so it is mostly put aside.
func (w *world) old() []chain.Ref {
	branch := w.branches[max(0, len(w.branches)-1-w.rng.IntN(6))]
	apart := len(branch)
	for h := range min(len(branch), len(w.real())) {
		if branch[h] == w.real()[h] {
			apart = len(branch) - 1 - h
		}
	}
	if apart > reorgLimit-2 && !w.chance(40) {
		return w.real()
	}
	return branch
}

func (n *node) away() bool { return !n.honest && n.w.chance(40) }

// Tip lies now and then: an old tip, one of a branch that is gone, a made-up block.
func (n *node) Tip(context.Context) (chain.Ref, error) {
	if n.away() {
		return chain.Ref{}, errAway
	}
	view := n.view()
	tip := view[len(view)-1]
	if told := n.told; told != nil && !n.honest {
		n.told = nil
		return *told, nil
	}
	if n.honest || !n.w.chance(25) {
		return tip, nil
	}
	n.w.lies++
	switch n.w.rng.IntN(4) {
	case 0:
		return view[n.w.rng.IntN(len(view))], nil
	case 1:
		old := n.w.old()
		return old[len(old)-1], nil
	case 2:
		return chain.Ref{Height: tip.Height + int64(n.w.rng.IntN(9)), Hash: fmt.Sprintf("%064x", n.w.rng.Uint64())}, nil
	default:
		return chain.Ref{Height: max(0, tip.Height-int64(n.w.rng.IntN(4))), Hash: fmt.Sprintf("%064x", n.w.rng.Uint64())}, nil
	}
}

func (n *node) RefAt(_ context.Context, height int64) (chain.Ref, error) {
	if n.away() {
		return chain.Ref{}, errAway
	}
	if n.w.bug == heightOnly {
		if at := n.w.store.top(); at.Height == height {
			return at, nil
		}
	}
	view := n.view()
	if height < 0 || height >= int64(len(view)) {
		return chain.Ref{}, fmt.Errorf("at %d: %w", height, chain.ErrBlockGone)
	}
	return view[height], nil
}

func (n *node) Block(_ context.Context, ref chain.Ref, watch chain.Watch) (chain.Block, error) {
	if n.away() {
		return chain.Block{}, errAway
	}
	view := n.view()
	if ref.Height < 0 || ref.Height >= int64(len(view)) || view[ref.Height] != ref {
		return chain.Block{}, fmt.Errorf("%s: %w", ref, chain.ErrBlockGone)
	}
	b := n.w.blocks[ref.Hash]
	var credits []chain.Credit
	for _, c := range b.Credits {
		if watch.Address(c.Address) {
			credits = append(credits, c)
		}
	}
	b.Credits = credits
	if n.w.bug == logsOnly {
		for _, d := range b.Doubts {
			b.Credits = append(b.Credits, chain.Credit{TxID: d.TxIDs[0], Asset: d.Asset, Address: d.Address,
				Units: asset.MustUnits(d.Logged), Source: chain.Token})
		}
		b.Doubts = nil
	}
	if n.w.bug == heightOnly {
		b.Parent = n.w.store.top().Hash
	}
	return b, nil
}

// Mempool is the real one, or that of a node that has just been started.
func (n *node) Mempool(ctx context.Context, watch chain.Watch) ([]chain.Credit, error) {
	if n.away() {
		return nil, errAway
	}
	if !n.honest && n.w.chance(10) {
		return nil, nil
	}
	return n.w.chain.Mempool(ctx, watch)
}

func (n *node) Held(context.Context, chain.Ref, asset.ID, []string, []string) (asset.Units, error) {
	return asset.Units{}, errAway
}

func (n *node) CheckDestination(context.Context, string) error { return errAway }
