package watch

import (
	"context"
	"fmt"

	"ferry/hotwallet/chain"
)

// AlarmDoubt is the alarm of a movement that is not booked as a block tells it.
const AlarmDoubt = "alarm.doubt"

// tellDoubts raises an alarm for each doubt of a block. It is done before the block is
// processed: a crash in between raises it again, and none is lost.
func (w *Watcher) tellDoubts(ctx context.Context, b chain.Block) error {
	for _, d := range b.Doubts {
		fresh, err := w.config.Store.Alarm(ctx, AlarmDoubt, fmt.Sprintf("block %d %s: %s", b.Height, b.Hash, d))
		if err != nil {
			return err
		}
		if fresh {
			w.config.Log.Error("a token's logs and balances say different things", "chain", w.config.Reader.Chain(),
				"height", b.Height, "block", b.Hash, "asset", d.Asset, "txids", d.TxIDs, "logged", d.Logged, "found", d.Found)
		}
	}
	return nil
}
