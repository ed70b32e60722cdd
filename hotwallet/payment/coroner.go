package payment

import (
	"context"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// DeathRequest says where the spend of an anchor is to be found.
type DeathRequest struct {
	Chain asset.Chain
	// Anchor is what every attempt of a payment spends: "<chain>:<txid>:<index>" or
	// "<chain>:<sender>:<nonce>".
	Anchor string
	// Spent is what Spender has spent: the anchor itself, or a coin without which the
	// anchor can't come to be. Lineage proves the latter: the transactions in wire form
	// from the one that makes the anchor to the one that would spend Spent; at most 8.
	Spent   string
	Lineage [][]byte
	Spender string
	Block   chain.Ref
	// FencingToken is the caller's lease on the chain.
	FencingToken uint64
}

// Ending is what the rows know of the end of a batch.
type Ending struct {
	// DeathRequest is what attestd has to find. Its Anchor is "" while nothing but the batch
	// has spent it; its Spender is "" where a block took the anchor away with the
	// transaction that made it: whoever has spent what that one was made from ends the batch.
	DeathRequest
	// From is the height that the anchor was at, where the spender is to be found.
	From int64
}

// Coroner vouches for the death of payments from nodes of its own: what it signs is a
// swap.DeathAttestation. A *swap.Error says why it does not; any other error leaves that
// open. Either may be different the next time.
type Coroner interface {
	AttestDeath(ctx context.Context, r DeathRequest) (signed string, err error)
}
