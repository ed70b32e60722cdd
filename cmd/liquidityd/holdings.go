package main

import (
	"math/big"
	"sync/atomic"

	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// holdings tell the engine what hedging has left at venues. The engine is made first, since
// hedging asks it for prices; until there is a hedger, and without one, nothing is there.
type holdings struct{ hedger atomic.Pointer[hedge.Hedger] }

// beyond is a liquidity.Hedges.
func (h *holdings) beyond(id asset.ID) *big.Int {
	if hedger := h.hedger.Load(); hedger != nil {
		return hedger.Beyond(id)
	}
	return new(big.Int)
}

// drawdown is a liquidity.Drawdown.
func (h *holdings) drawdown() (usedPPM int64, known bool) {
	if hedger := h.hedger.Load(); hedger != nil {
		return hedger.Drawdown()
	}
	return 0, true
}
