package main

import (
	"context"
	"sync"
	"time"

	"ferry/deploy/demo/faucet"
)

// blockEvery is btcd's pace. geth --dev makes a block a second.
const blockEvery = 250 * time.Millisecond

// miner makes blocks until it is paused.
type miner struct {
	faucet *faucet.Bitcoin
	mu     sync.Mutex // held while paused, and while a block is made
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
		err := m.faucet.Mine(ctx, 1)
		m.mu.Unlock()
		_ = err // the next tick tries again; what waits for blocks has its own limit
	}
}

// pause stops the blocks until the returned function is called.
func (m *miner) pause() (resume func()) {
	m.mu.Lock()
	return sync.OnceFunc(m.mu.Unlock)
}
