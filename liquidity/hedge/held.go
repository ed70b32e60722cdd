package hedge

import (
	"math/big"
	"sync"

	"ferry/swap/asset"
)

// holdings are what each venue said last that our account there holds.
type holdings struct {
	mu     sync.Mutex
	venues map[string]map[asset.ID]asset.Units
}

// take keeps a venue's newest word.
func (h *holdings) take(venue string, balances map[asset.ID]asset.Units) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.venues[venue] = balances
}

// beyond is what all venues that have been heard hold of an asset more than a band's middle
// each.
func (h *holdings) beyond(id asset.ID, b VenueBand) *big.Int {
	h.mu.Lock()
	defer h.mu.Unlock()
	sum := new(big.Int)
	for _, balances := range h.venues {
		sum.Add(sum, balances[id].Big())
		sum.Sub(sum, b.middle())
	}
	return sum
}

// Beyond is what our accounts at venues hold of an asset more than they should (the middles
// of their bands), in base units; less is negative. It is what hedges and their fees have
// left there, as the venues told last: a venue that was not heard yet counts for nothing, and
// so does an asset without a band. It does not block, and fits liquidity.Hedges.
//
// The position would not do: it has the swaps' own flows too, which the hot wallet shows. Nor
// would the sum of fills: what treasury moves between venue and hot wallet would count twice.
func (h *Hedger) Beyond(id asset.ID) *big.Int {
	band, ok := h.config.VenueBands[id]
	if !ok {
		return new(big.Int)
	}
	return h.held.beyond(id, band)
}
