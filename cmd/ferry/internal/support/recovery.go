package support

import (
	"context"
	"fmt"
	"time"

	"ferry/hotwallet/recovery"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
)

// Recovery is a chain's newest one, and how far it is.
type Recovery struct {
	Chain asset.Chain
	// Began and Until are the blocks it reads after and up to; nil before hotwalletd
	// has begun. Height is the last block processed, nil before the first.
	Began, Until, Height *int64
	StartedAt            time.Time
	FinishedAt           *time.Time
}

// Recovery reads a chain's; false if there never was one.
func (r *Reader) Recovery(ctx context.Context, chain asset.Chain) (Recovery, bool, error) {
	found, err := rows[Recovery](ctx, r, "RECOVERY", chain)
	if err != nil || len(found) == 0 {
		return Recovery{}, false, err
	}
	return found[0], true, nil
}

// Sentence says how far it is; blocks were read since the look before, so long ago.
func (r Recovery) Sentence(blocks int64, ago time.Duration) string {
	switch {
	case r.FinishedAt != nil:
		return fmt.Sprintf("%s: recovered up to block %d at %s UTC; payments stand still until ferry resume %s", r.Chain, *r.Until, console.Clock(*r.FinishedAt), r.Chain)
	case r.Began == nil || r.Until == nil || r.Height == nil:
		return fmt.Sprintf("%s: the recovery is ordered and hotwalletd has not begun it: start it, or see its log", r.Chain)
	}
	p := recovery.Progress{Began: *r.Began, Height: *r.Height, Until: *r.Until}.After(blocks, ago)
	text := fmt.Sprintf("%s: block %d of %d, %d%%", r.Chain, p.Height, p.Until, p.Percent)
	if p.Rate > 0 {
		text += fmt.Sprintf(", %d blocks/s, %s left", p.Rate, console.Span(p.Left))
	}
	return text
}
