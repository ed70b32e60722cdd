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
	// lossStale is from when on a loss that was reckoned counts no more.
	lossStale = time.Minute
	// lossEvery is how often they are summed at most.
	lossEvery = 5 * time.Second
)

// Drawdown is how much of the limit on losses the last day has used up, in millionths: 0
// without a limit or a loss, a whole once it is reached, or while nothing is known. It does
// not block, and fits liquidity.Drawdown.
func (h *Hedger) Drawdown() int64 {
	if h.config.LossMost.IsZero() {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read.IsZero() || h.Now().Sub(h.read) >= lossStale {
		return wholePPM
	}
	return h.drawdown
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
	flows, err := h.Store.Flows(ctx, now.Add(-lossOver))
	if err != nil {
		if ctx.Err() == nil {
			h.Log.WarnContext(ctx, "the day's result is not known", "error", err)
		}
		return
	}
	result, known := Result(flows, h.Marks())
	if !known {
		return // a pair without a price is stopped by itself
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
