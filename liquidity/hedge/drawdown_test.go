package hedge

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// flowing is a store that knows nothing but flows, or fails.
type flowing struct {
	Store
	flows Flows
	err   error
}

func (s flowing) Flows(context.Context, time.Time) (Flows, error) { return s.flows, s.err }

// Test: the part of the limit that a day's result is; unknown is a whole, and takes early
// hedges away as the limit itself does.
func TestDrawdown(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	h := &Hedger{config: policies(), Parts: Parts{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Fair: func(liquidity.Instrument) (uint64, uint64, bool) { return 3_500_000, 3_500_000, true }}}
	if got := h.Drawdown(); got != 0 || len(h.caps()) != 1 {
		t.Errorf("without a limit: %d", got)
	}
	h.config.LossMost = asset.NewUnits(10_000)
	if got := h.Drawdown(); got != wholePPM || len(h.caps()) != 0 {
		t.Errorf("before anything is known: %d", got)
	}
	// 1 ETH is 3.5e6 sat: what was given for it is what was lost or gained.
	for paid, want := range map[int64]int64{3_500_000: 0, 3_400_000: 0, 3_501_000: 100_000, 3_510_000: wholePPM, 9_000_000: wholePPM} {
		h.Store = flowing{flows: Flows{asset.ETH: big.NewInt(1e18), asset.BTC: big.NewInt(-paid)}}
		now = now.Add(lossEvery)
		h.reckon(t.Context())
		if got := h.Drawdown(); got != want || (len(h.caps()) == 0) != (want == wholePPM) {
			t.Errorf("paid %d: %d, want %d", paid, got, want)
		}
	}
	h.Store = flowing{flows: Flows{}}
	now = now.Add(lossEvery)
	h.reckon(t.Context())
	h.Store = flowing{err: errors.New("no answer")}
	now = now.Add(lossStale - time.Second)
	if h.reckon(t.Context()); h.Drawdown() != 0 {
		t.Error("the last word does not stand")
	}
	now = now.Add(time.Second)
	if h.reckon(t.Context()); h.Drawdown() != wholePPM {
		t.Error("what is not known for a minute does not count as lost")
	}
	if _, known := Result(Flows{asset.LTC: big.NewInt(1)}, Marks{}); known {
		t.Error("an asset without a price has a result")
	}
}
