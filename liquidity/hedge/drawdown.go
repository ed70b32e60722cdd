package hedge

import (
	"context"
	"math/big"
	"time"

	"ferry/swap/asset"
)

// Limits of what is known of losses.
const (
	wholePPM = 1_000_000
	// lossOver is the time that a limit on losses is for.
	lossOver = 24 * time.Hour
	// lossStale is from when on a loss that was reckoned counts no more. What is not known
	// stops every pair, so it is long.
	lossStale = 15 * time.Minute
	// markStale is from when on an asset's last mark counts no more. What was swapped while it
	// had a price is then older than lossOver, too.
	markStale = lossOver
	// lossEvery is how often they are summed at most.
	lossEvery = 5 * time.Second
)

// marked is a mark and when it was one.
type marked struct {
	Mark
	at time.Time
}

// Drawdown is how much of the limit on losses the last day has used up, in millionths: 0
// without a limit or a loss, a whole once it is reached. False says that it was never known,
// or not for lossStale. It does not block, and fits liquidity.Drawdown.
func (h *Hedger) Drawdown() (usedPPM int64, known bool) {
	if h.config.LossMost.IsZero() {
		return 0, true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.drawdown, !h.read.IsZero() && h.Now().Sub(h.read) < lossStale
}

// reckon finds out what the last day has lost. While it can't be known the last word stands,
// until it is too old.
func (h *Hedger) reckon(ctx context.Context) {
	now := h.Now()
	h.mu.Lock()
	fresh := now.Sub(h.read) < lossEvery
	h.mu.Unlock()
	if fresh || h.config.LossMost.IsZero() {
		return
	}
	marks := h.lastMarks(now)
	flows, err := h.Store.Flows(ctx, now.Add(-lossOver))
	if err != nil {
		if ctx.Err() == nil {
			h.Log.WarnContext(ctx, "the day's result is not known", "error", err)
		}
		return
	}
	result, known := Result(flows, marks)
	if !known {
		h.Log.WarnContext(ctx, "the day's result is not known: an asset that was swapped has had no price since the start, or for a day")
		return
	}
	used := usedUp(result, h.config.LossMost)
	h.mu.Lock()
	before := h.drawdown
	h.drawdown, h.read = used, now
	h.mu.Unlock()
	if used >= wholePPM && before < wholePPM {
		h.Log.ErrorContext(ctx, "the day's losses have reached their limit: nothing is priced, and nothing hedged before it is confirmed", "result_sat", result.String())
	}
}

// lastMarks are the marks of now, and where an asset has none its last one: a venue that
// fails must not take away what is known of all others.
func (h *Hedger) lastMarks(now time.Time) Marks {
	marks := h.Marks()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.marked == nil {
		h.marked = map[asset.ID]marked{}
	}
	for id, mark := range marks {
		h.marked[id] = marked{mark, now}
	}
	for id, last := range h.marked {
		if now.Sub(last.at) < markStale {
			marks[id] = last.Mark
		}
	}
	return marks
}

// Result is what flows come to at prices, in base units of the numeraire; false where one
// of them has no price.
func Result(flows Flows, marks Marks) (*big.Int, bool) {
	sum := new(big.Int)
	for id, n := range flows {
		mark, ok := marks.Of(id)
		if !ok {
			return nil, false
		}
		sum.Add(sum, mark.Value(n))
	}
	return sum, true
}

// usedUp is the part of a limit that a result's loss is, in millionths, at most a whole.
func usedUp(result *big.Int, most asset.Units) int64 {
	if result.Sign() >= 0 {
		return 0
	}
	used := new(big.Int).Mul(new(big.Int).Neg(result), big.NewInt(wholePPM))
	used.Quo(used, most.Big())
	if !used.IsInt64() || used.Int64() > wholePPM {
		return wholePPM
	}
	return used.Int64()
}
