package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ferry/deploy/cluster"
	"ferry/deploy/demo"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/show"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
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
		Short: "Run all of Ferry on this machine, and swap every asset on real nodes",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), api, once)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "stop after the swaps are settled and proved")
	cmd.Flags().StringVar(&api, "api", "127.0.0.1:8080", "address of the public API, on the loopback interface")
	return cmd
}

// demo brings everything up, shows swaps of every asset, has them proved by another program,
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

func (a *app) getenv(name string) string {
	value, _ := a.lookup(name)
	return value
}

// demoNetworks are those of all chains, but for Litecoin where it has no node: that is
// the one part which make does not build.
func (a *app) demoNetworks(display *show.Show) asset.Networks {
	networks := cluster.EveryNetwork()
	if _, err := parts.FindLitecoind(a.getenv("LITECOIND")); err != nil && a.getenv("LITECOIN_URL") == "" {
		display.Say(fmt.Sprintf("SKIPPED: Litecoin (%v)", err))
		networks.Litecoin = ""
	}
	return networks
}

func (a *app) startCluster(ctx context.Context, api string, display *show.Show) (*cluster.Cluster, error) {
	networks := a.demoNetworks(display)
	mining, err := faucet.MiningAddress(asset.Bitcoin, networks)
	if err != nil {
		return nil, err
	}
	cashMining, err := faucet.MiningAddress(asset.BitcoinCash, networks)
	if err != nil {
		return nil, err
	}
	hedging, err := a.hedging()
	if err != nil {
		return nil, err
	}
	line := display.Start("start", "starting")
	began := time.Now()
	up, err := cluster.Start(ctx, cluster.Config{Root: a.root, API: api, MiningAddress: mining, CashMiningAddress: cashMining, Networks: networks,
		Getenv: a.getenv, Progress: line.Update, Policy: gatherPayments, Env: both(hedging, hurried), LitecoinBlockFee: litecoinBlockFee()})
	if err != nil {
		line.Fail(err.Error())
		return nil, err
	}
	line.Done(fmt.Sprintf("everything is up after %s: %s", time.Since(began).Round(100*time.Millisecond), up.Settings().API))
	return up, nil
}

// demoWindow is how long the demo gathers payments that one transaction then pays.
const demoWindow = 2 * time.Second

// gatherPayments sets demoWindow on each chain whose transactions can pay several.
func gatherPayments(d *deployment.Deployment) {
	for name, c := range d.Chains {
		if name.Family() == asset.UTXO {
			c.BatchWindowMillis = demoWindow.Milliseconds()
			d.Chains[name] = c
		}
	}
}

// perform makes the swaps, has them proved, and prints the books.
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
	funds, err := a.demoFunds(ctx, d.Networks)
	if err != nil {
		return err
	}
	claims := filepath.Join(a.root, "run", "claims.json")
	_, err = demo.Run(ctx, demo.Config{API: s.API, UTXO: utxoNodes(s, d.Networks), Ethereum: s.Ethereum.URL, Networks: d.Networks,
		QuoteKeys: quoteKeys, AttestKeys: attestKeys, Funds: funds, ClaimsFile: claims, Show: display,
		Trouble: a.demoTrouble(s, d.Networks, display), Venues: demoVenues(s)})
	if err != nil {
		return err
	}
	if err := prove(ctx, filepath.Join(a.root, "bin", "prove"), claims, s, display); err != nil {
		return err
	}
	return a.printBooks(ctx, display)
}

// utxoNodes are the nodes of Bitcoin and its siblings, as strangers ask them.
func utxoNodes(s cluster.Settings, n asset.Networks) map[asset.Chain]bitcoin.NodeConfig {
	nodes := map[asset.Chain]bitcoin.NodeConfig{}
	for _, chain := range n.Chains() {
		if node := s.Node(chain); chain.Family() == asset.UTXO {
			nodes[chain] = bitcoin.NodeConfig{URL: node.URL, User: node.User, Password: node.Password, Chain: chain}
		}
	}
	return nodes
}

// demoFunds says what the hot wallet needs before it can pay anybody.
func (a *app) demoFunds(ctx context.Context, networks asset.Networks) ([]demo.Fund, error) {
	needs := map[asset.ID][2]string{asset.BTC: {"1", "10"}, asset.LTC: {"50", "400"}, asset.BCH: {"10", "100"}, asset.ETH: {"30", "300"},
		asset.USDT: {"20000", "200000"}, asset.USDC: {"20000", "200000"}}
	var funds []demo.Fund
	err := a.read(ctx, func(r *support.Reader) error {
		for _, known := range networks.Assets() {
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
			funds = append(funds, demo.Fund{Asset: known.ID, Address: address, Least: least, Send: send,
				Available: func(ctx context.Context) (asset.Units, error) { return a.available(ctx, known.ID) }})
		}
		return nil
	})
	return funds, err
}

// available is what the hot wallet can pay of an asset now.
func (a *app) available(ctx context.Context, id asset.ID) (asset.Units, error) {
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
			if b.Available.Asset == id && b.Available.Units.Sign() > 0 {
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
	cmd := exec.CommandContext(ctx, program, "-claims", claims)
	for _, chain := range asset.Chains() {
		if node := s.Node(chain); node.URL != "" {
			cmd.Args = append(cmd.Args, "-"+string(chain), node.URL)
			upper := strings.ToUpper(string(chain))
			cmd.Env = append(cmd.Env, upper+"_RPC_USER="+node.User, upper+"_RPC_PASSWORD="+node.Password)
		}
	}
	said, err := cmd.CombinedOutput()
	display.Say(string(said))
	if err != nil {
		return fmt.Errorf("the nodes do not confirm what was promised: %w", err)
	}
	return nil
}

// printBooks prints what `ferry treasury balances` and `ferry books` print.
func (a *app) printBooks(ctx context.Context, display *show.Show) error {
	for _, command := range [][]string{{"treasury", "balances"}, {"treasury", "hedges"}, {"books"}} {
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
	d, err := deployment.Load(s.Deployment)
	if err != nil {
		return err
	}
	text, err := demo.Instructions(demo.Place{API: s.API, Ferry: filepath.Join(a.root, "bin", "ferry"), Networks: d.Networks})
	if err != nil {
		return err
	}
	display.Say(text)
	miners, ctx := errgroup.WithContext(ctx)
	for _, node := range utxoNodes(s, d.Networks) {
		miner, err := faucet.NewBitcoin(node, d.Networks)
		if err != nil {
			return err
		}
		defer miner.Close()
		miners.Go(func() error { return miner.MineEvery(ctx, demoBlockEvery) })
	}
	return miners.Wait()
}
