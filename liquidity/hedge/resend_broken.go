//go:build broken_blind_resend

package hedge

import (
	"context"
	"time"
)

// again is the mistake that deploy/sweep must find: an order whose outcome is not known is
// sent once more, with time to arrive.
func (h *Hedger) again(ctx context.Context, o Intent) {
	venue := h.venue(o.Venue)
	if venue == nil {
		return
	}
	o.Deadline = h.Now().Add(h.config.OrderFor).Truncate(time.Millisecond)
	_, err := venue.Place(ctx, o.Order)
	h.Log.WarnContext(ctx, "an order was sent again", "venue", o.Venue, "order", o.ClientID, "error", err)
}
