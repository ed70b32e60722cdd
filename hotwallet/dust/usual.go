package dust

import (
	"context"
	"errors"

	"ferry/hotwallet/chain"
)

// Usual reports whether spending a deposit costs no more now than it did over the last
// looks. A node that has no estimate says no: what can wait does.
func (t *Threshold) Usual(ctx context.Context) (bool, error) {
	cost, err := t.config.Fees.SpendCost(ctx)
	if errors.Is(err, chain.ErrNoEstimate) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known && !t.level.Cost.Less(cost), nil
}
