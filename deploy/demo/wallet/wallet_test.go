package wallet_test

import (
	"errors"
	"testing"
	"time"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/deploy/demo/wallet"
	"ferry/swap/asset"
)

// Funded by the faucet, the wallet pays exactly, gets its change, and can spend
// that as well, on Bitcoin and its siblings.
func TestBitcoinPaysExactly(t *testing.T) {
	t.Parallel()
	for _, chain := range []asset.Chain{asset.Bitcoin, asset.Litecoin, asset.BitcoinCash} {
		t.Run(string(chain), func(t *testing.T) {
			t.Parallel()
			paysExactly(t, chain)
		})
	}
}

func paysExactly(t *testing.T, chain asset.Chain) {
	t.Helper()
	ctx := demotest.Context(t)
	cfg := demotest.UTXO(t, chain, t.TempDir())
	source, err := faucet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	must(t, source.Mature(ctx, nil))
	payer, receiver := newBitcoin(t, cfg), newBitcoin(t, cfg)

	funded, err := payer.NewAddress()
	must(t, err)
	_, err = source.Pay(ctx, []faucet.Output{{Address: funded, Units: asset.NewUnits(2_000_000)}, {Address: funded, Units: asset.NewUnits(1_000_000)}})
	must(t, err)
	to, err := receiver.NewAddress()
	must(t, err)
	if _, err := payer.Pay(ctx, to, asset.NewUnits(1000)); !errors.Is(err, bitcoin.ErrFunds) {
		t.Fatalf("spent an unconfirmed coin: %v", err)
	}
	must(t, source.Mine(ctx, 1))

	amount := asset.NewUnits(2_500_001) // needs both coins
	_, err = payer.Pay(ctx, to, amount)
	must(t, err)
	if _, err := source.Pay(ctx, []faucet.Output{{Address: to, Units: asset.NewUnits(0)}}); err == nil {
		t.Error("paid nothing")
	}
	if got, err := receiver.Received(ctx, to); err != nil || !got.IsZero() {
		t.Errorf("%s sat have arrived before a block (%v)", got, err)
	}
	must(t, source.Mine(ctx, 1))
	if got, err := receiver.Received(ctx, to); err != nil || got != amount {
		t.Errorf("%s sat arrived (%v), want %s", got, err, amount)
	}
	left, err := payer.Balance(ctx)
	must(t, err)
	if left.IsZero() || !left.Less(asset.NewUnits(500_000-1)) || left.Less(asset.NewUnits(490_000)) {
		t.Errorf("%s sat of change: not what was left less a fee", left)
	}
	if _, err := payer.Pay(ctx, to, left); !errors.Is(err, bitcoin.ErrFunds) {
		t.Errorf("paid everything and a fee: %v", err)
	}
	_, err = payer.Pay(ctx, to, asset.NewUnits(400_000)) // from the change
	must(t, err)
	must(t, source.Mine(ctx, 1))
	if got, err := receiver.Received(ctx, to); err != nil || got != asset.NewUnits(2_900_001) {
		t.Errorf("%s sat arrived in all (%v)", got, err)
	}
	if _, err := payer.Received(ctx, to); err == nil {
		t.Error("told what another wallet received")
	}
}

func TestBitcoinAddressesAreFreshAndLimited(t *testing.T) {
	t.Parallel()
	w := newBitcoin(t, bitcoin.NodeConfig{URL: "http://127.0.0.1:1"})
	seen := map[string]bool{}
	for {
		address, err := w.NewAddress()
		if errors.Is(err, wallet.ErrKeys) {
			break
		}
		must(t, err)
		canonical, err := demotest.Networks.ParseAddress(asset.Bitcoin, address)
		if err != nil || canonical != address || seen[address] {
			t.Fatalf("address %s: %v, canonical %s, seen before: %t", address, err, canonical, seen[address])
		}
		seen[address] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d addresses", len(seen))
	}
}

func TestEthereumPaysExactly(t *testing.T) {
	t.Parallel()
	ctx := demotest.Context(t)
	url := demotest.Geth(t, t.TempDir())
	source, err := faucet.NewEthereum(ctx, url, demotest.Networks)
	must(t, err)
	t.Cleanup(source.Close)
	w, err := wallet.NewEthereum(ctx, url, demotest.Networks)
	must(t, err)
	t.Cleanup(w.Close)
	to, err := w.NewAddress()
	must(t, err)
	amount := asset.MustUnits("500000000000000001")
	if _, err := w.Pay(ctx, to, amount); !errors.Is(err, wallet.ErrFunds) {
		t.Fatalf("paid from an empty account: %v", err)
	}
	for _, wei := range []string{"2000000000000000000", "1"} { // with the second's block the pool has followed the first's
		_, err = source.Pay(ctx, w.Address(), asset.MustUnits(wei))
		must(t, err)
	}
	for range 2 { // the second before the first is mined: nonces follow one another
		_, err = w.Pay(ctx, to, amount)
		must(t, err)
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		got, err := w.Received(ctx, to)
		must(t, err)
		if got == asset.MustUnits("1000000000000000002") {
			break
		}
		if asset.MustUnits("1000000000000000002").Less(got) {
			t.Fatalf("%s wei arrived", got)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s wei arrived until the end", got)
		case <-poll.C:
		}
	}
	if _, err := w.Pay(ctx, "0xdac17f958d2ee523a2206206994597c13d831ec7", amount); !errors.Is(err, asset.ErrAddressForbidden) {
		t.Errorf("paid a token contract: %v", err)
	}
}

// In a token the same account pays exactly, and for gas in ether.
func TestTokenPaysExactly(t *testing.T) {
	t.Parallel()
	ctx, url, networks := demotest.Context(t), demotest.Geth(t, t.TempDir()), demotest.TokenNetworks()
	source, err := faucet.NewEthereum(ctx, url, networks)
	must(t, err)
	t.Cleanup(source.Close)
	must(t, source.MakeTokens(ctx))
	account, err := wallet.NewEthereum(ctx, url, networks)
	must(t, err)
	t.Cleanup(account.Close)
	w := account.Token(asset.USDT)
	to, err := w.NewAddress()
	must(t, err)
	amount, endowment := asset.NewUnits(12_345_678), asset.Amount{Asset: asset.USDT, Units: asset.NewUnits(30_000_000)}
	if _, err := w.Pay(ctx, to, amount); !errors.Is(err, wallet.ErrFunds) {
		t.Fatalf("paid from an empty account: %v", err)
	}
	gasless, err := wallet.NewEthereum(ctx, url, networks)
	must(t, err)
	t.Cleanup(gasless.Close)
	_, err = source.PayToken(ctx, gasless.Address(), endowment)
	must(t, err)
	if _, err := gasless.Token(asset.USDT).Pay(ctx, to, amount); !errors.Is(err, wallet.ErrFunds) {
		t.Fatalf("paid without gas: %v", err)
	}
	// The gas a block before the token: the pool has followed it by then.
	_, err = source.Pay(ctx, w.Address(), asset.MustUnits("10000000000000000"))
	must(t, err)
	_, err = source.PayToken(ctx, w.Address(), endowment)
	must(t, err)
	for range 2 { // the second before the first is mined
		_, err = w.Pay(ctx, to, amount)
		must(t, err)
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		got, err := w.Received(ctx, to)
		must(t, err)
		if got == asset.NewUnits(24_691_356) {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s base units arrived until the end", got)
		case <-poll.C:
		}
	}
	if left, err := w.Balance(ctx); err != nil || left != asset.NewUnits(5_308_644) {
		t.Errorf("%s base units are left (%v)", left, err)
	}
	if _, err := account.Token(asset.LTC).Received(ctx, to); err == nil {
		t.Error("told a balance of what is no token")
	}
	if _, err := w.Pay(ctx, networks.Tokens.USDT, amount); err == nil {
		t.Error("paid the token's own contract")
	}
}

func newBitcoin(t *testing.T, cfg bitcoin.NodeConfig) *wallet.Bitcoin {
	t.Helper()
	w, err := wallet.NewBitcoin(cfg, demotest.Networks)
	must(t, err)
	t.Cleanup(w.Close)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
