package issue

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// ErrLost means that attestd knows of addresses and the database of none: it is not
// the one they were issued from. Beginning anew would miss all that was sent to them.
var ErrLost = errors.New("the database has no address of the chain, and attestd has attested some: recover it (ferry recover)")

// Attested is the highest index attestd has attested on the chain, plus one; 0 if none.
func (i *Issuer) Attested(ctx context.Context) (next uint32, err error) {
	res, err := i.config.Attest.HighWater(ctx, connect.NewRequest(&ferryv1.HighWaterRequest{Chain: string(i.config.Chain)}))
	if err != nil {
		return 0, fmt.Errorf("ask attestd up to where it has attested: %w", err)
	}
	return res.Msg.GetNextIndex(), nil
}

// BurnUpTo has every deposit address below an index watched and never given: those
// that wait are burnt, those that are not stored are derived. What arrives there is
// suspense, unless the address was issued and is stored so.
func (i *Issuer) BurnUpTo(ctx context.Context, next uint32) error {
	burnt, err := i.config.Store.BurnBelow(ctx, next)
	if err != nil {
		return err
	}
	if burnt > 0 {
		i.config.Log.Warn("addresses attested before were burnt", "chain", i.config.Chain, "count", burnt, "below", next)
	}
	for {
		pool, err := i.config.Store.DepositPool(ctx)
		if err != nil || pool.Next >= next {
			return err
		}
		if err := i.derive(ctx, pool.Next, min(next-pool.Next, deriveMost), true); err != nil {
			return err
		}
	}
}
