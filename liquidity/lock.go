package liquidity

import (
	"context"
	"errors"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Lock is a promised price as it is stored, before its quote is shown to anybody.
type Lock struct {
	Quote  swap.Quote
	Signed string
	Client string
}

// Bounds are what a lock must fit into when it is booked.
type Bounds struct {
	// Available is the hot wallet's balance of the payout asset and BalanceAt its
	// time: a promise that ended after it still counts, because the balance does
	// not show its payment yet.
	Available asset.Units
	BalanceAt time.Time
	// MaxLocks caps the client's open locks, this one included.
	MaxLocks int
}

// Booking is what came of an attempt to book.
type Booking struct {
	Booked bool
	// Reserved is what other promises took of the balance, OpenLocks how many open
	// locks the client had, both just before.
	Reserved  asset.Units
	OpenLocks int
}

// Errors of Store.Accept.
var (
	// ErrLockUnknown means no lock has this quote's id and text.
	ErrLockUnknown = errors.New("no such lock")
	// ErrLockUsed means another swap was made from the quote.
	ErrLockUsed = errors.New("the quote was used by another swap")
	// ErrLockLapsed means the quote was not accepted in time.
	ErrLockLapsed = errors.New("the lock has lapsed")
	// ErrSwapHasQuote means the swap accepted another quote before.
	ErrSwapHasQuote = errors.New("the swap has another quote")
)

// Store keeps promises: locks and requotes. A promise counts as reserved (payout and
// network fee) while its lock is open, and once accepted until it is closed; a requote
// until it is closed. Its methods may run in any number of processes at once.
type Store interface {
	// Book stores the lock if the client has fewer than MaxLocks open and the
	// reservation fits; no number of parallel calls exceeds either bound. It
	// returns after commit.
	Book(ctx context.Context, l Lock, b Bounds) (Booking, error)
	// Accept ties the lock to the swap, once and before Quote.AcceptBy; the same
	// swap may ask again at any time. Otherwise one of the ErrLock errors.
	Accept(ctx context.Context, q swap.Quote, signed, swapID string) error
	// Reserved sums what is promised of an asset, seen from a balance of that time.
	Reserved(ctx context.Context, id asset.ID, balanceAt time.Time) (asset.Units, error)
	// Answer stores the answers, in their order, with the facts that tell of them, and
	// advances the consumer's offset, in one transaction. A request that was answered
	// before is Repeated and changes nothing. A requote that does not fit beside the
	// other promises is turned into its Unfunded refusal; what it is measured against,
	// and replaces, are the promises to pay the same order: the swap's lock, for its
	// main leg, and earlier requotes. No number of parallel calls of Book and Answer
	// exceeds the balance. bus.ErrOffsetMoved if the batch is not this consumer's next.
	Answer(ctx context.Context, consumer string, b bus.Batch, answers []Answer) ([]Answered, error)
	// Close ends what the updates say is over (EndsLock, Requoted.EndedBy) and advances
	// the consumer's offset, in one transaction. Closed and unknown promises are passed
	// over; it returns how many were closed. bus.ErrOffsetMoved if the batch is not this
	// consumer's next.
	Close(ctx context.Context, consumer string, b bus.Batch, updates []swap.Update) (int64, error)
	// Offset is the consumer's next offset.
	Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error)
	// Lapse closes up to limit locks that nobody accepted in time, so that they
	// are not looked at again; it returns how many.
	Lapse(ctx context.Context, limit int) (int64, error)
}

// Answered is what became of an answer.
type Answered struct {
	RequestID string
	// Repeated: the request had its answer, and this one was dropped.
	Repeated bool
	// Refused is the refusal that was told, "" for a requote.
	Refused string
}
