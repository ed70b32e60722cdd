package liquidity

import (
	"context"
	"errors"
	"math/big"
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
	// OversubscribePPM is how much of the balance may be promised while nobody has
	// accepted it, in millionths; below a whole it is a whole. What is accepted never
	// exceeds the balance.
	OversubscribePPM int64
	// UnconfirmedPPM is how much of the balance may be promised for deposits that are not
	// confirmed, ClientPPM how much of it one client's locks may take that are open or not confirmed, both in
	// millionths; 0 for no bound of its own.
	UnconfirmedPPM, ClientPPM int64
	// RiskMost is how much of From may be at risk for all of Length: the budget of a pair
	// is RiskMost × Length. 0 for none.
	RiskMost asset.Units
	Length   time.Duration
}

// budget is what the pair may have at risk, in base units of From × seconds.
func (b Bounds) budget() *big.Int {
	return new(big.Int).Mul(b.RiskMost.Big(), big.NewInt(int64(b.Length/time.Second)))
}

// Oversubscribed reports whether more may be promised than there is.
func (b Bounds) Oversubscribed() bool { return b.OversubscribePPM > ppmWhole }

// Booking is what came of an attempt to book.
type Booking struct {
	Booked bool
	// Stop is the bound in the way of one that is not booked.
	Stop Stop
	// Measure is what one that is not booked was measured against.
	Measure
}

// Errors of Store.Accept.
var (
	// ErrLockUnknown means no lock has this quote's id and text.
	ErrLockUnknown = errors.New("no such lock")
	// ErrLockUsed means another swap was made from the quote.
	ErrLockUsed = errors.New("the quote was used by another swap")
	// ErrLockLapsed means the quote was not accepted in time.
	ErrLockLapsed = errors.New("the lock has lapsed")
	// ErrLockUnfunded means that of an oversubscribed balance nothing is left for it.
	ErrLockUnfunded = errors.New("the balance is promised to others")
	// ErrSwapHasQuote means the swap accepted another quote before.
	ErrSwapHasQuote = errors.New("the swap has another quote")
)

// Store keeps promises: locks and requotes. A promise counts as reserved (payout and
// network fee) while its lock is open, and once accepted until it is closed; a requote
// until it is closed. Its methods may run in any number of processes at once.
type Store interface {
	// Book stores the lock if it fits into its bounds (Admit); no number of parallel calls
	// exceeds any of them. It returns after commit.
	Book(ctx context.Context, l Lock, b Bounds) (Booking, error)
	// Accept ties the lock to the swap, once and before Quote.AcceptBy; the same
	// swap may ask again at any time. Otherwise one of the ErrLock errors. Where the
	// bounds oversubscribe, what is accepted must fit into the balance.
	Accept(ctx context.Context, q swap.Quote, signed, swapID string, b Bounds) error
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
	// Exposure sums what is promised for deposits that are not confirmed.
	Exposure(ctx context.Context) (Exposure, error)
	// Close ends what the updates say is over (EndsLock, Requoted.EndedBy), notes how sure
	// the others have become (StageOf), and advances the consumer's offset, in one
	// transaction. Closed and unknown promises are passed
	// over; it returns how many were closed. bus.ErrOffsetMoved if the batch is not this
	// consumer's next.
	Close(ctx context.Context, consumer string, b bus.Batch, updates []swap.Update) (int64, error)
	// Offset is the consumer's next offset.
	Offset(ctx context.Context, consumer, topic string, partition int32) (int64, error)
	// Lapse closes up to limit locks that nobody accepted in time, so that they
	// are not looked at again; it returns how many.
	Lapse(ctx context.Context, limit int) (int64, error)
}

// Exposure is what is promised for deposits that are not confirmed.
type Exposure struct {
	// Unconfirmed is what such promises take of each payout asset.
	Unconfirmed map[asset.ID]asset.Units
	// Risk is what each pair has at risk, as Measure.Risk counts it.
	Risk map[asset.Pair]*big.Int
}

// Answered is what became of an answer.
type Answered struct {
	RequestID string
	// Repeated: the request had its answer, and this one was dropped.
	Repeated bool
	// Refused is the refusal that was told, "" for a requote.
	Refused string
}
