package faucet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/swap/asset"
)

const (
	// MatureHeight is where a development chain can be used: segwit is active from
	// block 300 (btcd's version bits, three periods of 100), with some to spare, and
	// the first 220 coinbase outputs are mature. The siblings need only the latter.
	MatureHeight = 320
	// mineStep is how many blocks are mined between two words of progress.
	mineStep = 20
	// maxMine bounds one call of Mine.
	maxMine = 1000
	// maxMisses is how many blocks in a row MineEvery may fail to mine.
	maxMisses = 5
)

// Height is that of the best block.
func (b *Bitcoin) Height(ctx context.Context) (int64, error) { return b.node.Height(ctx) }

// Mine makes count blocks, at most 1,000, paying the faucet.
func (b *Bitcoin) Mine(ctx context.Context, count int64) error {
	if count < 1 || count > maxMine {
		return fmt.Errorf("mine 1 to %d blocks at a time, not %d", maxMine, count)
	}
	b.mining.Lock()
	defer b.mining.Unlock()
	if b.node.Chain() == asset.Litecoin {
		return b.node.GenerateTo(ctx, count, b.key.Address())
	}
	return b.node.Generate(ctx, count)
}

// MineEmpty makes a block that takes nothing from the mempool, paying the faucet.
func (b *Bitcoin) MineEmpty(ctx context.Context) error {
	b.mining.Lock()
	defer b.mining.Unlock()
	return b.node.GenerateEmpty(ctx, b.key)
}

// Mature mines until MatureHeight if the chain is younger, and tells how far it
// is after every few blocks; progress may be nil. On an older chain it does
// nothing.
func (b *Bitcoin) Mature(ctx context.Context, progress func(height, want int64)) error {
	for {
		height, err := b.Height(ctx)
		if err != nil {
			return err
		}
		if progress != nil {
			progress(min(height, MatureHeight), MatureHeight)
		}
		if height >= MatureHeight {
			return nil
		}
		if err := b.Mine(ctx, min(mineStep, MatureHeight-height)); err != nil {
			return fmt.Errorf("mine until block %d: %w", MatureHeight, err)
		}
	}
}

// MineEvery makes a block at each tick until ctx ends, which is no error. A
// block that could not be mined (another process may be mining) is tried again
// at the next tick; five failures in a row are returned.
func (b *Bitcoin) MineEvery(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var misses []error
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := b.Mine(ctx, 1)
		switch {
		case err == nil:
			misses = nil
		case ctx.Err() != nil:
			return nil
		default:
			if misses = append(misses, err); len(misses) == maxMisses {
				return fmt.Errorf("no block could be mined %d times in a row: %w", maxMisses, errors.Join(misses...))
			}
		}
	}
}
