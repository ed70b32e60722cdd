package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	deployed "ferry/deploy/cluster"
	demo "ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	settings "ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// limits is the baseline of rows whose subject says what share it used of what it may:
// 1 is all of it.
var limits = Side{Name: "the limits", Run: func(context.Context, int) (Sample, error) {
	return Sample{Operations: 1, Seconds: 1, CPU: 1}, nil
}}

// deployment is a running Ferry of two chains, every daemon a process of its own, on a
// Postgres, a Kafka, a btcd and a geth of its own.
type deployment struct {
	log  *slog.Logger
	root string
	up   *deployed.Cluster
	btc  *faucet.Bitcoin
	eth  *faucet.Ethereum
	api  *client.Client
	// facts are those that start was asked for, as Kafka has them.
	facts chan swap.Fact
	tail  context.CancelFunc
	ended chan error
}

func newDeployment(env *Env) *deployment {
	return &deployment{log: env.Log, facts: make(chan swap.Fact, 10_000), ended: make(chan error, 1)}
}

// start builds the programs and brings all up; facts that are wanted are heard from then on.
func (d *deployment) start(ctx context.Context, wanted func(swap.Fact) bool) (err error) {
	// Postgres and the daemons with keys run as users of their own, who must get there.
	if d.root, err = os.MkdirTemp("", "ferry-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(d.root, 0o755); err != nil {
		return err
	}
	bin := filepath.Join(d.root, "bin")
	if err := buildInto(ctx, bin); err != nil {
		return err
	}
	mining, err := faucet.BitcoinMiningAddress(deployed.DemoNetworks())
	if err != nil {
		return err
	}
	api, err := parts.ListenFree()
	if err != nil {
		return err
	}
	if err := api.Close(); err != nil {
		return err
	}
	d.up, err = deployed.Start(ctx, deployed.Config{Root: filepath.Join(d.root, ".ferry"), Bin: bin, API: api.Addr().String(),
		MiningAddress: mining, Getenv: func(string) string { return "" }})
	if err != nil {
		return err
	}
	d.follow(ctx, wanted)
	return d.connect(ctx)
}

// buildInto makes the programs, and puts the nodes beside them.
func buildInto(ctx context.Context, bin string) error {
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", bin+"/", "ferry/cmd/...")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/...: %w\n%s", err, output)
	}
	built, err := builtPrograms()
	if err != nil {
		return err
	}
	for _, node := range []string{"btcd", "geth"} {
		if err := os.Symlink(filepath.Join(built, node), filepath.Join(bin, node)); err != nil {
			return err
		}
	}
	return nil
}

func (d *deployment) follow(ctx context.Context, wanted func(swap.Fact) bool) {
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d.tail = cancel
	go func() {
		d.ended <- bus.Tail(following, d.up.Settings().Brokers, bus.TopicFacts, d.log, func(r bus.Record) {
			if f, err := r.Fact(); err == nil && wanted(f) {
				select {
				case d.facts <- f:
				case <-following.Done():
				}
			}
		})
	}()
}

// connect makes the wallet's client and the faucets, the one of bitcoin with coins to give.
func (d *deployment) connect(ctx context.Context) (err error) {
	s, networks := d.up.Settings(), deployed.DemoNetworks()
	if d.btc, err = faucet.NewBitcoin(demo.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}, networks); err != nil {
		return err
	}
	if err := d.btc.Mature(ctx, nil); err != nil {
		return err
	}
	if d.eth, err = faucet.NewEthereum(ctx, s.Ethereum.URL, networks); err != nil {
		return err
	}
	policy, err := settings.Load(s.Deployment)
	if err != nil {
		return err
	}
	quoteKeys, quoteErr := policy.PublicQuoteKeys()
	attestKeys, attestErr := policy.PublicAttestKeys()
	if err := errors.Join(quoteErr, attestErr); err != nil {
		return err
	}
	d.api, err = client.New(client.Config{URL: s.API, Networks: networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys})
	return err
}

// fundAddress is where the treasury takes a chain's coins.
func (d *deployment) fundAddress(ctx context.Context, chain asset.Chain) (string, error) {
	show := exec.CommandContext(ctx, filepath.Join(d.root, "bin", "ferry"), "--root", filepath.Join(d.root, ".ferry"), "treasury", "fund-address", string(chain))
	address, err := show.Output()
	if err != nil {
		return "", fmt.Errorf("ferry treasury fund-address: %w", err)
	}
	return strings.TrimSpace(string(address)), nil
}

// fundEther gives the house a hundred ether.
func (d *deployment) fundEther(ctx context.Context) error {
	house, err := d.fundAddress(ctx, asset.Ethereum)
	if err != nil {
		return err
	}
	_, err = d.eth.Pay(ctx, house, asset.MustUnits("100000000000000000000"))
	return err
}

// Where ether is paid and refunded to; of bitcoin each swap has an address of its own.
const (
	etherPayout = "0x00000000219ab540356cBB839Cbe05303d7705Fa"
	etherRefund = "0x1111111254EEB25477B68fb85Ed929f73A960582"
)

// book asks for a quote until there is one, and makes a swap of it.
func (d *deployment) book(ctx context.Context, from, to asset.ID, deposit string) (client.Created, error) {
	key, err := demo.NewKey(deployed.DemoNetworks())
	if err != nil {
		return client.Created{}, err
	}
	policy := swap.RefundPolicy()
	ask := client.SwapRequest{Policy: &policy, PayoutAddress: etherPayout, RefundAddress: key.Address()}
	if from == asset.ETH {
		ask.PayoutAddress, ask.RefundAddress = key.Address(), etherRefund
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		_, signed, err := d.api.CreateQuote(ctx, client.QuoteRequest{From: from, To: to, DepositAmount: deposit})
		if err == nil {
			ask.SignedQuote = signed
			return d.api.CreateSwap(ctx, rand.Text(), ask)
		}
		if !client.Passing(err) {
			return client.Created{}, err
		}
		select {
		case <-ctx.Done():
			return client.Created{}, errors.Join(ctx.Err(), err)
		case <-again.C:
		}
	}
}

func (d *deployment) close(ctx context.Context) error {
	var errs []error
	if d.tail != nil {
		d.tail()
		errs = append(errs, <-d.ended)
	}
	if d.btc != nil {
		d.btc.Close()
	}
	if d.eth != nil {
		d.eth.Close()
	}
	if d.up != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), liveWait)
		defer cancel()
		errs = append(errs, d.up.Stop(stopping))
	}
	if d.root != "" {
		errs = append(errs, os.RemoveAll(d.root))
	}
	return errors.Join(errs...)
}
