package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
)

const (
	// depositWindow is how long a swap of the sweep waits for its deposit: long
	// enough for a daemon to come back, short enough to wait for the deadline.
	depositWindow = 40 * time.Second
	// restartLimit bounds the tries to bring a dead daemon back.
	restartLimit = 30
	restartPause = 200 * time.Millisecond
	stopLimit    = 90 * time.Second
)

// world is a running cluster, its nodes, and everybody around it.
type world struct {
	root, bin string
	up        *cluster.Cluster
	arms      arms
	api       *client.Client
	coins     *faucet.Bitcoin
	ether     *faucet.Ethereum
	node      *bitcoin.Node
	miner     *miner
	deploy    deployment.Deployment
	say       func(format string, args ...any)

	mu sync.Mutex
	// aims is where each armed daemon is to die in the case being run.
	aims map[string]string
	// busy daemons are being started by somebody, held ones stay down.
	busy, held map[string]bool
	// restarts counts ends that were not ours to bring about: of a start that
	// failed because another daemon was down.
	restarts int
	lost     error // a daemon that could not be brought back
	trips    []*trip
	coming   sync.WaitGroup
}

// open starts a cluster whose daemons can be armed.
func open(ctx context.Context, root, bin, api string, say func(string, ...any)) (*world, error) {
	w := &world{root: root, bin: bin, arms: arms{filepath.Join(root, "arms")}, say: say,
		aims: map[string]string{}, busy: map[string]bool{}, held: map[string]bool{}}
	for _, daemons := range programs {
		for _, daemon := range daemons {
			if err := w.arms.prepare(daemon); err != nil {
				return nil, err
			}
		}
	}
	mining, err := faucet.BitcoinMiningAddress(cluster.DemoNetworks())
	if err != nil {
		return nil, err
	}
	w.up, err = cluster.Start(ctx, cluster.Config{Root: root, Bin: bin, API: api, MiningAddress: mining,
		Getenv: func(string) string { return "" },
		Env:    func(daemon string) []string { return []string{"FERRY_CRASH_DIR=" + w.arms.folder(daemon)} },
		Policy: func(d *deployment.Deployment) {
			d.Locks.DepositWindowSeconds = int64(depositWindow / time.Second)
			d.Locks.MaxPerClient = 500
		},
		Died: func(daemon string) { w.coming.Go(func() { w.revive(ctx, daemon) }) },
	})
	if err != nil {
		return nil, err
	}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) connect(ctx context.Context) error {
	s := w.up.Settings()
	var err error
	if w.deploy, err = deployment.Load(s.Deployment); err != nil {
		return err
	}
	quoteKeys, err := w.deploy.PublicQuoteKeys()
	if err != nil {
		return err
	}
	attestKeys, err := w.deploy.PublicAttestKeys()
	if err != nil {
		return err
	}
	if w.api, err = client.New(client.Config{URL: s.API, Networks: w.deploy.Networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys}); err != nil {
		return err
	}
	node := bitcoin.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}
	if w.coins, err = faucet.NewBitcoin(node, w.deploy.Networks); err != nil {
		return err
	}
	if w.node, err = bitcoin.NewNode(node); err != nil {
		return err
	}
	if w.ether, err = faucet.NewEthereum(ctx, s.Ethereum.URL, w.deploy.Networks); err != nil {
		return err
	}
	w.miner = &miner{faucet: w.coins}
	return w.coins.Mature(ctx, nil)
}

// close stops everything; a daemon that is being brought back is waited for.
func (w *world) close() error {
	w.coming.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if w.ether != nil {
		w.ether.Close()
	}
	return w.up.Stop(ctx)
}

// arm makes a daemon die at a point; the case's aim stands until it has.
func (w *world) arm(daemon, point string) error {
	w.mu.Lock()
	w.aims[daemon] = point
	w.mu.Unlock()
	return w.arms.arm(daemon, point)
}

func (w *world) disarm(daemon string) error {
	w.mu.Lock()
	delete(w.aims, daemon)
	w.mu.Unlock()
	return w.arms.disarm(daemon)
}

// hold keeps a daemon down from its next end on; release lets it be started.
func (w *world) hold(daemon string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[daemon] = true
}

func (w *world) release(ctx context.Context, daemon string) error {
	w.mu.Lock()
	delete(w.held, daemon)
	w.mu.Unlock()
	w.revive(ctx, daemon)
	return w.trouble()
}

// kill ends a daemon by SIGKILL from outside; it stays down until release or start.
func (w *world) kill(daemon string) error {
	w.hold(daemon)
	return w.up.Kill(daemon)
}

// revive starts a dead daemon, disarmed, and again while that fails: it may need
// another one that is down too.
func (w *world) revive(ctx context.Context, daemon string) {
	w.mu.Lock()
	if w.busy[daemon] || w.held[daemon] || w.up.Running(daemon) {
		w.mu.Unlock()
		return
	}
	w.busy[daemon] = true
	w.mu.Unlock()
	err := w.disarm(daemon)
	for tries := 0; err == nil; tries++ {
		if err = w.up.Restart(ctx, daemon); err == nil {
			break
		}
		if tries < restartLimit && wait(ctx, restartPause) == nil {
			w.mu.Lock()
			w.restarts++
			w.mu.Unlock()
			err = w.disarm(daemon)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, daemon)
	if err != nil {
		w.lost = errors.Join(w.lost, fmt.Errorf("%s did not come back: %w", daemon, err))
	}
}

// bounce ends a daemon and starts it as it is armed: it may die at a point of its
// start, and is then brought back like any other.
func (w *world) bounce(ctx context.Context, daemon string) error {
	w.mu.Lock()
	w.busy[daemon] = true // the death during this start is ours to mend, below
	w.mu.Unlock()
	if err := w.up.Kill(daemon); err != nil {
		return err
	}
	err := w.up.Restart(ctx, daemon)
	w.mu.Lock()
	delete(w.busy, daemon)
	w.mu.Unlock()
	if err != nil || !w.up.Running(daemon) {
		w.revive(ctx, daemon)
	}
	return w.trouble()
}

func (w *world) trouble() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

func (w *world) remember(t *trip) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trips = append(w.trips, t)
}

func (w *world) all() []*trip {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.trips)
}

// wait is a pause that ends with ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// until asks every so often until it is true or the limit is over; the error says
// what was waited for and how it stood.
func until(ctx context.Context, limit time.Duration, what string, ask func() (ok bool, status string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, status, err := ask()
		if ok || err != nil {
			return err
		}
		if wait(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("%s did not come about within %s: %s", what, limit, status)
		}
	}
}

// later is until's answer where asking failed and may not the next time.
func later(err error) (ok bool, status string, _ error) { return false, err.Error(), nil }
