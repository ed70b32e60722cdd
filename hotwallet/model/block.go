package model

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/model"
)

// keepBlocks is how many block rows are kept for finding a fork point.
const keepBlocks = 500

// Cursor implements watch.Store.
func (s *Store) Cursor(context.Context) (chain.Ref, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, ok := s.cursor()
	return ref, ok, nil
}

func (s *Store) cursor() (chain.Ref, bool) {
	n, begun := s.cursors[s.chain]
	return chain.Ref{Height: n, Hash: s.blocks[height{s.chain, n}].hash}, begun
}

// Begin implements watch.Store.
func (s *Store) Begin(_ context.Context, at chain.Ref) error {
	return s.change(func(c *change) error {
		if _, begun := c.cursors[c.chain]; begun {
			return fmt.Errorf("begin %s at %s: %w", c.chain, at, ErrCursorMoved)
		}
		model.Set(c.tx, c.cursors, c.chain, at.Height)
		model.Set(c.tx, c.blocks, height{c.chain, at.Height}, block{hash: at.Hash, time: c.at})
		return nil
	})
}

// BlockAt implements watch.Store.
func (s *Store) BlockAt(_ context.Context, n int64) (chain.Ref, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, kept := s.blocks[height{s.chain, n}]
	return chain.Ref{Height: n, Hash: b.hash}, kept, nil
}

// Apply implements watch.Store.
func (s *Store) Apply(_ context.Context, b chain.Block) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.locked(func(c *change) error {
		if at, begun := c.cursor(); !begun || at != (chain.Ref{Height: b.Height - 1, Hash: b.Parent}) {
			return fmt.Errorf("it is on %s: %w", at, ErrCursorMoved)
		}
		model.Set(c.tx, c.cursors, c.chain, b.Height)
		model.Set(c.tx, c.blocks, height{c.chain, b.Height}, block{hash: b.Hash, parent: b.Parent, time: b.Time, content: b})
		model.Delete(c.tx, c.blocks, height{c.chain, b.Height - keepBlocks - 1})
		if err := c.includeCredits(b); err != nil {
			return err
		}
		if err := c.includeDebits(b); err != nil {
			return err
		}
		c.moveHoldings(b, false)
		c.moveSent(b, false)
		return c.confirm(b)
	})
	if err != nil {
		return s.failClosed(fmt.Errorf("apply block %s of %s: %w", b.Ref, s.chain, err))
	}
	return nil
}

// Rollback implements watch.Store.
func (s *Store) Rollback(_ context.Context, at chain.Ref) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.locked(func(c *change) error {
		gone := c.blocks[height{c.chain, at.Height}]
		parent, kept := c.blocks[height{c.chain, at.Height - 1}]
		if gone.hash != at.Hash || !kept || parent.hash != gone.parent {
			return fmt.Errorf("it or its parent is not kept: %w", ErrState)
		}
		if on, _ := c.cursor(); on != at {
			return fmt.Errorf("it is on %s: %w", on, ErrCursorMoved)
		}
		model.Delete(c.tx, c.blocks, height{c.chain, at.Height})
		model.Set(c.tx, c.cursors, c.chain, at.Height-1)
		keys := map[string]bool{foreignKey(c.chain, at.Hash): false}
		c.reorgDeposits(at, keys)
		c.reorgPayments(at, keys)
		c.reverseChange(at, keys)
		if err := c.reorgCoins(at); err != nil {
			return err
		}
		c.moveHoldings(gone.content, true)
		c.moveSent(gone.content, true)
		return c.reverse(keys)
	})
	if err != nil {
		return s.failClosed(fmt.Errorf("take block %s of %s back: %w", at, s.chain, err))
	}
	return nil
}

const reversedPrefix = "reversed:"

// liveKey is the key under which a cause is booked now, or is to be booked: after
// each reversal it gets the next.
func (c *change) liveKey(base string) string {
	key := base
	for round := 2; ; round++ {
		if _, reversed := c.schema.Book.Entry(reversedPrefix + key); !reversed {
			return key
		}
		key = fmt.Sprintf("%s#%d", base, round)
	}
}

// reverse books the opposite of the entries under the keys, each of which has to be
// there if it is marked.
func (c *change) reverse(keys map[string]bool) error {
	for _, base := range slices.Sorted(maps.Keys(keys)) {
		key := c.liveKey(base)
		e, booked := c.schema.Book.Entry(key)
		if !booked && keys[base] {
			return fmt.Errorf("entry %s to be reversed is missing: %w", key, ErrState)
		}
		if booked {
			c.entries = append(c.entries, e.Reverse(reversedPrefix+key, e.Kind+".reversed"))
		}
	}
	return nil
}
