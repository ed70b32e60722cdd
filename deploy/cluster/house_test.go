package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"

	"ferry/deploy/cluster"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/deployment"
	"ferry/deploy/parts"
	"ferry/swap/asset"
)

// Limits. They are reached only when something is broken.
const (
	runLimit  = 8 * time.Minute // of the whole test
	waitLimit = 2 * time.Minute
	lookEvery = 40 * time.Millisecond
	blockPace = 250 * time.Millisecond // of the miner; geth makes a block a second

	scrapeEvery = 500 * time.Millisecond // most metrics are read every few seconds only
)

// house is a running Ferry with all that is around it: users, a miner, a faucet.
type house struct {
	root, port string
	networks   asset.Networks
	up         *cluster.Cluster
	api        *client.Client
	node       *bitcoin.Node
	faucetBTC  *faucet.Bitcoin
	faucetETH  *faucet.Ethereum
	eth        *ethclient.Client
	close      func() error // of this start

	mining sync.Mutex // held by who wants no block now
	asking sync.Mutex // held by the one who asks for a quote

	mu       sync.Mutex
	keys     map[string]bitcoin.Key // of the addresses that users gave
	promises []promise
	swaps    []string
}

// promise is what an address must have received in all, from the chain's first block.
type promise struct {
	of, address string
	amount      asset.Amount
}

// newHouse starts a cluster of two chains on a fresh folder and funds its treasury.
func newHouse(ctx context.Context, t *testing.T) *house {
	t.Helper()
	return newHouseOf(ctx, t, cluster.DemoNetworks())
}

func newHouseOf(ctx context.Context, t *testing.T, networks asset.Networks) *house {
	t.Helper()
	root, err := openFolder("ferry-e2e-")
	must(t, err)
	h := &house{root: filepath.Join(root, ".ferry"), port: freePort(t), networks: networks, keys: map[string]bitcoin.Key{}}
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	t.Cleanup(func() {
		if t.Failed() {
			h.showLogs(t)
		}
		if h.close != nil {
			must(t, h.close())
		}
	})
	must(t, h.start(ctx, t))
	must(t, h.fund(ctx))
	return h
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := parts.ListenFree()
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}

// start brings everything up on the house's folder, with a miner at work.
func (h *house) start(ctx context.Context, t *testing.T) (err error) {
	t.Helper()
	address, err := faucet.BitcoinMiningAddress(h.networks)
	if err != nil {
		return err
	}
	began := time.Now()
	h.up, err = cluster.Start(ctx, cluster.Config{Root: h.root, Bin: programs, API: h.port, MiningAddress: address, Networks: h.networks, Getenv: setting})
	if err != nil {
		return err
	}
	t.Logf("up after %s", time.Since(began).Round(10*time.Millisecond))
	stopMiner := func() error { return nil }
	h.close = func() error {
		err := stopMiner()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		h.close = nil
		return errors.Join(err, h.up.Stop(stopping))
	}
	if err := h.connect(ctx); err != nil {
		return err
	}
	if err := h.faucetBTC.Mature(ctx, nil); err != nil {
		return err
	}
	stopMiner = h.mine(ctx)
	return nil
}

// setting lets the environment choose the broker and nothing else.
func setting(name string) string {
	if name == "KAFKA" {
		return os.Getenv(name)
	}
	return ""
}

func (h *house) connect(ctx context.Context) error {
	s := h.up.Settings()
	d, err := deployment.Load(s.Deployment)
	if err != nil {
		return err
	}
	quoteKeys, quoteErr := d.PublicQuoteKeys()
	attestKeys, attestErr := d.PublicAttestKeys()
	if err := errors.Join(quoteErr, attestErr); err != nil {
		return err
	}
	btcd := bitcoin.NodeConfig{URL: s.Bitcoin.URL, User: s.Bitcoin.User, Password: s.Bitcoin.Password}
	if h.api, err = client.New(client.Config{URL: s.API, Networks: h.networks, QuoteKeys: quoteKeys, AttestKeys: attestKeys}); err != nil {
		return err
	}
	if h.node, err = bitcoin.NewNode(btcd); err != nil {
		return err
	}
	if h.faucetBTC, err = faucet.NewBitcoin(btcd, h.networks); err != nil {
		return err
	}
	if h.faucetETH, err = faucet.NewEthereum(ctx, s.Ethereum.URL, h.networks); err != nil {
		return err
	}
	h.eth, err = ethclient.DialContext(ctx, s.Ethereum.URL)
	return err
}

// mine makes blocks until it is stopped, except while h.mining is held.
func (h *house) mine(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	miner := h.faucetBTC
	go func() {
		ticker := time.NewTicker(blockPace)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-ticker.C:
			}
			h.mining.Lock()
			err := miner.Mine(ctx, 1)
			h.mining.Unlock()
			if err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
	}()
	return func() error { cancel(); return <-done }
}

// fund sends house capital, as the treasury would, until quotes are given.
func (h *house) fund(ctx context.Context) error {
	to := map[asset.Chain]string{}
	for _, chain := range h.networks.Chains() {
		page, err := h.ferry(ctx, "treasury", "fund-address", string(chain))
		if err != nil {
			return err
		}
		to[chain] = strings.TrimSpace(page)
	}
	// In several coins: a payout takes its change out of sight until it is confirmed.
	outputs := []faucet.Output{}
	for range 8 {
		outputs = append(outputs, faucet.Output{Address: to[asset.Bitcoin], Units: asset.NewUnits(200_000_000)})
	}
	_, err := h.faucetBTC.Pay(ctx, outputs)
	if err != nil {
		return err
	}
	if _, err = h.faucetETH.Pay(ctx, to[asset.Ethereum], asset.MustUnits("300000000000000000000")); err != nil {
		return err
	}
	for _, a := range h.networks.Assets() {
		if !a.Token {
			continue
		}
		if _, err := h.faucetETH.PayToken(ctx, to[a.Chain], asset.Amount{Asset: a.ID, Units: asset.NewUnits(100_000_000_000)}); err != nil {
			return err
		}
	}
	return nil
}

// ferry runs the operators' command line; a status other than 0 is an error.
func (h *house) ferry(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "ferry"), append([]string{"--root", h.root}, args...)...)
	cmd.Env = []string{"HOME=/nonexistent"}
	output, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ferry %s: %w\n%s", strings.Join(args, " "), err, output)
	}
	return string(output), nil
}

// received is what the nodes show at an address, in blocks.
func (h *house) received(ctx context.Context, p promise) (*big.Int, error) {
	if p.amount.Asset == asset.ETH {
		return h.eth.BalanceAt(ctx, common.HexToAddress(p.address), nil)
	}
	if asset.MustLookup(p.amount.Asset).Token {
		return h.faucetETH.TokenBalance(ctx, p.amount.Asset, p.address)
	}
	h.mu.Lock()
	key, known := h.keys[p.address]
	h.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("%s is no address of a user", p.address)
	}
	sat, err := h.node.Received(ctx, key)
	return big.NewInt(sat), err
}

// kept asks the nodes whether every address has what it was promised and no unit more.
func (h *house) kept(ctx context.Context) error {
	h.mu.Lock()
	promises := append([]promise(nil), h.promises...)
	h.mu.Unlock()
	var errs []error
	for _, p := range promises {
		got, err := h.received(ctx, p)
		if err == nil && got.Cmp(p.amount.Units.Big()) != 0 {
			err = fmt.Errorf("has %s base units, promised were %s (%s)", got, p.amount.Units, p.amount)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %s %w", p.of, p.address, err))
		}
	}
	return errors.Join(errs...)
}

// showLogs prints how each process's log ends.
func (h *house) showLogs(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.root, "log", "*.log"))
	must(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
		t.Logf("%s:\n%s", filepath.Base(file), bytes.Join(lines[max(0, len(lines)-12):], []byte("\n")))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
