package model

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// Errors of the store. All mean that nothing was changed.
var (
	// ErrFenced means another process has taken the chain's lease since.
	ErrFenced = errors.New("the lease belongs to another process")
	// ErrCursorMoved means the chain's cursor is not where the caller thought.
	ErrCursorMoved = errors.New("the cursor has moved")
	// ErrState means that a row is not in the state that the change starts from.
	ErrState = errors.New("a row is not in the expected state")
)

// Config is what a store needs beside its database and chain.
type Config struct {
	// Confirmations is how many blocks deep a deposit or payment has to be, where Rules
	// are left out.
	Confirmations int64
	Rules         swap.DepositRules
	// Tokens are what the chain has besides its own asset.
	Tokens        []asset.ID
	DustThreshold asset.Units
	// Dust, if not nil, is each asset's threshold as it moves, in place of DustThreshold.
	Dust func(asset.ID) asset.Units
	// InFlightMax is how many of a sender's transactions may be in no block at once;
	// payment.InFlightMax if zero.
	InFlightMax int
	// Burial and SpendDepth are as in Postgres.
	Burial, SpendDepth int64
	Now                func() time.Time
}

// Store is the database as one chain sees it. Each process has one of its own.
type Store struct {
	*Database
	chain  asset.Chain
	native asset.Asset
	config Config
	token  int64
}

// Store is a new process's view. It writes after AcquireLease.
func (d *Database) Store(chain asset.Chain, c Config) *Store {
	native, ok := chain.Native()
	if !ok {
		panic("hotwallet/model: chain " + string(chain) + " is not known")
	}
	if c.Dust == nil {
		c.Dust = func(id asset.ID) asset.Units {
			if id == native.ID {
				return c.DustThreshold
			}
			return asset.Units{}
		}
	}
	if c.InFlightMax == 0 {
		c.InFlightMax = payment.InFlightMax
	}
	if c.Rules.Confirmations == nil {
		c.Rules.Confirmations = map[asset.Chain]int64{chain: c.Confirmations}
	}
	return &Store{Database: d, chain: chain, native: native, config: c}
}

// SetRules has the next blocks judged by other rules.
func (s *Store) SetRules(rules swap.DepositRules) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := rules.Validate(); err != nil {
		return err
	}
	if rules.Confirmations[s.chain] < 1 {
		return fmt.Errorf("deposit rules: at least 1 confirmation is needed on %s", s.chain)
	}
	s.config.Rules = rules
	return nil
}

// depth is how deep payments and what they give back must be.
func (s *Store) depth() int64 { return s.config.Rules.Confirmations[s.chain] }

// AcquireLease makes the store the chain's one writer.
func (s *Store) AcquireLease() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[s.chain]++
	s.token = s.tokens[s.chain]
	return uint64(s.token)
}

// change is one transaction: what it books and tells is collected and stored at
// its end.
type change struct {
	*Store
	tx           *model.Tx
	at           time.Time
	entries      []ledger.Entry
	blockEntries []ledger.Entry
	facts        []swap.Fact
}

// change runs f in a transaction of the lease's holder.
func (s *Store) change(f func(c *change) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.locked(f)
}

func (s *Store) locked(f func(c *change) error) error {
	if s.tokens[s.chain] != s.token {
		return fmt.Errorf("%s with token %d: %w", s.chain, s.token, ErrFenced)
	}
	return model.Run(func(t *model.Tx) error {
		c := &change{Store: s, tx: t, at: s.config.Now().UTC().Truncate(time.Microsecond)}
		if err := f(c); err != nil {
			return err
		}
		return c.store()
	})
}

func (c *change) store() error {
	for _, e := range c.blockEntries {
		e.Key = c.liveKey(e.Key)
		c.entries = append(c.entries, e)
	}
	if err := c.schema.Book.Post(c.tx, c.entries...); err != nil {
		return err
	}
	for _, f := range c.facts {
		if f.SwapID == "" {
			continue // the house's own: nobody waits to be told
		}
		m, err := bus.FactMessage(f)
		if err != nil {
			return fmt.Errorf("tell: %w", err)
		}
		if err := c.schema.Tell(c.tx, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) book(key, kind, swapID string, debit, credit ledger.Account, a asset.Amount) {
	if !a.Units.IsZero() {
		c.blockEntries = append(c.blockEntries, ledger.Transfer(key, kind, swapID, debit, credit, a))
	}
}

func (s *Store) amount(u asset.Units) asset.Amount { return asset.Amount{Asset: s.native.ID, Units: u} }

// assets are what the chain has, its own first.
func (s *Store) assets() []asset.ID { return append([]asset.ID{s.native.ID}, s.config.Tokens...) }

func (s *Store) accounts() bool { return s.chain.Family() == asset.Account }

// failClosed halts the chain if err means that a block and our rows contradict
// each other.
func (s *Store) failClosed(err error) error {
	for _, contradiction := range []error{ErrState, model.ErrInvariant, model.ErrEntryExists} {
		if errors.Is(err, contradiction) {
			return errors.Join(err, s.locked(func(c *change) error {
				c.halt(c.chain, err.Error())
				return nil
			}))
		}
	}
	return err
}

func (c *change) halt(chain asset.Chain, reason string) bool {
	if _, halted := c.halts[chain]; halted {
		return false
	}
	model.Set(c.tx, c.halts, chain, reason)
	c.act("halt", string(chain), reason)
	return true
}

func (c *change) act(action, target, reason string) {
	model.Append(c.tx, &c.actions, Action{Action: action, Target: target, Reason: reason, At: c.at})
}

// Stop implements watch.Store and reconcile.Store.
func (s *Store) Stop(_ context.Context, reason string) (stopped bool, err error) {
	err = s.change(func(c *change) error {
		stopped = c.halt(c.chain, reason)
		return nil
	})
	return stopped, err
}

// Alarm implements watch.Store and reconcile.Store.
func (s *Store) Alarm(_ context.Context, alarm, reason string) (fresh bool, err error) {
	err = s.change(func(c *change) error {
		fresh = c.alarm(alarm, reason)
		return nil
	})
	return fresh, err
}

// alarm records what is not the newest of its kind already.
func (c *change) alarm(alarm, reason string) (fresh bool) {
	for i := len(c.actions) - 1; i >= 0; i-- {
		if a := c.actions[i]; a.Action == alarm && a.Target == string(c.chain) {
			if a.Reason == reason {
				return false
			}
			break
		}
	}
	c.act(alarm, string(c.chain), reason)
	return true
}
