package faucet_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/wallet"
	"ferry/swap/asset"
)

func TestMiningAddressIsForWorthlessChainsOnly(t *testing.T) {
	t.Parallel()
	for network, want := range map[string]string{"simnet": "sb1q", "regtest": "bcrt1q", "mainnet": "", "testnet3": "", "signet": "", "": ""} {
		address, err := faucet.BitcoinMiningAddress(asset.Networks{Bitcoin: network, EthereumChainID: 1337})
		if (err == nil) != (want != "") || !strings.HasPrefix(address, want) {
			t.Errorf("%q: address %q, error %v", network, address, err)
		}
	}
	if _, err := faucet.NewEthereum(t.Context(), "http://127.0.0.1:1", asset.Networks{Bitcoin: "simnet", EthereumChainID: 1}); err == nil {
		t.Error("the faucet would pay on Ethereum's main network")
	}
}

func newBitcoin(t *testing.T, cfg bitcoin.NodeConfig) *faucet.Bitcoin {
	t.Helper()
	f, err := faucet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	t.Cleanup(f.Close)
	return f
}

// One chain through two starts: mature, pay, dust, then from disk again.
func TestBitcoinPaysAgainAfterARestart(t *testing.T) {
	t.Parallel()
	ctx, dir := demotest.Context(t), t.TempDir()
	node, cfg := demotest.Btcd(t, dir)
	f := newBitcoin(t, cfg)

	if _, err := f.Pay(ctx, []faucet.Output{{Address: newAddress(t, cfg), Units: asset.NewUnits(1)}}); !errors.Is(err, bitcoin.ErrFunds) {
		t.Fatalf("a payment on an empty chain: %v", err)
	}
	var told []int64
	must(t, f.Mature(ctx, func(height, _ int64) { told = append(told, height) }))
	if len(told) < 3 || told[0] != 0 || told[len(told)-1] != faucet.MatureHeight {
		t.Fatalf("progress was %v", told)
	}
	user, err := wallet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	t.Cleanup(user.Close)
	address, err := user.NewAddress()
	must(t, err)
	pay(ctx, t, f, address, 150_000_000)
	pay(ctx, t, f, address, 600)             // what an advertiser sends
	pay(ctx, t, f, address, 120*100_000_000) // more than two blocks give
	must(t, f.Mine(ctx, 1))
	wantReceived(ctx, t, user, address, 150_000_000+600+120*100_000_000)
	must(t, node.Stop(ctx))

	_, cfg = demotest.Btcd(t, dir)
	again := newBitcoin(t, cfg)
	height, err := again.Height(ctx)
	must(t, err)
	must(t, again.Mature(ctx, nil))
	if after, err := again.Height(ctx); err != nil || after != height || height != faucet.MatureHeight+1 {
		t.Fatalf("height %d, then %d (%v): a mature chain is left alone", height, after, err)
	}
	pay(ctx, t, again, address, 7_000_000) // refused as a double spend if a spent coin were offered
	must(t, again.Mine(ctx, 1))
	wantReceived(ctx, t, user, address, 7_000_000+150_000_000+600+120*100_000_000)
}

// A block that is made empty leaves a payment where it is; the next takes it.
func TestEmptyBlockTakesNothing(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	_, cfg := demotest.Btcd(t, t.TempDir())
	f := newBitcoin(t, cfg)
	must(t, f.Mature(ctx, nil))
	user, err := wallet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	t.Cleanup(user.Close)
	address, err := user.NewAddress()
	must(t, err)
	pay(ctx, t, f, address, 1_000_000)
	for i := range int64(3) {
		must(t, f.MineEmpty(ctx))
		if height, err := f.Height(ctx); err != nil || height != faucet.MatureHeight+1+i {
			t.Fatalf("height %d after %d empty blocks (%v)", height, i+1, err)
		}
		wantConfirmed(ctx, t, cfg, address, 0)
	}
	must(t, f.Mine(ctx, 1))
	wantConfirmed(ctx, t, cfg, address, 1)
}

// Two faucets on one chain, as when a visitor pays from the shell while the demo
// runs: each pass over what the other spends.
func TestTwoFaucetsNeverSpendTheSameCoin(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	_, cfg := demotest.Btcd(t, t.TempDir())
	one, two := newBitcoin(t, cfg), newBitcoin(t, cfg)
	must(t, one.Mature(ctx, nil))
	address := newAddress(t, cfg)
	const each = 8
	ids := make(chan string, 2*each)
	var both sync.WaitGroup
	for _, f := range []*faucet.Bitcoin{one, two} {
		both.Go(func() {
			for range each {
				id, err := f.Pay(ctx, []faucet.Output{{Address: address, Units: asset.NewUnits(1_000_000)}})
				if err != nil {
					t.Error(err)
				}
				ids <- id
			}
		})
	}
	both.Wait()
	close(ids)
	seen := map[string]bool{}
	for id := range ids {
		seen[id] = true
	}
	if len(seen) != 2*each {
		t.Errorf("%d different transactions, want %d", len(seen), 2*each)
	}
}

func TestBitcoinRefuses(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	_, cfg := demotest.Btcd(t, t.TempDir())
	f := newBitcoin(t, cfg)
	must(t, f.Mature(ctx, nil))
	good := newAddress(t, cfg)
	for name, outputs := range map[string][]faucet.Output{
		"nothing":                     nil,
		"an address of another chain": {{Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Units: asset.NewUnits(1000)}},
		"no units":                    {{Address: good}},
		"more than there is":          {{Address: good, Units: asset.MustUnits("2100000000000001")}},
		"more than it pays":           {{Address: good, Units: asset.MustUnits("2000000000000000")}},
		"dust no node relays":         {{Address: good, Units: asset.NewUnits(293)}},
	} {
		if id, err := f.Pay(ctx, outputs); err == nil {
			t.Errorf("%s: paid by %s", name, id)
		}
	}
	for _, count := range []int64{-1, 0, 1001} {
		if err := f.Mine(ctx, count); err == nil {
			t.Errorf("mined %d blocks", count)
		}
	}
	pay(ctx, t, f, good, 294) // the least that is relayed
}

// What a person types: the amount in coins, the address, the asset.
func TestGive(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	_, cfg := demotest.Btcd(t, t.TempDir())
	nodes := faucet.Nodes{UTXO: map[asset.Chain]bitcoin.NodeConfig{asset.Bitcoin: cfg}, Ethereum: demotest.Geth(t, t.TempDir()), Networks: demotest.TokenNetworks()}
	f := newBitcoin(t, cfg)
	must(t, f.Mature(ctx, nil))
	user, err := wallet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	t.Cleanup(user.Close)
	address, err := user.NewAddress()
	must(t, err)
	for range 2 { // each by a faucet of its own, as from the shell
		_, err = faucet.Give(ctx, nodes, asset.BTC, address, "0.02")
		must(t, err)
	}
	must(t, f.Mine(ctx, 1))
	wantReceived(ctx, t, user, address, 4_000_000)
	const to = "0x52908400098527886E0F7030069857D2E4169EE7"
	source, err := faucet.NewEthereum(ctx, nodes.Ethereum, nodes.Networks)
	must(t, err)
	t.Cleanup(source.Close)
	must(t, source.MakeTokens(ctx))
	for _, id := range []asset.ID{asset.ETH, asset.USDC} {
		_, err = faucet.Give(ctx, nodes, id, to, "0.5")
		must(t, err)
	}
	if got, err := source.TokenBalance(ctx, asset.USDC, to); err != nil || got.Int64() != 500_000 {
		t.Errorf("%s base units arrived (%v)", got, err)
	}
	for name, bad := range map[string][3]string{
		"asset": {"DOGE", to, "1"}, "places": {"BTC", address, "0.000000001"}, "sign": {"ETH", to, "-1"},
		"address": {"ETH", address, "1"}, "a token's places": {"USDT", to, "0.0000001"}, "no node": {"LTC", address, "1"},
	} {
		if id, err := faucet.Give(ctx, nodes, asset.ID(bad[0]), bad[1], bad[2]); err == nil {
			t.Errorf("%s: paid by %s", name, id)
		}
	}
}

func TestMineEvery(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	node, cfg := demotest.Btcd(t, t.TempDir())
	f := newBitcoin(t, cfg)
	mining, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.MineEvery(mining, 10*time.Millisecond) }()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for height := int64(0); height < 3; <-poll.C {
		var err error
		height, err = f.Height(ctx)
		must(t, err)
	}
	stop()
	must(t, <-ended)
	must(t, node.Stop(ctx))
	if err := f.MineEvery(ctx, time.Millisecond); err == nil || !strings.Contains(err.Error(), "5 times in a row") {
		t.Errorf("mining without a node: %v", err)
	}
}

func TestEthereumPays(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	f, err := faucet.NewEthereum(ctx, demotest.Geth(t, t.TempDir()), demotest.Networks)
	must(t, err)
	t.Cleanup(f.Close)
	const to = "0x52908400098527886E0F7030069857D2E4169EE7"
	wei := asset.MustUnits("1234567890123456789")
	_, err = f.Pay(ctx, to, wei)
	must(t, err)
	balance, err := f.Balance(ctx, to)
	must(t, err)
	if balance.Cmp(wei.Big()) != 0 {
		t.Errorf("%s arrived, want %s", balance, wei)
	}
	if _, err := f.Pay(ctx, "0x0000000000000000000000000000000000000000", wei); !errors.Is(err, asset.ErrAddressForbidden) {
		t.Errorf("paying the zero address: %v", err)
	}
}

func newAddress(t *testing.T, cfg bitcoin.NodeConfig) string {
	t.Helper()
	w, err := wallet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	address, err := w.NewAddress()
	must(t, err)
	return address
}

// wantConfirmed asks for the confirmations of the one output that an address has.
func wantConfirmed(ctx context.Context, t *testing.T, cfg bitcoin.NodeConfig, address string, want int64) {
	t.Helper()
	node, err := bitcoin.NewNode(cfg)
	must(t, err)
	t.Cleanup(node.Close)
	txs, err := node.Transactions(ctx, address)
	must(t, err)
	if len(txs) != 1 {
		t.Fatalf("%d transactions pay %s", len(txs), address)
	}
	for i := range txs[0].TxOut {
		at := wire.OutPoint{Hash: txs[0].TxHash(), Index: uint32(i)}
		if got, ok, err := node.Unspent(ctx, at); err != nil || !ok || got != want {
			t.Fatalf("output %d has %d confirmations (there: %t, %v), not %d", i, got, ok, err, want)
		}
	}
}

func pay(ctx context.Context, t *testing.T, f *faucet.Bitcoin, address string, sat uint64) {
	t.Helper()
	_, err := f.Pay(ctx, []faucet.Output{{Address: address, Units: asset.NewUnits(sat)}})
	must(t, err)
}

func wantReceived(ctx context.Context, t *testing.T, w *wallet.Bitcoin, address string, sat uint64) {
	t.Helper()
	got, err := w.Received(ctx, address)
	must(t, err)
	if got != asset.NewUnits(sat) {
		t.Errorf("%s sat arrived, want %d", got, sat)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
