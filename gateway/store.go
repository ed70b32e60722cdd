package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/bus"
)

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// Claim is what an idempotency key stands for.
type Claim struct {
	SwapID string
	// Request is the hash of the request the key was first used with.
	Request Hash
	// Response is the stored answer without the secret, nil while unfinished.
	Response []byte
}

// Creation is all that is stored of a new swap, at once.
type Creation struct {
	Key, Request Hash
	Terms        swap.Terms
	// Response is a JSON object without a member "secret".
	Response []byte
	// First is the update with version 0.
	First swap.Update
	Fact  bus.Message
	At    time.Time
}

// Record is a swap as it is stored. Terms are as signed, not yet verified.
type Record struct {
	SignedQuote, SignedReceipt string
	CreatedAt                  time.Time
	Newest                     swap.Update
	// History is oldest first, without deposits and payments.
	History []swap.Update
}

// Amendment is the user's word about a swap, as it was signed for them.
type Amendment struct {
	SwapID string
	// Kind is swap.FactAnswered or swap.FactRefundAddressSet.
	Kind swap.FactKind
	// Request is the same for the same request; the secret is no part of it.
	Request Hash
	// Version is the swap's in which the user was asked; 0 where nobody was.
	Version int64
	// Document is what was signed.
	Document string
	Fact     bus.Message
	At       time.Time
}

// MaxAmendments is how many amendments of one swap are stored.
const MaxAmendments = 1000

// Errors of a Store.
var (
	// ErrNoSwap means that no swap has the id.
	ErrNoSwap = errors.New("no such swap")
	// ErrClaimMoved means that another request has finished under the key, or
	// claimed it anew, since this one claimed it. Nothing was stored.
	ErrClaimMoved = errors.New("the idempotency key has moved on")
	// ErrTooMany means that a swap has MaxAmendments.
	ErrTooMany = errors.New("the swap has too many amendments")
)

// Store is what the gateway remembers; gateway/postgres is the one there is. An
// error that wraps ErrNoAnswer is worth trying again.
type Store interface {
	// Claimed returns what a key stands for, and whether it does.
	Claimed(ctx context.Context, key Hash) (Claim, bool, error)
	// Claim ties a key to a request and a new swap id, or returns the claim there is.
	Claim(ctx context.Context, key Hash, fresh Claim, at time.Time) (Claim, error)
	// Release forgets an unfinished claim of the swap, if it is still there.
	Release(ctx context.Context, key Hash, swapID string) error
	// Finish stores a swap, tells swap.created and answers the claim, all or
	// nothing. It makes the claim again if it was released meanwhile.
	Finish(ctx context.Context, c Creation) error
	// Amended returns the newest document of a request at a version not below since,
	// and whether there is one.
	Amended(ctx context.Context, swapID string, request Hash, since int64) (document string, found bool, err error)
	// Amend stores an amendment and tells its fact, all or nothing. Where the same
	// request was stored at that version, nothing happens. ErrTooMany.
	Amend(ctx context.Context, a Amendment) error
	// Swap reads a swap with its newest updates.
	Swap(ctx context.Context, id string, updates int) (Record, error)
	// Known reports whether there is such a swap.
	Known(ctx context.Context, id string) (bool, error)
	// UpdatesAfter returns the updates above each position, in order of swap and
	// version, at most `most` of each swap, without deposits and payments.
	UpdatesAfter(ctx context.Context, from []stream.Position, most int) ([]swap.Update, error)
	// Recent returns the newest swaps, the newest first, without receipts and history.
	Recent(ctx context.Context, most int) ([]Record, error)
	// Project stores a batch's updates and advances the consumer's offset, all or
	// nothing. An update that is not newer than what is there changes nothing.
	Project(ctx context.Context, consumer string, b bus.Batch, updates []swap.Update) error
	// Offset is where the consumer stands.
	Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error)
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
}
