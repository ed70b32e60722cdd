package watch

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/chain"
)

// AlarmStale is the alarm of a node that shows nothing new.
const AlarmStale = "alarm.stale_feed"

// feed is the watchdog of the node: only a tip that moves counts as alive. A node
// that answers every call and stands still has lost its peers, one that does not
// answer is gone; both look the same to users.
type feed struct {
	tip   chain.Ref
	since time.Time // when the tip last moved, by our clock
	stale bool
}

// advanced is told of each tip.
func (w *Watcher) advanced(tip chain.Ref) {
	if tip == w.tip {
		return
	}
	w.tip, w.since = tip, w.config.Now()
	if w.feed.stale {
		w.feed.stale = false
		w.config.Log.Info("the node's tip moves again", "chain", w.config.Reader.Chain(), "height", tip.Height)
	}
}

// beat raises the alarm once for each standstill. It can't be stored while
// Postgres is away too: then the log has it, and the next beat tries again.
func (w *Watcher) beat(ctx context.Context) {
	still := w.config.Now().Sub(w.since)
	if w.config.StaleAfter == 0 || w.feed.stale || still < w.config.StaleAfter {
		return
	}
	w.config.Log.Error("the node's tip stands still", "chain", w.config.Reader.Chain(),
		"height", w.tip.Height, "since", w.since, "limit", w.config.StaleAfter)
	reason := fmt.Sprintf("the node has shown no new block since %s (block %d), %s are allowed",
		w.since.UTC().Format(time.RFC3339), w.tip.Height, w.config.StaleAfter)
	if _, err := w.config.Store.Alarm(ctx, AlarmStale, reason); err != nil {
		w.config.Log.Warn("the alarm was not stored, will try again", "chain", w.config.Reader.Chain(), "error", err)
		return
	}
	w.feed.stale = true
}
