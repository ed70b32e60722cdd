//go:build broken_broadcast_first

package payment

import "context"

// tooEarly is the mistake that deploy/sweep must find: signed bytes reach a node
// before they are stored.
func (e *Engine) tooEarly(ctx context.Context, raw []byte) {
	acceptance, err := e.config.Payer.Broadcast(ctx, raw)
	e.config.Log.Warn("broadcast before it was stored", "acceptance", acceptance, "error", err)
}
