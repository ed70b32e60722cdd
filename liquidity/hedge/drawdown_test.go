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

// reckoner is a hedger that knows nothing yet, and its clock.
func reckoner(fair func(liquidity.Instrument) (uint64, uint64, bool)) (*Hedger, *time.Time) {
	now := time.Unix(1_800_000_000, 0)
	return &Hedger{config: policies(), Parts: Parts{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Fair: fair}}, &now
}

// told checks what a hedger tells of its losses; below 0 is not known. Early hedges need
// that it is known, and below the limit.
func told(t *testing.T, h *Hedger, what string, want int64) {
	t.Helper()
	got, known := h.Drawdown()
	if !known {
		got = -1
	}
	if early := want >= 0 && want < wholePPM; got != want || (len(h.caps(h.current())) > 0) != early {
		t.Errorf("%s: %d with %d caps, want %d", what, got, len(h.caps(h.current())), want)
	}
}

// Test: the part of the limit that a day's result is; the last word stands for long.
func TestDrawdown(t *testing.T) {
	t.Parallel()
	h, now := reckoner(func(liquidity.Instrument) (uint64, uint64, bool) { return 3_500_000, 3_500_000, true })
	told(t, h, "without a limit", 0)
	h.config.LossMost = asset.NewUnits(10_000)
	told(t, h, "before anything is known", -1)
	// 1 ETH is 3.5e6 sat: what was given for it is what was lost or gained.
	for paid, want := range map[int64]int64{3_500_000: 0, 3_400_000: 0, 3_501_000: 100_000, 3_510_000: wholePPM, 9_000_000: wholePPM} {
		h.Store = flowing{flows: Flows{asset.ETH: big.NewInt(1e18), asset.BTC: big.NewInt(-paid)}}
		*now = now.Add(lossEvery)
		h.reckon(t.Context())
		told(t, h, "paid "+big.NewInt(paid).String(), want)
	}
	h.Store = flowing{flows: Flows{}}
	*now = now.Add(lossEvery)
	h.reckon(t.Context())
	h.Store = flowing{err: errors.New("no answer")}
	*now = now.Add(lossStale - time.Second)
	h.reckon(t.Context())
	told(t, h, "before it is stale", 0)
	*now = now.Add(time.Second)
	h.reckon(t.Context())
	told(t, h, "stale", -1)
	if _, known := Result(Flows{asset.LTC: big.NewInt(1)}, Marks{}); known {
		t.Error("an asset without a price has a result")
	}
}

// Test: one asset that loses its price is reckoned at its last one, for a day, while the
// others' losses are seen as they come; one that never had a price leaves nothing known.
func TestOneAssetWithoutAPriceStopsNothing(t *testing.T) {
	t.Parallel()
	priced := false
	h, now := reckoner(func(liquidity.Instrument) (uint64, uint64, bool) { return 3_500_000, 3_500_000, priced })
	h.config.LossMost = asset.NewUnits(10_000)
	look := func(paid int64) {
		h.Store = flowing{flows: Flows{asset.ETH: big.NewInt(1e18), asset.BTC: big.NewInt(-paid)}}
		h.reckon(t.Context())
	}
	look(3_501_000)
	told(t, h, "it never had a price", -1)
	priced = true
	look(3_501_000)
	told(t, h, "it has a price", 100_000)
	priced = false
	for range 4 {
		*now = now.Add(lossStale)
		look(3_501_000)
		told(t, h, "its price is gone", 100_000)
	}
	*now = now.Add(lossEvery)
	look(3_505_000)
	told(t, h, "more is lost meanwhile", 500_000)
	*now = now.Add(markStale)
	look(3_505_000)
	told(t, h, "its price is gone for a day", -1)
}
