package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity/hedge"
)

var (
	//go:embed hedge_propose_end.sql
	hedgeProposeEndSQL string
	//go:embed hedge_propose.sql
	hedgeProposeSQL string
)

// Propose implements hedge.Store.
func (s *HedgeStore) Propose(ctx context.Context, venue string, proposals []hedge.Proposal, now time.Time) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		kept := make([]string, len(proposals))
		for i, p := range proposals {
			kept[i] = string(p.Amount.Asset) + " " + string(p.Direction)
		}
		if _, err := tx.Exec(ctx, hedgeProposeEndSQL, pgx.NamedArgs{"venue": venue, "kept": kept, "now": now}); err != nil {
			return fmt.Errorf("end proposals at %s: %w", venue, err)
		}
		for _, p := range proposals {
			_, err := tx.Exec(ctx, hedgeProposeSQL, pgx.NamedArgs{"venue": venue, "asset": string(p.Amount.Asset), "direction": string(p.Direction),
				"units": p.Amount.Units, "reason": p.Reason, "now": now})
			if err != nil {
				return fmt.Errorf("store a proposal at %s: %w", venue, err)
			}
		}
		return nil
	})
}
