package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	deployed "ferry/deploy/cluster"
	demo "ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// What each way may take: the limits of the row.
const (
	seenMost    = 3 * time.Second
	blockMost   = 2 * time.Second
	restartMost = 30 * time.Second
	// liveDeposits are followed a round, each through the mempool and a block.
	liveDeposits  = 20
	liveFillLimit = 4 * time.Minute
	// liveWait bounds the wait for one fact.
	liveWait = time.Minute
	// liveSat is dust: it is told as any deposit, and nothing has to be paid back.
	liveSat = 400
)

func init() {
	register(Row{
		Number: 21, Name: "live", Slow: true, Rounds: 3, Goal: 1, Unit: "limits",
		What: fmt.Sprintf("a whole deployment: %d deposits, node to fact in Kafka, p99 within %s from the mempool and %s from a block; hotwalletd killed and live again within %s. The worst of the three",
			liveDeposits, seenMost, blockMost, restartMost),
		Prepare: prepareLive,
	})
}

// live is a running Ferry with one swap that is paid in dust.
type live struct {
	env     *Env
	root    string
	up      *deployed.Cluster
	faucet  *faucet.Bitcoin
	address string
	facts   chan swap.Fact
	tail    context.CancelFunc
	ended   chan error
	// seen, mined and restarted are all that was measured.
	seen, mined, restarted []time.Duration
}

func prepareLive(ctx context.Context, env *Env) (*Trial, error) {
	l := &live{env: env, facts: make(chan swap.Fact, 10_000), ended: make(chan error, 1)}
	limited, cancel := context.WithTimeout(ctx, liveFillLimit)
	defer cancel()
	if err := l.start(limited); err != nil {
		return nil, errors.Join(err, l.close(ctx))
	}
	return &Trial{
		Baseline: Side{Name: "the limits", Run: func(context.Context, int) (Sample, error) {
			return Sample{Operations: 1, Seconds: 1, CPU: 1}, nil
		}},
		Subject: Side{Name: "what is used of them", Run: l.round}, Notes: l.notes,
		Close: func() error { return l.close(ctx) },
	}, nil
}

// start builds the programs and brings all up, until there is an address to pay to.
func (l *live) start(ctx context.Context) (err error) {
	// Postgres and the daemons with keys run as users of their own, who must get there.
	if l.root, err = os.MkdirTemp("", "ferry-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(l.root, 0o755); err != nil {
		return err
	}
	bin := filepath.Join(l.root, "bin")
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
	l.up, err = deployed.Start(ctx, deployed.Config{Root: filepath.Join(l.root, ".ferry"), Bin: bin, API: api.Addr().String(),
		MiningAddress: mining, Getenv: func(string) string { return "" }})
	if err != nil {
		return err
	}
	l.follow(ctx)
	return l.open(ctx)
}

// follow hears every fact from now on.
func (l *live) follow(ctx context.Context) {
	following, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.tail = cancel
	go func() {
		l.ended <- bus.Tail(following, l.up.Settings().Brokers, bus.TopicFacts, l.env.Log, func(r bus.Record) {
			if f, err := r.Fact(); err == nil && f.Deposit != nil {
				select {
				case l.facts <- f:
				case <-following.Done():
				}
			}
		})
	}()
}

// open makes a swap from bitcoin, for which the house needs ether.
func (l *live) open(ctx context.Context) error {
	s := l.up.Settings()
	networks := deployed.DemoNetworks()
	var err error
	if l.faucet, err = faucet.NewBitcoin(demo.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}, networks); err != nil {
		return err
	}
	if err := l.faucet.Mature(ctx, nil); err != nil {
		return err
	}
	ether, err := faucet.NewEthereum(ctx, s.Ethereum.URL, networks)
	if err != nil {
		return err
	}
	defer ether.Close()
	show := exec.CommandContext(ctx, filepath.Join(l.root, "bin", "ferry"), "--root", filepath.Join(l.root, ".ferry"), "treasury", "fund-address", "ethereum")
	house, err := show.Output()
	if err != nil {
		return fmt.Errorf("ferry treasury fund-address: %w", err)
	}
	if _, err := ether.Pay(ctx, strings.TrimSpace(string(house)), asset.MustUnits("100000000000000000000")); err != nil {
		return err
	}
	d, err := deployment.Load(s.Deployment)
	if err != nil {
		return err
	}
	quoteKeys, quoteErr := d.PublicQuoteKeys()
	attestKeys, attestErr := d.PublicAttestKeys()
	if err := errors.Join(quoteErr, attestErr); err != nil {
		return err
	}
	api, err := client.New(client.Config{URL: s.API, Networks: networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys})
	if err != nil {
		return err
	}
	l.address, err = depositAddress(ctx, api, networks)
	return err
}

// depositAddress asks for a quote until there is one, and gives the address to pay to.
func depositAddress(ctx context.Context, api *client.Client, networks asset.Networks) (string, error) {
	refund, err := demo.NewKey(networks)
	if err != nil {
		return "", err
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		_, signed, err := api.CreateQuote(ctx, client.QuoteRequest{From: asset.BTC, To: asset.ETH, DepositAmount: "0.02"})
		if err == nil {
			policy := swap.RefundPolicy()
			created, err := api.CreateSwap(ctx, rand.Text(), client.SwapRequest{SignedQuote: signed, Policy: &policy,
				PayoutAddress: "0x00000000219ab540356cBB839Cbe05303d7705Fa", RefundAddress: refund.Address()})
			if err != nil {
				return "", err
			}
			return created.Terms.Receipt.DepositAddress, nil
		}
		if !client.Passing(err) {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(ctx.Err(), err)
		case <-again.C:
		}
	}
}

// round follows deposits, and one past the death of hotwalletd. Its seconds are the
// greatest share of a limit that was used.
func (l *live) round(ctx context.Context, _ int) (Sample, error) {
	var seen, mined []time.Duration
	for range l.env.scale(liveDeposits) {
		txid, err := l.pay(ctx)
		if err != nil {
			return Sample{}, err
		}
		took, err := l.until(ctx, txid, swap.FactDepositSeen, time.Now())
		if err != nil {
			return Sample{}, err
		}
		seen = append(seen, took)
		if err := l.faucet.Mine(ctx, 1); err != nil {
			return Sample{}, err
		}
		if took, err = l.until(ctx, txid, swap.FactDepositInBlock, time.Now()); err != nil {
			return Sample{}, err
		}
		mined = append(mined, took)
	}
	restarted, err := l.restart(ctx)
	if err != nil {
		return Sample{}, err
	}
	l.seen, l.mined, l.restarted = append(l.seen, seen...), append(l.mined, mined...), append(l.restarted, restarted)
	used := max(share(quantile(seen, 99), seenMost), share(quantile(mined, 99), blockMost), share(restarted, restartMost))
	return Sample{Operations: 1, Seconds: used, CPU: used}, nil
}

// restart kills hotwalletd, pays meanwhile, and takes the time from its start until
// that is told.
func (l *live) restart(ctx context.Context) (time.Duration, error) {
	const name = "hotwalletd-bitcoin"
	if err := l.up.Kill(name); err != nil {
		return 0, err
	}
	txid, err := l.pay(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := l.up.Restart(ctx, name); err != nil {
		return 0, err
	}
	return l.until(ctx, txid, swap.FactDepositSeen, began)
}

func (l *live) pay(ctx context.Context) (string, error) {
	return l.faucet.Pay(ctx, []faucet.Output{{Address: l.address, Units: asset.NewUnits(liveSat)}})
}

// until waits for the fact of a transaction and says how long it took since.
func (l *live) until(ctx context.Context, txid string, kind swap.FactKind, since time.Time) (time.Duration, error) {
	limit := time.NewTimer(liveWait)
	defer limit.Stop()
	for {
		select {
		case f := <-l.facts:
			if f.Kind == kind && f.Deposit.TxID == txid {
				return max(time.Since(since), 0), nil
			}
		case err := <-l.up.Failed():
			return 0, err
		case <-limit.C:
			return 0, fmt.Errorf("no %s of %s within %s", kind, txid, liveWait)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (l *live) notes() []string {
	line := func(what string, all []time.Duration, most time.Duration) string {
		return fmt.Sprintf("%s: median %s, p99 %s of %d; limit %s", what, quantile(all, 50).Round(time.Millisecond),
			quantile(all, 99).Round(time.Millisecond), len(all), most)
	}
	return []string{line("node's acceptance to deposit.seen in Kafka", l.seen, seenMost),
		line("block to deposit.in_block in Kafka", l.mined, blockMost), line("start of hotwalletd to the first fact", l.restarted, restartMost)}
}

func (l *live) close(ctx context.Context) error {
	var errs []error
	if l.tail != nil {
		l.tail()
		errs = append(errs, <-l.ended)
	}
	if l.faucet != nil {
		l.faucet.Close()
	}
	if l.up != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), liveWait)
		defer cancel()
		errs = append(errs, l.up.Stop(stopping))
	}
	if l.root != "" {
		errs = append(errs, os.RemoveAll(l.root))
	}
	return errors.Join(errs...)
}

func share(took, most time.Duration) float64 { return took.Seconds() / most.Seconds() }

// quantile is the least value that so many percent do not exceed.
func quantile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}
