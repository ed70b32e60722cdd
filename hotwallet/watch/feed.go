package watch

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
)

// AlarmStale is the alarm of a node that shows nothing new.
const AlarmStale = "alarm.stale_feed"

// advanced is told of each tip.
func (w *Watcher) advanced(tip chain.Ref) {
	if w.feed.Advanced(tip, w.config.Now()) {
		w.config.Log.Info("the node's tip moves again", "chain", w.config.Reader.Chain(), "height", tip.Height)
	}
}

// beat raises the alarm once for each standstill. It can't be stored while
// Postgres is away too: then the log has it, and the next beat tries again.
func (w *Watcher) beat(ctx context.Context) {
	if !w.feed.Standing(w.config.StaleAfter, w.config.Now()) {
		return
	}
	w.config.Log.Error("the node's tip stands still", "chain", w.config.Reader.Chain(),
		"height", w.feed.Tip.Height, "since", w.feed.Since, "limit", w.config.StaleAfter)
	reason := fmt.Sprintf("the node has shown no new block since %s (block %d), %s are allowed",
		w.feed.Since.UTC().Format(time.RFC3339), w.feed.Tip.Height, w.config.StaleAfter)
	if _, err := w.config.Store.Alarm(ctx, AlarmStale, reason); err != nil {
		w.config.Log.Warn("the alarm was not stored, will try again", "chain", w.config.Reader.Chain(), "error", err)
		return
	}
	w.feed.Told()
}
