package watch

import (
	"context"

	"ferry/hotwallet/chain"
)

// AlarmUnseen is the alarm of a node that does not show all that concerns us.
const AlarmUnseen = "alarm.unseen"

// tellUnseen raises the alarm once for what the node does not show, as soon as that
// is known. Blocks are read all the same.
func (w *Watcher) tellUnseen(ctx context.Context) error {
	node, limited := w.config.Reader.(chain.Partial)
	if !limited {
		return nil
	}
	what := node.Unseen()
	w.config.Observer.unseen(what != "")
	if what == w.unseen {
		return nil
	}
	if what == "" {
		w.config.Log.Info("the node shows all that concerns us again", "chain", w.config.Reader.Chain())
	} else {
		w.config.Log.Error("the node does not show all that concerns us", "chain", w.config.Reader.Chain(), "unseen", what)
		if _, err := w.config.Store.Alarm(ctx, AlarmUnseen, what); err != nil {
			return err
		}
	}
	w.unseen = what
	return nil
}
