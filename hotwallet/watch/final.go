package watch

import (
	"context"

	"ferry/hotwallet/chain"
)

// finalFor is what the node calls safe and finalized, as far as the chain that a block
// ends has it. The node is asked once in a Step: while many blocks are read, an answer
// that is a little old holds a deposit for a block longer, and never lets one through.
// Nor does a node that does not answer: what it said before stays true until it takes
// blocks back, and the deposits that need none of this go on.
func (w *Watcher) finalFor(ctx context.Context, b chain.Block) (chain.Final, error) {
	if !w.asked {
		final, err := chain.FinalOf(ctx, w.config.Reader)
		if ctx.Err() != nil {
			return chain.Final{}, ctx.Err()
		}
		if err != nil {
			w.config.Log.Warn("the node does not say what is safe and finalized", "chain", w.config.Reader.Chain(), "error", err)
		} else {
			w.final = final
		}
		w.asked = true
	}
	found := chain.Final{Ahead: max(w.final.Safe.Height, w.final.Finalized.Height) > b.Height}
	var err error
	if found.Safe, err = w.within(ctx, w.final.Safe, b); err != nil {
		return chain.Final{}, err
	}
	found.Finalized, err = w.within(ctx, w.final.Finalized, b)
	return found, err
}

// within is a ref of the node's if it is in the chain that b ends, and zero if it is not,
// or not read yet. A height so far down that its block is not kept any more is below every
// reorganisation that is followed.
func (w *Watcher) within(ctx context.Context, at chain.Ref, b chain.Block) (chain.Ref, error) {
	switch {
	case at == b.Ref:
		return at, nil
	case at.Hash == "" || at.Height >= b.Height:
		return chain.Ref{}, nil
	}
	ours, kept, err := w.config.Store.BlockAt(ctx, at.Height)
	if err != nil || kept && ours != at {
		return chain.Ref{}, err
	}
	return at, nil
}

// forgetFinal has the node asked again: it has taken blocks back.
func (w *Watcher) forgetFinal() { w.final, w.asked = chain.Final{}, false }
