package liquidity

import (
	"context"

	"ferry/swap/bus"
)

// Follow runs the engine's market without its bus.
func (e *Engine) Follow(ctx context.Context) error { return e.market.Run(ctx) }

// Served answers gatewayd's calls.
func (e *Engine) Served() *Server { return e.server }

// Balance takes a record of bus.TopicBalances, as from the bus.
func (e *Engine) Balance(r bus.Record) { e.funds.Take(r) }

// Updates takes a batch of bus.TopicUpdates, as from the bus.
func (e *Engine) Updates(ctx context.Context, b bus.Batch) error { return e.closer.handle(ctx, b) }
