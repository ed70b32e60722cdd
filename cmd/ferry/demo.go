package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ferry/deploy/cluster"
	"ferry/deploy/demo"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/show"
	"ferry/deploy/deployment"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/support"
)

// demoBlockEvery is the pace of the miner while the demo stays up.
const demoBlockEvery = 3 * time.Second

// demoStopLimit is how long an orderly stop may take.
const demoStopLimit = 90 * time.Second

func demoCommand(a *app) *cobra.Command {
	var once bool
	var api string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run all of Ferry on this machine, and swap BTC and ETH both ways on real nodes",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), api, once)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "stop after the two swaps are settled and proved")
	cmd.Flags().StringVar(&api, "api", "127.0.0.1:8080", "address of the public API, on the loopback interface")
	return cmd
}

// demo brings everything up, shows two swaps, has them proved by another program,
// and prints the books. Without once it stays up until it is interrupted.
func (a *app) demo(ctx context.Context, api string, once bool) (err error) {
	display := show.New(show.ForFile(os.Stdout))
	defer func() { err = errors.Join(err, display.Close()) }()

	up, err := a.startCluster(ctx, api, display)
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoStopLimit)
		defer cancel()
		line := display.Start("stop", "stopping the daemons, then the parts")
		if stopErr := up.Stop(stopping); stopErr != nil {
			line.Fail(stopErr.Error())
			err = errors.Join(err, stopErr)
			return
		}
		line.Done("everything has stopped; its data stays in " + a.root)
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case failure := <-up.Failed():
			cancel(failure)
		case <-ctx.Done():
		}
	}()
	if err := a.perform(ctx, up.Settings(), display); err != nil {
		return orCause(ctx, err)
	}
	if once {
		return nil
	}
	return orCause(ctx, a.stayUp(ctx, up.Settings(), display))
}

// orCause prefers the reason for which everything was cancelled.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

func (a *app) startCluster(ctx context.Context, api string, display *show.Show) (*cluster.Cluster, error) {
	mining, err := faucet.BitcoinMiningAddress(cluster.DemoNetworks())
	if err != nil {
		return nil, err
	}
	line := display.Start("start", "starting")
	began := time.Now()
	up, err := cluster.Start(ctx, cluster.Config{Root: a.root, API: api, MiningAddress: mining,
		Getenv: func(name string) string { v, _ := a.lookup(name); return v }, Progress: line.Update})
	if err != nil {
		line.Fail(err.Error())
		return nil, err
	}
	line.Done(fmt.Sprintf("everything is up after %s: %s", time.Since(began).Round(100*time.Millisecond), up.Settings().API))
	return up, nil
}

// perform makes the two swaps, has them proved, and prints the books.
func (a *app) perform(ctx context.Context, s cluster.Settings, display *show.Show) error {
	d, err := deployment.Load(s.Deployment)
	if err != nil {
		return err
	}
	quoteKeys, err := d.PublicQuoteKeys()
	if err != nil {
		return err
	}
	attestKeys, err := d.PublicAttestKeys()
	if err != nil {
		return err
	}
	funds, err := a.demoFunds(ctx)
	if err != nil {
		return err
	}
	claims := filepath.Join(a.root, "run", "claims.json")
	_, err = demo.Run(ctx, demo.Config{API: s.API, Bitcoin: bitcoinNode(s), Ethereum: s.Ethereum.URL, Networks: d.Networks,
		QuoteKeys: quoteKeys, AttestKeys: attestKeys, Funds: funds, ClaimsFile: claims, Show: display})
	if err != nil {
		return err
	}
	if err := prove(ctx, filepath.Join(a.root, "bin", "prove"), claims, s, display); err != nil {
		return err
	}
	return a.printBooks(ctx, display)
}

func bitcoinNode(s cluster.Settings) bitcoin.NodeConfig {
	return bitcoin.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}
}

// demoFunds says what the hot wallet needs before it can pay anybody.
func (a *app) demoFunds(ctx context.Context) ([]demo.Fund, error) {
	needs := map[asset.ID][2]string{asset.BTC: {"1", "10"}, asset.ETH: {"30", "300"}}
	var funds []demo.Fund
	err := a.read(ctx, func(r *support.Reader) error {
		for _, known := range cluster.DemoNetworks().Assets() {
			address, err := r.FundAddress(ctx, known.Chain)
			if err != nil {
				return err
			}
			least, err := asset.ParseDecimal(known.ID, needs[known.ID][0])
			if err != nil {
				return err
			}
			send, err := asset.ParseDecimal(known.ID, needs[known.ID][1])
			if err != nil {
				return err
			}
			chain := known.Chain
			funds = append(funds, demo.Fund{Asset: known.ID, Address: address, Least: least, Send: send,
				Available: func(ctx context.Context) (asset.Units, error) { return a.available(ctx, chain) }})
		}
		return nil
	})
	return funds, err
}

// available is what the hot wallet can pay on a chain now, of its own asset.
func (a *app) available(ctx context.Context, chain asset.Chain) (asset.Units, error) {
	confirmations, err := a.confirmations()
	if err != nil {
		return asset.Units{}, err
	}
	var found asset.Units
	err = a.read(ctx, func(r *support.Reader) error {
		all, err := r.Balances(ctx, confirmations)
		if err != nil {
			return err
		}
		for _, b := range all {
			if b.Chain == chain && b.Available.Asset == chain.NativeID() && b.Available.Units.Sign() > 0 {
				if found, err = asset.UnitsFromBig(b.Available.Units); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return found, err
}

// prove runs the separate program, which shares no code with Ferry and asks the
// nodes alone.
func prove(ctx context.Context, program, claims string, s cluster.Settings, display *show.Show) error {
	display.Say("")
	display.Say("prove, a program of its own, asks the nodes:")
	program, err := filepath.Abs(program)
	if err != nil {
		return fmt.Errorf("find prove: %w", err)
	}
	cmd := exec.CommandContext(ctx, program, "-claims", claims, "-bitcoin", s.Bitcoin.URL, "-ethereum", s.Ethereum.URL)
	cmd.Env = []string{"BITCOIN_RPC_USER=" + s.Bitcoin.User, "BITCOIN_RPC_PASSWORD=" + s.Bitcoin.Password}
	said, err := cmd.CombinedOutput()
	display.Say(string(said))
	if err != nil {
		return fmt.Errorf("the nodes do not confirm what was promised: %w", err)
	}
	return nil
}

// printBooks prints what `ferry treasury balances` and `ferry books` print.
func (a *app) printBooks(ctx context.Context, display *show.Show) error {
	for _, command := range [][]string{{"treasury", "balances"}, {"books"}} {
		display.Say("ferry " + command[0] + ":")
		page, code := a.capture(ctx, command)
		display.Say(page)
		if code != 0 {
			return fmt.Errorf("ferry %s ended with status %d", command[0], code)
		}
	}
	return nil
}

// stayUp mines blocks and waits for the end.
func (a *app) stayUp(ctx context.Context, s cluster.Settings, display *show.Show) error {
	text, err := demo.Instructions(demo.Place{API: s.API, Ferry: filepath.Join(a.root, "bin", "ferry"), Networks: cluster.DemoNetworks()})
	if err != nil {
		return err
	}
	display.Say(text)
	miner, err := faucet.NewBitcoin(bitcoinNode(s), cluster.DemoNetworks())
	if err != nil {
		return err
	}
	defer miner.Close()
	return miner.MineEvery(ctx, demoBlockEvery)
}
