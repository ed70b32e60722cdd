package remote

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"ferry/hotwallet/payment"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

var _ payment.Coroner = Attestor{}

// AttestDeath asks attestd. Refusals arrive as *swap.Error.
func (a Attestor) AttestDeath(ctx context.Context, r payment.DeathRequest) (string, error) {
	res, err := a.client.AttestDeath(ctx, connect.NewRequest(&ferryv1.AttestDeathRequest{
		Chain: string(r.Chain), Anchor: r.Anchor, Spent: r.Spent, Lineage: r.Lineage, Spender: r.Spender,
		Height: r.Block.Height, BlockHash: r.Block.Hash, FencingToken: r.FencingToken}))
	if err != nil {
		return "", fmt.Errorf("attest the death of %s: %w", r.Anchor, err)
	}
	return res.Msg.GetSignedAttestation(), nil
}
