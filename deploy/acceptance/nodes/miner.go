package nodes

import (
	"context"
	"sync"
	"time"

	"ferry/deploy/demo/faucet"
)

// miner makes blocks of Bitcoin until it is held or stopped.
type miner struct {
	making sync.Mutex // held while a block is made, and while none may be
	held   bool       // by whoever called hold; guarded by those who have the cluster alone
	stop   func()
}

func startMiner(ctx context.Context, coins *faucet.Bitcoin) *miner {
	ctx, cancel := context.WithCancel(ctx)
	m, done := &miner{}, make(chan struct{})
	m.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		ticker := time.NewTicker(blockEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			m.making.Lock()
			err := coins.Mine(ctx, 1)
			m.making.Unlock()
			_ = err // a node that restarts: the next tick tries again, and what waits for blocks has its own limit
		}
	}()
	return m
}

// hold has no more blocks made until release. Calling it twice is once.
func (m *miner) hold() {
	if !m.held {
		m.making.Lock()
		m.held = true
	}
}

func (m *miner) release() {
	if m.held {
		m.held = false
		m.making.Unlock()
	}
}
