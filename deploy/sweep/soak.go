package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ferry/swap/asset"
)

const (
	// soakTrips is how many swaps run at a time.
	soakTrips = 4
	// killLeast and killMost bound the pause between two kills.
	killLeast = 500 * time.Millisecond
	killMost  = 3 * time.Second
)

// soak kills daemons at random while swaps run in both directions, for a while,
// and then has everything come to rest. The seed gives the order of daemons and
// pauses; what they meet is up to the machine.
func (w *world) soak(ctx context.Context, length time.Duration, seed uint64) (swaps, kills int, err error) {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a seeded order of kills, not a secret
	ending := time.NewTimer(length)
	defer ending.Stop()
	over := make(chan struct{})
	var travel sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for i := range soakTrips {
		pair := []asset.Pair{toEther, toCoins}[i%2]
		travel.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				tripErr := w.happy(ctx, pair)
				mu.Lock()
				swaps++
				errs = append(errs, tripErr)
				mu.Unlock()
				if tripErr != nil {
					return
				}
			}
		})
	}
	var daemons []string
	for _, daemon := range w.up.Daemons() {
		if programs[programOf(daemon)] != nil {
			daemons = append(daemons, daemon)
		}
	}
	for ended := false; !ended; {
		pause := time.NewTimer(killLeast + time.Duration(random.Int64N(int64(killMost-killLeast))))
		select {
		case <-ending.C:
			ended = true
		case <-pause.C:
			daemon := daemons[random.IntN(len(daemons))]
			struck, err := w.strike(ctx, daemon)
			if err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				ended = true
			}
			if struck {
				kills++
			}
		}
		pause.Stop()
	}
	close(over)
	travel.Wait()
	w.coming.Wait()
	if err := errors.Join(errs...); err != nil {
		return swaps, kills, fmt.Errorf("soak with seed %d: %w", seed, err)
	}
	return swaps, kills, errors.Join(w.trouble(), w.rest(ctx))
}

// strike kills a daemon and has it brought back, while others may die too. One that
// is just being brought back is left alone.
func (w *world) strike(ctx context.Context, daemon string) (struck bool, err error) {
	w.mu.Lock()
	busy := w.busy[daemon]
	w.mu.Unlock()
	if busy || w.up.Kill(daemon) != nil {
		return false, w.trouble()
	}
	w.coming.Go(func() { w.revive(ctx, daemon) })
	return true, w.trouble()
}
