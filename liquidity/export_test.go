package liquidity

import (
	"context"

	"ferry/swap/bus"
)

// Follow runs the engine's market without its bus.
func (e *Engine) Follow(ctx context.Context) error { return e.market.Run(ctx) }

// Desk is the one of now. It waits for its store as long as it is asked to.
func (e *Engine) Desk() *Desk { return e.desks.now() }

// Balance takes a record of bus.TopicBalances, as from the bus.
func (e *Engine) Balance(r bus.Record) { e.funds.Take(r) }

// Updates takes a batch of bus.TopicUpdates, as from the bus.
func (e *Engine) Updates(ctx context.Context, b bus.Batch) error { return e.closer.handle(ctx, b) }
