package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/ethclient"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// depositWindow is how long a swap of the sweep waits for its deposit: long
	// enough for a daemon to come back, short enough to wait for the deadline. A
	// sample waits for none, and can have time for a slow machine.
	depositWindow = 40 * time.Second
	sampleWindow  = 10 * time.Minute
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
	geth      *ethclient.Client
	miner     *miner
	deploy    deployment.Deployment
	say       func(format string, args ...any)
	// passes is what each scenario was seen to pass when undisturbed.
	passes map[string]map[aim]bool

	mu sync.Mutex
	// aims is where each armed daemon is to die in the case being run.
	aims map[string]string
	// next is where it dies after that in the same case, one after the other, before how
	// often it had died where it is armed.
	next   map[string][]string
	before map[string]int
	// begins are the deaths of a case that begins late; see from.
	begins []aim
	// busy daemons are being started by somebody, held ones stay down.
	busy, held map[string]bool
	// restarts counts ends that were not ours to bring about: of a start that
	// failed because another daemon was down.
	restarts int
	lost     error // a daemon that could not be brought back
	trips    []*trip
	turned   int // how many trips were before the round being run
	// seen counts the states that a round's swaps were in when a daemon died.
	seen   map[swap.State]int
	coming sync.WaitGroup
}

// open starts a cluster whose daemons can be armed.
func open(ctx context.Context, o options, name, root, bin string) (*world, error) {
	w := &world{root: root, bin: bin, arms: arms{filepath.Join(root, "arms")},
		say:    func(format string, args ...any) { say("%-8s "+format, append([]any{name}, args...)...) },
		passes: map[string]map[aim]bool{}, seen: map[swap.State]int{}, aims: map[string]string{}, next: map[string][]string{}, before: map[string]int{}, busy: map[string]bool{}, held: map[string]bool{}}
	for _, daemons := range programs {
		for _, daemon := range daemons {
			if err := w.arms.prepare(daemon); err != nil {
				return nil, err
			}
		}
	}
	if err := w.writeHedging(ctx); err != nil {
		return nil, err
	}
	mining, err := faucet.BitcoinMiningAddress(cluster.TokenNetworks())
	if err != nil {
		return nil, err
	}
	w.up, err = cluster.Start(ctx, cluster.Config{Root: root, Bin: bin, API: o.api, MiningAddress: mining,
		Networks: cluster.TokenNetworks(),
		Getenv:   func(name string) string { return map[string]string{"KAFKA": o.kafka}[name] },
		Env: func(daemon string) []string {
			return []string{"FERRY_CRASH_DIR=" + w.arms.folder(daemon), "FERRY_HEDGE=" + w.hedgeFile(), "FERRY_BID_WITHIN=" + bidWithin, "FERRY_BID_EVERY=" + bidEvery}
		},
		Policy: func(d *deployment.Deployment) {
			d.Locks.DepositWindowSeconds = int64(depositWindow / time.Second)
			if o.sample > 0 {
				d.Locks.DepositWindowSeconds = int64(sampleWindow / time.Second)
			}
			d.Locks.MaxPerClient = 500
			ethereum := d.Chains[asset.Ethereum]
			ethereum.ReorgLimit = etherReorgLimit
			d.Chains[asset.Ethereum] = sweeping(ethereum)
			d.Chains[asset.Bitcoin] = gathering(d.Chains[asset.Bitcoin])
		},
		Died: func(daemon string) { w.coming.Go(func() { w.bury(ctx, daemon) }) },
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
	if w.geth, err = ethclient.DialContext(ctx, s.Ethereum.URL); err != nil {
		return fmt.Errorf("connect to geth: %w", err)
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
	if w.geth != nil {
		w.geth.Close()
	}
	return w.up.Stop(ctx)
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
