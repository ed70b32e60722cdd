package issue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// Errors of the store.
var (
	// ErrPoolEmpty means no address is waiting to be given.
	ErrPoolEmpty = errors.New("no deposit address is ready")
	// ErrOtherTerms means the swap has an address already, for other terms.
	ErrOtherTerms = errors.New("the swap has an address for other terms")
	// ErrChanged means the row is not what the caller read; nothing was written.
	ErrChanged = errors.New("the address has changed meanwhile")
)

// Address is one of ours as it is stored.
type Address struct {
	Index   uint32
	Path    string
	Address string
}

// Issued is an address given to a swap. SignedReceipt is "" until attestd has
// signed it.
type Issued struct {
	Address
	SignedReceipt string
}

// Pool is what there is to give.
type Pool struct {
	// Next is the index after the highest derived, Ready how many wait.
	Next  uint32
	Ready int
}

// Store keeps deposit addresses. Each write is one transaction.
type Store interface {
	// DepositPool counts the chain's deposit addresses.
	DepositPool(ctx context.Context) (Pool, error)
	// AddDeposits stores derived addresses as ready, or as burnt: never to be given.
	AddDeposits(ctx context.Context, addresses []Address, burnt bool) error
	// BurnBelow burns every ready address with a lower index.
	BurnBelow(ctx context.Context, index uint32) (int64, error)
	// IssueDeposit ties the lowest ready address to the swap, or returns the one it
	// has. ErrOtherTerms, ErrPoolEmpty.
	IssueDeposit(ctx context.Context, swapID, termsHash string) (Issued, error)
	// BurnIssued burns an address that no receipt was stored for and frees the
	// swap for another. ErrChanged if there is a receipt or it is another's.
	BurnIssued(ctx context.Context, swapID string, index uint32) error
	// StoreReceipt keeps the receipt of an issued address. ErrChanged if it has
	// another one or belongs to another swap.
	StoreReceipt(ctx context.Context, swapID string, index uint32, signedReceipt string) error
	// Receipt is the receipt stored for a swap on this chain, "" if there is none.
	Receipt(ctx context.Context, swapID string) (string, error)
	// OwnAddress reports whether an address of any chain is ours.
	OwnAddress(ctx context.Context, address string) (bool, error)
}

// Destinations is the part of a chain adapter that is asked about addresses.
type Destinations interface {
	// CheckDestination returns an error that wraps asset.ErrAddressForbidden where
	// coins would be stuck.
	CheckDestination(ctx context.Context, address string) error
}

// Config is what an Issuer needs.
type Config struct {
	Chain    asset.Chain
	Networks asset.Networks
	Accounts keys.Accounts
	Store    Store
	Attest   ferryv1connect.AttestClient
	// FencingToken is the lease's; attestd refuses older ones than it has seen.
	FencingToken uint64
	// Destinations is the chain's adapter.
	Destinations Destinations
	// QuoteKeys and AttestKeys are the keys trusted to sign quotes and receipts.
	QuoteKeys, AttestKeys swap.PublicKeys
	// Watch adds addresses to the watch set. It returns when blocks are matched
	// against them; they may never be issued.
	Watch func(addresses []string)
	// Pool is how many addresses are kept ready; 100 if zero, at most 10,000.
	Pool int
	// Observe, if not nil, is called with how each call ended: "" or the code of its
	// refusal. It must not block.
	Observe func(call string, code swap.Code)
	Log     *slog.Logger
}

// Limits of an Issuer.
const (
	poolDefault = 100
	poolMost    = 10_000
	// deriveMost is how many addresses are derived and stored at once.
	deriveMost = 200
	// issueTries is how often one call looks for an address: each try burns one
	// that attestd has used before, or fills an empty pool.
	issueTries = 5
	refillEach = 10 * time.Second
)

// Issuer gives out one chain's deposit addresses.
type Issuer struct {
	config Config
	// refill wakes Run: an address was given.
	refill chan struct{}
}

var _ ferryv1connect.WalletHandler = (*Issuer)(nil)

// New checks the configuration. Start comes before the first call.
func New(c Config) (*Issuer, error) {
	switch {
	case c.Store == nil || c.Attest == nil || c.Destinations == nil || c.Watch == nil || c.Log == nil:
		return nil, errors.New("issue: a store, attestd, an adapter, a watch set or a log is missing")
	case c.FencingToken == 0:
		return nil, errors.New("issue: the fencing token is zero")
	case len(c.QuoteKeys) == 0 || len(c.AttestKeys) == 0:
		return nil, errors.New("issue: no key is trusted to sign quotes or receipts")
	case c.Pool < 0 || c.Pool > poolMost:
		return nil, fmt.Errorf("issue: a pool of %d addresses; it can be 1 to %d", c.Pool, poolMost)
	}
	if _, ok := c.Chain.Native(); !ok {
		return nil, fmt.Errorf("issue: chain %.20q is not known", c.Chain)
	}
	if err := c.Networks.Validate(); err != nil {
		return nil, fmt.Errorf("issue: %w", err)
	}
	if c.Pool == 0 {
		c.Pool = poolDefault
	}
	return &Issuer{config: c, refill: make(chan struct{}, 1)}, nil
}
