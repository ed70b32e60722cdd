package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
)

var (
	readCursorSQL   = statement("READ_CURSOR")
	beginCursorSQL  = statement("BEGIN_CURSOR")
	moveCursorSQL   = statement("MOVE_CURSOR")
	addBlockSQL     = statement("ADD_BLOCK")
	pruneBlocksSQL  = statement("PRUNE_BLOCKS")
	blockAtSQL      = statement("BLOCK_AT")
	removeBlockSQL  = statement("REMOVE_BLOCK")
	keysTakenSQL    = statement("KEYS_TAKEN")
	readEntriesSQL  = statement("READ_ENTRIES")
	ownAddressesSQL = statement("OWN_ADDRESSES")
)

// keepBlocks is how many block rows are kept for finding a fork point.
const keepBlocks = 500

// Cursor is the last block processed; false before Begin.
func (s *Store) Cursor(ctx context.Context) (chain.Ref, bool, error) {
	var ref chain.Ref
	err := s.pool.QueryRow(ctx, readCursorSQL, s.chain).Scan(&ref.Height, &ref.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return ref, false, nil
	}
	if err != nil {
		return ref, false, fmt.Errorf("read the cursor of %s: %w", s.chain, err)
	}
	return ref, true, nil
}

// Begin sets the cursor of a chain that has none on a block. The block itself
// counts as processed: nothing of ours is in it or before it. ErrCursorMoved if
// there is a cursor.
func (s *Store) Begin(ctx context.Context, at chain.Ref) error {
	return s.change(ctx, func(c *change) error {
		tag, err := c.tx.Exec(ctx, beginCursorSQL, s.chain, at.Height, at.Hash, c.at, c.at)
		if err != nil {
			return fmt.Errorf("begin %s at %s: %w", s.chain, at, err)
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("begin %s at %s: %w", s.chain, at, ErrCursorMoved)
		}
		return c.addBlock(ctx, chain.Block{Ref: at, Time: c.at})
	})
}

// BlockAt is the processed block at a height; false if it is not kept.
func (s *Store) BlockAt(ctx context.Context, height int64) (chain.Ref, bool, error) {
	ref := chain.Ref{Height: height}
	err := s.pool.QueryRow(ctx, blockAtSQL, s.chain, height).Scan(&ref.Hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return ref, false, nil
	}
	if err != nil {
		return ref, false, fmt.Errorf("read block %d of %s: %w", height, s.chain, err)
	}
	return ref, true, nil
}

// Apply moves the cursor to the block above it and stores all that the block
// causes: deposits, coins, payments in it, confirmations of what is below,
// postings, facts, and a halt where somebody else spent what is ours.
// ErrCursorMoved if the cursor is not on the block's parent. A block that
// contradicts our rows can't be applied: its error halts payments.
func (s *Store) Apply(ctx context.Context, b chain.Block) error {
	err := s.change(ctx, func(c *change) error {
		from := chain.Ref{Height: b.Height - 1, Hash: b.Parent}
		if err := c.moveCursor(ctx, from, b.Ref, b.Time); err != nil {
			return err
		}
		if err := c.addBlock(ctx, b); err != nil {
			return err
		}
		own, err := c.ownAttempts(ctx, b.Credits, b.Debits)
		if err != nil {
			return err
		}
		for _, step := range []func(context.Context, chain.Block, map[string][]attempt) error{
			c.includeCredits, c.includeDebits, c.moveHoldings, c.moveSent, c.confirm,
		} {
			if err := step(ctx, b, own); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.failClosed(ctx, fmt.Errorf("apply block %s of %s: %w", b.Ref, s.chain, err))
	}
	return nil
}

// Rollback takes the block under the cursor back and stores what follows from
// that, also for what was told as confirmed or final: facts, reversed postings, and
// a halt where money may be lost. ErrCursorMoved if the cursor is elsewhere;
// ErrState if the block before it is not kept any more.
func (s *Store) Rollback(ctx context.Context, at chain.Ref) error {
	err := s.change(ctx, func(c *change) error {
		if err := c.stepBack(ctx, at); err != nil {
			return err
		}
		keys := map[string]bool{foreignKey(s.chain, at.Hash): false}
		if err := c.reorgDeposits(ctx, at, keys); err != nil {
			return err
		}
		if err := c.reorgPayments(ctx, at, keys); err != nil {
			return err
		}
		if err := c.reverseChange(ctx, at, keys); err != nil {
			return err
		}
		if err := c.reorgCoins(ctx, at); err != nil {
			return err
		}
		if err := c.takeBackHoldings(ctx, at); err != nil {
			return err
		}
		if err := c.takeBackSent(ctx, at); err != nil {
			return err
		}
		return c.reverse(ctx, keys)
	})
	if err != nil {
		return s.failClosed(ctx, fmt.Errorf("take block %s of %s back: %w", at, s.chain, err))
	}
	return nil
}

func (c *change) moveCursor(ctx context.Context, from, to chain.Ref, at time.Time) error {
	tag, err := c.tx.Exec(ctx, moveCursorSQL, c.chain, from.Height, from.Hash, to.Height, to.Hash, at, c.at)
	if err != nil {
		return fmt.Errorf("move the cursor: %w", err)
	}
	if tag.RowsAffected() != 1 {
		return fmt.Errorf("it is not on %s: %w", from, ErrCursorMoved)
	}
	return nil
}

func (c *change) addBlock(ctx context.Context, b chain.Block) error {
	var batch pgx.Batch
	batch.Queue(addBlockSQL, c.chain, b.Height, b.Hash, b.Parent, b.Time)
	batch.Queue(pruneBlocksSQL, c.chain, b.Height-keepBlocks)
	if err := c.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("store the block: %w", err)
	}
	return nil
}

// stepBack removes the block's row and moves the cursor to its parent.
func (c *change) stepBack(ctx context.Context, at chain.Ref) error {
	parent := chain.Ref{Height: at.Height - 1}
	var when time.Time
	err := c.tx.QueryRow(ctx, removeBlockSQL, c.chain, at.Height, at.Hash).Scan(&parent.Hash, &when)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("it or its parent is not kept: %w", ErrState)
	}
	if err != nil {
		return fmt.Errorf("remove the block: %w", err)
	}
	return c.moveCursor(ctx, at, parent, when)
}

// txids lists the transactions of credits and debits, each once, sorted.
func txids(credits []chain.Credit, debits []chain.Debit) []string {
	set := map[string]bool{}
	for _, credit := range credits {
		set[credit.TxID] = true
	}
	for _, d := range debits {
		set[d.TxID] = true
	}
	return slices.Sorted(maps.Keys(set))
}
