package watch

import (
	"context"
	"errors"
	"fmt"

	"ferry/hotwallet/chain"
	"ferry/swap/crash"
)

// move brings the cursor one block or one fork nearer to the node's tip. It
// reports false, without an error, if there is nothing to do until the node
// shows more.
func (w *Watcher) move(ctx context.Context, cursor, tip chain.Ref) (bool, error) {
	if tip.Height < cursor.Height {
		ours, kept, err := w.config.Store.BlockAt(ctx, tip.Height)
		if err != nil {
			return false, err
		}
		if kept && ours == tip {
			// Its tip is in our chain: it is behind, as after its own restart. If
			// it is about to take another branch, that will be seen when it has.
			w.config.Log.Debug("the node is behind", "chain", w.config.Reader.Chain(), "tip", tip.Height, "cursor", cursor.Height)
			return false, nil
		}
		return w.goBack(ctx, cursor, tip.Height)
	}
	there, err := w.config.Reader.RefAt(ctx, cursor.Height)
	if errors.Is(err, chain.ErrBlockGone) {
		return false, nil // the tip has moved since: look again
	}
	if err != nil {
		return false, fmt.Errorf("ask for block %d: %w", cursor.Height, err)
	}
	if there != cursor {
		return w.goBack(ctx, cursor, cursor.Height-1)
	}
	return w.advance(ctx, cursor)
}

// advance applies the block above the cursor.
func (w *Watcher) advance(ctx context.Context, cursor chain.Ref) (bool, error) {
	next, err := w.config.Reader.RefAt(ctx, cursor.Height+1)
	if errors.Is(err, chain.ErrBlockGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for block %d: %w", cursor.Height+1, err)
	}
	if err := w.watchSiblings(ctx); err != nil {
		return false, err
	}
	b, err := w.config.Reader.Block(ctx, next, w.config.Set)
	if errors.Is(err, chain.ErrBlockGone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read block %s: %w", next, err)
	}
	if b.Parent != cursor.Hash {
		return false, nil // the chain has changed between the calls
	}
	if err := w.tellDoubts(ctx, b); err != nil {
		return false, err
	}
	if b.Final, err = w.finalFor(ctx, b); err != nil {
		return false, err
	}
	ours := len(b.Credits)+len(b.Debits) > 0
	if ours {
		w.stale = true // also if Apply fails: it may have happened
		crash.Point("watch.apply_ours.before")
	}
	crash.Point("watch.apply.before")
	if err := w.config.Store.Apply(ctx, b); err != nil {
		return false, err
	}
	w.config.Observer.credits(b.Credits)
	crash.Point("watch.apply.after")
	if ours {
		crash.Point("watch.apply_ours.after")
	}
	return true, w.load(ctx)
}

// goBack takes blocks back to where the node's chain and ours part, looking from
// a height downwards.
func (w *Watcher) goBack(ctx context.Context, cursor chain.Ref, from int64) (bool, error) {
	fork, found, err := w.fork(ctx, cursor, from)
	if err != nil {
		return false, err
	}
	if !found {
		return false, w.tooDeep(ctx, cursor)
	}
	w.config.Log.Warn("the chain has reorganised", "chain", w.config.Reader.Chain(),
		"from", cursor.Height, "fork", fork.Height)
	w.config.Observer.reorg(cursor.Height - fork.Height)
	w.forgetFinal()
	for at := cursor; at != fork; {
		w.stale = true
		crash.Point("watch.rollback.before")
		if err := w.config.Store.Rollback(ctx, at); err != nil {
			return false, err
		}
		crash.Point("watch.rollback.after")
		if at, _, err = w.config.Store.Cursor(ctx); err != nil {
			return false, err
		}
		if at.Height < fork.Height {
			return false, fmt.Errorf("the cursor went to %s, below the fork %s", at, fork)
		}
	}
	return true, w.load(ctx)
}

// fork finds the highest of our blocks, at from or below, that is in the node's
// chain; false if none is within the limit.
func (w *Watcher) fork(ctx context.Context, cursor chain.Ref, from int64) (chain.Ref, bool, error) {
	for height := from; height >= 0 && cursor.Height-height <= w.config.ReorgLimit; height-- {
		ours, kept, err := w.config.Store.BlockAt(ctx, height)
		if err != nil || !kept {
			return ours, false, err
		}
		theirs, err := w.config.Reader.RefAt(ctx, height)
		if err != nil {
			return ours, false, fmt.Errorf("ask for block %d: %w", height, err)
		}
		if ours == theirs {
			return ours, true, nil
		}
	}
	return chain.Ref{}, false, nil
}

// tooDeep halts payments. It is called again at each look while it lasts, so that
// resuming without a remedy halts again.
func (w *Watcher) tooDeep(ctx context.Context, cursor chain.Ref) error {
	reason := fmt.Sprintf("the node's chain leaves ours more than %d blocks below block %d; nothing is read until it returns",
		w.config.ReorgLimit, cursor.Height)
	w.config.Observer.tooDeep()
	crash.Point("watch.halt.before")
	halted, err := w.config.Store.Stop(ctx, reason)
	if err != nil {
		return err
	}
	crash.Point("watch.halt.after")
	if halted {
		w.config.Log.Error("the chain has reorganised too deep; payments are halted", "chain", w.config.Reader.Chain(),
			"cursor", cursor.Height, "limit", w.config.ReorgLimit)
	}
	return fmt.Errorf("from %s: %w", cursor, ErrTooDeep)
}
