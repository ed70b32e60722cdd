package stream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// Limits bound what clients can make a hub do.
type Limits struct {
	// Connections is how many may be open at a time, PerClient how many of them may
	// be one client's.
	Connections, PerClient int
	// Swaps is how many swaps one connection may watch.
	Swaps int
	// MessageBytes is the largest message of a client.
	MessageBytes int
	// MessagesPerSecond is each connection's rate in the long run, MessageBurst how
	// many it may send at once.
	MessagesPerSecond, MessageBurst int
	// Reads is how many reads of the store run at a time.
	Reads int
	// Tick is how often connections are told of changes.
	Tick time.Duration
	// Recheck is how often a watched swap is looked at without a hint.
	Recheck time.Duration
	// SlowAfter is how long a client may take to take one message; one that needs
	// longer is closed with a reason. After WriteTimeout without progress
	// it is cut.
	SlowAfter, WriteTimeout time.Duration
	// PingEvery is how often a client must show that it is there, PongWithin how
	// long it may take to.
	PingEvery, PongWithin time.Duration
	// EventsAge is how long one stream of server-sent events lives; its client
	// connects again and continues.
	EventsAge time.Duration
}

// DefaultLimits suit one process on a small machine.
func DefaultLimits() Limits {
	return Limits{Connections: 1000, PerClient: 32, Swaps: 20, MessageBytes: 4 << 10,
		MessagesPerSecond: 20, MessageBurst: 40, Reads: 4, Tick: 75 * time.Millisecond, Recheck: 15 * time.Second,
		SlowAfter: 5 * time.Second, WriteTimeout: 10 * time.Second,
		PingEvery: 20 * time.Second, PongWithin: 10 * time.Second, EventsAge: time.Hour}
}

// Validate reports a limit that is missing or contradicts another.
func (l Limits) Validate() error {
	for _, n := range []int{l.Connections, l.PerClient, l.Swaps, l.MessageBytes, l.MessagesPerSecond, l.MessageBurst, l.Reads} {
		if n < 1 {
			return errors.New("stream: every limit must be positive; start from DefaultLimits")
		}
	}
	for _, d := range []time.Duration{l.Tick, l.Recheck, l.SlowAfter, l.WriteTimeout, l.PingEvery, l.PongWithin, l.EventsAge} {
		if d <= 0 {
			return errors.New("stream: every time must be positive; start from DefaultLimits")
		}
	}
	if l.Recheck < l.Tick {
		return errors.New("stream: a swap can't be looked at more often than there are ticks")
	}
	return nil
}

// Position is how far a client has been told of a swap: After is the version told
// last, -1 for none.
type Position struct {
	SwapID string
	After  int64
}

// Ask is an amount to be quoted. One of Deposit and Payout has units.
type Ask struct {
	Pair            asset.Pair
	Deposit, Payout asset.Amount
}

// Recent is what strangers may see of a swap. Ref tells swaps apart and leads
// nowhere: a swap's identifier would let its holder look at addresses.
type Recent struct {
	Ref                         string
	Pair                        asset.Pair
	DepositAmount, PayoutAmount string
	State                       swap.State
	Version                     int64
	CreatedAt, UpdatedAt        time.Time
}

// Source is where a hub has its truth from. Its errors may be refusals
// (*swap.Error).
type Source interface {
	// Pairs are all pairs there are, in a fixed order.
	Pairs() []asset.Pair
	// Rate is a pair's newest rate, as it was heard and as it is shown; where the
	// shown one has no price, the heard one must not be used.
	Rate(p asset.Pair) (swap.Rate, api.Rate)
	// ReadAsk checks a request for a quote.
	ReadAsk(q api.QuoteRequest) (Ask, error)
	// Known reports whether there is such a swap.
	Known(ctx context.Context, swapID string) (bool, error)
	// UpdatesAfter returns the stored updates above each position, in order of swap
	// and version, at most `most` of each swap.
	UpdatesAfter(ctx context.Context, from []Position, most int) ([]swap.Update, error)
	// Recent returns the newest swaps, the newest first.
	Recent(ctx context.Context) ([]Recent, error)
	// Problem is what a client may know of an error; it logs the rest.
	Problem(ctx context.Context, err error) api.Problem
}

// Config is what a hub is told.
type Config struct {
	Source Source
	Limits Limits
	// Recent lets everybody watch the newest swaps. It shows amounts and times, by
	// which a swap can be found on its chains: for demonstrations.
	Recent bool
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
	// Observer hears of connections and messages.
	Observer Observer
	// Ticks replaces the ticker of Limits.Tick, for tests; nil means that one.
	Ticks <-chan time.Time
}

// Validate reports what is missing.
func (c Config) Validate() error {
	if c.Source == nil || c.Now == nil || c.Log == nil {
		return errors.New("stream: a source, a clock and a logger must be given")
	}
	return c.Limits.Validate()
}
