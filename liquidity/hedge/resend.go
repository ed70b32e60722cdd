//go:build !broken_blind_resend

package hedge

import "context"

// again is empty in every build but one that the crash sweep must see fail.
func (h *Hedger) again(context.Context, Intent) {}
