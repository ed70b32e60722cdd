package liquidity

import (
	"log/slog"
	"sync"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// Funds holds the hot wallet's newest word on each asset's balance.
type Funds struct {
	staleAfter time.Duration
	now        func() time.Time
	log        *slog.Logger

	mu       sync.RWMutex
	balances map[asset.ID]swap.Balance
}

// NewFunds knows no balance yet.
func NewFunds(staleAfter time.Duration, now func() time.Time, log *slog.Logger) *Funds {
	return &Funds{staleAfter: staleAfter, now: now, log: log, balances: map[asset.ID]swap.Balance{}}
}

// Take applies a record of bus.TopicBalances. Older words than the one it has, and
// records that are no balance of their key, change nothing.
func (f *Funds) Take(r bus.Record) {
	b, err := bus.Decode[swap.Balance](r)
	if err != nil {
		f.log.Warn("balance passed over", "key", r.Key, "error", err)
		return
	}
	if _, known := asset.Lookup(b.Asset); !known || string(b.Asset) != r.Key || b.At.IsZero() {
		f.log.Warn("balance passed over", "key", r.Key, "asset", b.Asset, "error", "the key is not the asset, or the time is missing")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if had, ok := f.balances[b.Asset]; ok && b.At.Before(had.At) {
		return
	}
	f.balances[b.Asset] = b
}

// payable returns the balance of an asset to be paid out: insufficient_liquidity
// while it is unknown or stale, chain_halted while its payments stand still.
func (f *Funds) payable(id asset.ID) (swap.Balance, error) {
	b, fresh := f.balance(id)
	if !fresh {
		return b, swap.Refuse(swap.CodeInsufficientLiquidity, "", "",
			"The wallet that pays "+string(id)+" has not told its balance lately.")
	}
	return b, halted(b)
}

// receivable returns the balance of an asset to be deposited: chain_halted while
// its wallet is not heard of or may not pay, because then nobody would see the
// deposit, or could refund it.
func (f *Funds) receivable(id asset.ID) (swap.Balance, error) {
	b, fresh := f.balance(id)
	if !fresh {
		return b, swap.Refuse(swap.CodeChainHalted, "", "",
			"The wallet that takes deposits of "+string(id)+" has not been heard from lately.")
	}
	return b, halted(b)
}

func (f *Funds) balance(id asset.ID) (b swap.Balance, fresh bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	b, known := f.balances[id]
	return b, known && f.now().Sub(b.At).Abs() < f.staleAfter
}

// halted keeps the operators' own words to the operators.
func halted(b swap.Balance) error {
	if b.Halted == "" {
		return nil
	}
	return swap.Refuse(swap.CodeChainHalted, "", "", "Payments of "+string(b.Asset)+" are halted for now.")
}
