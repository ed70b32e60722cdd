package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ferry/deploy/deployment"
	"ferry/deploy/parts"
)

// Config says where a cluster lives.
type Config struct {
	// Root is the folder of everything it keeps, ".ferry" in a checkout.
	Root string
	// Bin is the folder of the built programs; Root/bin if empty.
	Bin string
	// API is where the public API listens, "127.0.0.1:8080" if empty.
	API string
	// MiningAddress is paid by btcd's generate: the demo faucet's.
	MiningAddress string
	// Getenv finds what switches to real parts: DATABASE_URL, KAFKA_BROKERS,
	// BITCOIN_URL (with user and password in it), ETHEREUM_URL.
	Getenv func(string) string
	// Progress is told of each step before it begins, and of each daemon that ended
	// by itself and is started again.
	Progress func(step string)
	// NoRestart leaves a daemon that ends by itself down: its end is the cluster's.
	NoRestart bool
	// Policy, if not nil, changes the demo's deployment before it is written.
	Policy func(*deployment.Deployment)
}

// Cluster is a running Ferry.
type Cluster struct {
	config   Config
	dir      *parts.Dir
	run      string
	settings Settings
	failed   chan error

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
	c.settings.SupportURL, c.settings.OperatorURL = urls["ferry_support"], urls["ferry_operator"]
	c.settings.API = "http://" + c.config.API
	if err := c.startDaemons(ctx, urls); err != nil {
		return err
	}
	return c.settings.write(c.config.Root)
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

func (c *Cluster) kafka(ctx context.Context) error {
	if brokers := c.config.Getenv("KAFKA_BROKERS"); brokers != "" {
		c.settings.Brokers = strings.Split(brokers, ",")
	} else {
		c.progress("starting Kafka")
		config := parts.KafkaProcessConfig{Dir: c.dir.Part("kafka"), LogFile: c.dir.Log("kafka"),
			Path: filepath.Join(c.config.Bin, "ferry"), Args: []string{"kafka"}}
		kafka, err := parts.StartKafka(ctx, config)
		if err != nil {
			return err
		}
		c.part("kafka", func(ctx context.Context) (*parts.Process, error) {
			p, err := parts.StartKafka(ctx, config)
			if err != nil {
				return nil, err
			}
			return p.Process, nil
		})
		c.started("kafka", kafka.Process)
		c.settings.Brokers = []string{kafka.Broker()}
	}
	return parts.EnsureTopics(ctx, c.settings.Brokers...)
}

func (c *Cluster) nodes(ctx context.Context) error {
	if external := c.config.Getenv("BITCOIN_URL"); external != "" {
		node, err := nodeURL("BITCOIN_URL", external)
		if err != nil {
			return err
		}
		c.settings.Bitcoin = node
	} else {
		c.progress("starting btcd")
		config := parts.BtcdConfig{Path: filepath.Join(c.config.Bin, "btcd"), Dir: c.dir.Part("btcd"),
			LogFile: c.dir.Log("btcd"), MiningAddress: c.config.MiningAddress}
		btcd, err := parts.StartBtcd(ctx, config)
		if err != nil {
			return err
		}
		c.part("btcd", func(ctx context.Context) (*parts.Process, error) {
			p, err := parts.StartBtcd(ctx, config)
			if err != nil {
				return nil, err
			}
			return p.Process, nil
		})
		c.started("btcd", btcd.Process)
		c.settings.Bitcoin = Node{URL: "http://" + btcd.RPCAddress(), User: btcd.RPCUser(), Password: btcd.RPCPassword()}
	}
	if external := c.config.Getenv("ETHEREUM_URL"); external != "" {
		c.settings.Ethereum = Node{URL: external}
		return nil
	}
	c.progress("starting geth")
	config := parts.GethConfig{Path: filepath.Join(c.config.Bin, "geth"), Dir: c.dir.Part("geth"), LogFile: c.dir.Log("geth")}
	geth, err := parts.StartGeth(ctx, config)
	if err != nil {
		return err
	}
	c.part("geth", func(ctx context.Context) (*parts.Process, error) {
		p, err := parts.StartGeth(ctx, config)
		if err != nil {
			return nil, err
		}
		return p.Process, nil
	})
	c.started("geth", geth.Process)
	c.settings.Ethereum = Node{URL: geth.HTTPURL()}
	return nil
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
	if c.running[name] == nil {
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
		if c.revive(name, p, began) {
			return
		}
		c.fail(fmt.Errorf("%s ended: %w", name, p.Err()))
	}()
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
func (c *Cluster) Settings() Settings { return c.settings }

// Stop ends the daemons, newest first, then the parts, and waits for each.
func (c *Cluster) Stop(ctx context.Context) error {
	c.mu.Lock()
	c.stopping = true
	order := append([]string(nil), c.order...)
	c.mu.Unlock()
	c.restarts.end()
	var errs []error
	for i := len(order) - 1; i >= 0; i-- {
		c.mu.Lock()
		p := c.running[order[i]]
		c.mu.Unlock()
		if p == nil {
			continue // it was killed and not started again
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
