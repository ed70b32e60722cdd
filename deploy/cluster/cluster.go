package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// Config says where a cluster lives.
type Config struct {
	// Root is the folder of everything it keeps, ".ferry" in a checkout.
	Root string
	// Bin is the folder of the built programs; Root/bin if empty.
	Bin string
	// API is where the public API listens, "127.0.0.1:8080" if empty.
	API string
	// MiningAddress is paid by btcd's generate, CashMiningAddress by bchd's: the demo
	// faucet's.
	MiningAddress, CashMiningAddress string
	// Getenv finds what switches to real parts: DATABASE_URL, KAFKA_BROKERS,
	// BITCOIN_URL, LITECOIN_URL, BITCOINCASH_URL (with user and password in them),
	// ETHEREUM_URL, and attestd's own of each (ATTEST_BITCOIN_URL and so on); LITECOIND,
	// the program where it is in no usual place; and KAFKA, which is "embedded" if
	// empty, or "apache" to start Apache Kafka from Bin/apache-kafka.
	Getenv func(string) string
	// Progress is told of each step before it begins, and of each daemon that ended
	// by itself and is started again.
	Progress func(step string)
	// LitecoinBlockFee is the least rate that the embedded litecoind's blocks take, in
	// coins per 1000 vB; its own if empty.
	LitecoinBlockFee string
	// Env, if not nil, adds settings to those of a daemon, each time it starts.
	Env func(daemon string) []string
	// Networks says which chains to run; DemoNetworks if it is zero. The tokens that it
	// pins are made on the Ethereum node if they are the faucet's and not there yet.
	Networks asset.Networks
	// Policy, if not nil, changes the demo's deployment before it is written.
	Policy func(*deployment.Deployment)
	// Died, if not nil, is told that a daemon ended by itself, and has to start it
	// again: that is no failure of the cluster then.
	Died func(daemon string)
	// NoRestart leaves a daemon that ends by itself down: its end is the cluster's.
	NoRestart bool
}

// Cluster is a running Ferry.
type Cluster struct {
	config   Config
	dir      *parts.Dir
	run      string
	settings Settings
	// bitcoinPeer is where the embedded btcd hears its peers, "" if there is none.
	bitcoinPeer string
	failed      chan error

	saving sync.Mutex

	mu       sync.Mutex
	order    []string // in which things were started
	running  map[string]*parts.Process
	daemons  map[string]daemonSpec
	stopping bool
	restarts
}

// startLimit is how long one daemon may take until it is ready.
const startLimit = 60 * time.Second

// Start brings everything up, in order, and returns once every daemon is ready.
// After an error everything that was started has been stopped again.
func Start(ctx context.Context, c Config) (*Cluster, error) {
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return nil, fmt.Errorf("find the cluster's folder: %w", err)
	}
	c.Root = root
	if c.Bin == "" {
		c.Bin = filepath.Join(root, "bin")
	}
	if c.API == "" {
		c.API = "127.0.0.1:8080"
	}
	if c.Networks == (asset.Networks{}) {
		c.Networks = DemoNetworks()
	}
	dir, err := parts.OpenDir(root)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{config: c, dir: dir, failed: make(chan error, 1),
		running: map[string]*parts.Process{}, daemons: map[string]daemonSpec{}, restarts: newRestarts()}
	if err := cluster.start(ctx); err != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), startLimit)
		defer cancel()
		return nil, errors.Join(err, cluster.Stop(stop))
	}
	return cluster, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.runFolder(); err != nil {
		return err
	}
	urls, err := c.database(ctx)
	if err != nil {
		return err
	}
	if err := c.kafka(ctx); err != nil {
		return err
	}
	if err := c.nodes(ctx); err != nil {
		return err
	}
	if err := c.tokens(ctx); err != nil {
		return err
	}
	if err := c.attestNodes(ctx); err != nil {
		return err
	}
	c.settings.SupportURL, c.settings.OperatorURL = urls["ferry_support"], urls["ferry_operator"]
	c.settings.API = "http://" + c.config.API
	if err := c.startDaemons(ctx, urls); err != nil {
		return err
	}
	if err := c.awaitReadiness(ctx); err != nil {
		return err
	}
	return c.saveSettings()
}

// saveSettings writes the file that others read; one at a time.
func (c *Cluster) saveSettings() error {
	c.saving.Lock()
	defer c.saving.Unlock()
	return c.Settings().write(c.config.Root)
}

// runFolder is where sockets live. A Unix socket's path has at most 107 bytes, so
// that a deep checkout gets a short folder elsewhere.
func (c *Cluster) runFolder() error {
	c.run = filepath.Join(c.config.Root, "run")
	if len(c.run) <= 70 {
		return nil
	}
	short, err := os.MkdirTemp("", "ferry-run-")
	if err != nil {
		return fmt.Errorf("make a folder for sockets: %w", err)
	}
	c.run = short
	if err := os.Chmod(short, 0o755); err != nil {
		return fmt.Errorf("open the folder for sockets: %w", err)
	}
	return nil
}

// RestartBitcoin stops the embedded btcd in good order and starts it again, where
// it was. Its mempool is empty then.
func (c *Cluster) RestartBitcoin(ctx context.Context) error {
	p := c.process("btcd")
	if p == nil {
		return errors.New("no embedded btcd is running")
	}
	if err := p.Stop(ctx); err != nil {
		return err
	}
	return c.node(ctx, asset.Bitcoin)
}

func (c *Cluster) progress(step string) {
	if c.config.Progress != nil {
		c.config.Progress(step)
	}
}

// started keeps a process to be stopped in reverse order, and watches it: a daemon
// that ends by itself is started again, a part that does is the end of the cluster.
func (c *Cluster) started(name string, p *parts.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.order, name) {
		c.order = append(c.order, name)
	}
	c.running[name] = p
	began := time.Now()
	go func() {
		<-p.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.stopping || c.running[name] != p || p.Err() == nil {
			return
		}
		if _, daemon := c.daemons[name]; daemon && c.config.Died != nil {
			delete(c.running, name)
			go c.config.Died(name)
			return
		}
		if c.revive(name, p, began) {
			return
		}
		c.fail(fmt.Errorf("%s ended: %w", name, p.Err()))
	}()
}

// Running tells whether a process of the cluster is up.
func (c *Cluster) Running(name string) bool { return c.process(name) != nil }

func (c *Cluster) process(name string) *parts.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[name]
}

func (c *Cluster) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// Failed gives the error of the first process that ended by itself.
func (c *Cluster) Failed() <-chan error { return c.failed }

// Settings says where everything is.
func (c *Cluster) Settings() Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	settings := c.settings
	settings.Admin = maps.Clone(c.settings.Admin)
	return settings
}

// Stop ends the daemons, newest first, then the parts, and waits for each.
func (c *Cluster) Stop(ctx context.Context) error {
	c.mu.Lock()
	c.stopping = true
	order := append([]string(nil), c.order...)
	c.mu.Unlock()
	c.restarts.end()
	var errs []error
	for i := len(order) - 1; i >= 0; i-- {
		p := c.process(order[i])
		if p == nil {
			continue // it was killed, or has died
		}
		if err := p.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", order[i], err))
		}
	}
	if err := os.Remove(settingsFile(c.config.Root)); err != nil && !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, fmt.Errorf("remove the cluster's settings: %w", err))
	}
	if c.run != filepath.Join(c.config.Root, "run") {
		errs = append(errs, os.RemoveAll(c.run))
	}
	return errors.Join(append(errs, c.dir.Close())...)
}
