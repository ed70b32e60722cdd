package treasury

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/crash"
)

// Balances are what the books say of one asset, in base units. Debit and credit
// balances are both shown as positive; a negative one is a fault.
type Balances struct {
	Asset asset.ID
	// OnChain is what the chain holds at our addresses as of Height: what is in
	// the wallet and what signed payments will take out of it.
	OnChain *big.Int
	// Available may be promised to new payments: spendable now, less what queued
	// payments will take.
	Available asset.Units
	// Reserved is tied to payments that are planned or signed: whole coins on UTXO
	// chains, amount and fee on account chains.
	Reserved asset.Units
	// InFlight is held for signed payments that no block has.
	InFlight *big.Int
	// DepositConfirming and PaymentConfirming are in blocks not yet deep enough.
	DepositConfirming *big.Int
	PaymentConfirming *big.Int
	Suspense          *big.Int
	HouseCapital      *big.Int
	NetworkFees       *big.Int
	// OnSender lies on the address that pays, Unswept on deposit addresses, from which
	// it has to be swept first (account chains). Together they are OnChain.
	OnSender asset.Units
	Unswept  asset.Units
	// Height is the last block in the books, -1 before the first.
	Height int64
	// Halted says why payments stand still, "" if they run.
	Halted string
	// DustThreshold is below what a deposit touches nothing. Tell fills it in.
	DustThreshold asset.Units
}

// HotKey is a derived address of the house's account.
type HotKey struct {
	Branch  uint32
	Index   uint32
	Path    string
	Address string
}

// Store keeps what treasury reads and writes. Each write is one transaction.
type Store interface {
	// AddHot stores the house's addresses and, on an account chain, the first as
	// the sender. Those stored already must be the same.
	AddHot(ctx context.Context, hot []HotKey) error
	// Balances sums the books of each asset of the chain, its own first, in one snapshot.
	Balances(ctx context.Context) ([]Balances, error)
	// Halt stops the chain's payments; false if they stood still already.
	Halt(ctx context.Context, actor, reason string) (bool, error)
	// Resume lets them run; false if they did.
	Resume(ctx context.Context, actor, reason string) (bool, error)
}

// Publisher sends newest values; *bus.Publisher is one.
type Publisher interface {
	Publish(ctx context.Context, topic, key, kind string, value any) error
}

// Config is what a Treasury needs.
type Config struct {
	Chain    asset.Chain
	Accounts keys.Accounts
	Store    Store
	// Publisher may be nil: then nothing is told.
	Publisher Publisher
	// Dust is each asset's published economic threshold as it moves.
	Dust func(asset.ID) asset.Units
	// Watch adds addresses to the watch set before they are stored.
	Watch func(addresses []string)
	// Wake, if not nil, is signalled after a block or a payment.
	Wake <-chan struct{}
	// Each is how often the balance is told without a wake; 5 s if zero.
	Each time.Duration
	// Observe, if not nil, is called with each balance that is about to be told; it
	// must not block.
	Observe func(Balances)
	Now     func() time.Time
	Log     *slog.Logger
}

// changeAddresses are derived for change, which is spread over them so that fewer
// payments are linked by where it goes (UTXO chains).
const changeAddresses = 100

// Treasury looks after the money of one chain's hot wallet.
type Treasury struct {
	config  Config
	native  asset.Asset
	funding HotKey
}

// New checks the configuration and derives the funding address.
func New(c Config) (*Treasury, error) {
	if c.Store == nil || c.Watch == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("treasury: a store, watch set, clock or log is missing")
	}
	native, ok := c.Chain.Native()
	if !ok {
		return nil, fmt.Errorf("treasury: chain %.20q is not known", c.Chain)
	}
	if c.Each == 0 {
		c.Each = 5 * time.Second
	}
	if c.Dust == nil {
		c.Dust = func(asset.ID) asset.Units { return asset.Units{} }
	}
	t := &Treasury{config: c, native: native}
	var err error
	t.funding, err = t.derive(keys.External, 0)
	return t, err
}

func (t *Treasury) derive(branch, index uint32) (HotKey, error) {
	key, err := t.config.Accounts.Derive(t.config.Chain, keys.Hot, branch, index)
	if err != nil {
		return HotKey{}, fmt.Errorf("derive the house's address %d/%d: %w", branch, index, err)
	}
	return HotKey{Branch: branch, Index: index, Path: key.Path, Address: key.Address}, nil
}

// Start has the house's addresses watched and stored. It comes before the first
// payment and may be repeated.
func (t *Treasury) Start(ctx context.Context) error {
	hot := []HotKey{t.funding}
	if t.config.Chain.Family() == asset.UTXO {
		for index := range uint32(changeAddresses) {
			key, err := t.derive(keys.Change, index)
			if err != nil {
				return err
			}
			hot = append(hot, key)
		}
	}
	watched := make([]string, len(hot))
	for i, k := range hot {
		watched[i] = k.Address
	}
	t.config.Watch(watched)
	crash.Point("treasury.hot.before")
	err := t.config.Store.AddHot(ctx, hot)
	crash.Point("treasury.hot.after")
	return err
}

// FundingAddress is where treasury sends coins for the hot wallet to use. On an
// account chain it is the sender itself.
func (t *Treasury) FundingAddress() string { return t.funding.Address }

// Balances sums the books of each asset, the chain's own first.
func (t *Treasury) Balances(ctx context.Context) ([]Balances, error) {
	return t.config.Store.Balances(ctx)
}

// Halt stops the chain's payments. Deposits are watched all the same. It reports
// whether they ran; if not, the first reason stays.
func (t *Treasury) Halt(ctx context.Context, actor, reason string) (bool, error) {
	if err := named(actor, reason); err != nil {
		return false, err
	}
	return t.config.Store.Halt(ctx, actor, reason)
}

// Resume lets the chain's payments run again and reports whether they stood still.
func (t *Treasury) Resume(ctx context.Context, actor, reason string) (bool, error) {
	if err := named(actor, reason); err != nil {
		return false, err
	}
	return t.config.Store.Resume(ctx, actor, reason)
}

func named(actor, reason string) error {
	if actor == "" || reason == "" {
		return swap.Refuse(swap.CodeInvalidBody, "reason", "", "A halt or resume names who does it and why.")
	}
	return nil
}

// Run tells the balance after each wake and every few seconds until ctx ends; it
// returns nil then.
func (t *Treasury) Run(ctx context.Context) error {
	if t.config.Publisher == nil {
		<-ctx.Done()
		return nil
	}
	ticker := time.NewTicker(t.config.Each)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := t.Tell(ctx); err != nil && ctx.Err() == nil {
			t.config.Log.Warn("balance was not told, will try again", "chain", t.config.Chain, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-t.config.Wake:
		}
	}
	return nil
}

// Tell publishes the balance of each asset once.
func (t *Treasury) Tell(ctx context.Context) error {
	all, err := t.config.Store.Balances(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, b := range all {
		b.DustThreshold = t.config.Dust(b.Asset)
		if t.config.Observe != nil {
			t.config.Observe(b)
		}
		failed = errors.Join(failed, t.config.Publisher.Publish(ctx, bus.TopicBalances, string(b.Asset), bus.KindBalance, swap.Balance{
			Asset: b.Asset, Available: b.Available, DustThreshold: b.DustThreshold,
			Halted: b.Halted, At: swap.Millis(t.config.Now())}))
	}
	return failed
}
