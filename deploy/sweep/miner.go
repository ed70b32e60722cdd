package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"ferry/deploy/demo/faucet"
)

// blockEvery is btcd's pace. geth --dev makes a block a second.
const blockEvery = 250 * time.Millisecond

// miner makes blocks until it is paused.
type miner struct {
	faucet *faucet.Bitcoin
	mu     sync.Mutex  // held while paused, and while a block is made
	picky  atomic.Bool // nothing is offered that its blocks would take
}

// run ends with ctx. A block that can't be made (the node restarts) is made later.
func (m *miner) run(ctx context.Context) {
	ticker := time.NewTicker(blockEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		m.mu.Lock()
		err := m.mine(ctx)
		m.mu.Unlock()
		_ = err // the next tick tries again; what waits for blocks has its own limit
	}
}

func (m *miner) mine(ctx context.Context) error {
	if m.picky.Load() {
		return m.faucet.MineEmpty(ctx)
	}
	return m.faucet.Mine(ctx, 1)
}

// passOver makes blocks with nothing in them until the returned function is called.
func (m *miner) passOver() (resume func()) {
	m.picky.Store(true)
	return func() { m.picky.Store(false) }
}

// pause stops the blocks until the returned function is called.
func (m *miner) pause() (resume func()) {
	m.mu.Lock()
	return sync.OnceFunc(m.mu.Unlock)
}
