package ethereum

import (
	"context"
	"errors"

	"ferry/hotwallet/chain"
)

// Final implements chain.Finalizing by the blocks that the node calls "safe" and
// "finalized". It answers null or refuses where it has none: before the first epochs are
// over, without a consensus client, or long after its restart.
func (a *Adapter) Final(ctx context.Context) (f chain.Final, err error) {
	if f.Safe, err = a.tagged(ctx, "safe"); err != nil {
		return chain.Final{}, err
	}
	f.Finalized, err = a.tagged(ctx, "finalized")
	return f, err
}

// tagged is the block of a tag, zero if the node has none.
func (a *Adapter) tagged(ctx context.Context, tag string) (chain.Ref, error) {
	h, err := a.header(ctx, tag)
	if _, refused := answered(err); refused || errors.Is(err, chain.ErrBlockGone) {
		return chain.Ref{}, nil
	}
	if err != nil {
		return chain.Ref{}, err
	}
	return refOf(h), nil
}
