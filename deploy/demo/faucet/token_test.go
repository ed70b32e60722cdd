package faucet_test

import (
	"encoding/json"
	"os"
	"testing"

	"ferry/deploy/demo/demotest"
	"ferry/deploy/demo/faucet"
	"ferry/hotwallet/chain/ethereum"
	"ferry/swap/asset"
)

// The tokens are made where a deployment expects them, once, are what a hot wallet takes
// for tokens, and pay.
func TestTokensAreMadeOnce(t *testing.T) {
	t.Parallel()
	ctx, url := demotest.Context(t), demotest.Geth(t, t.TempDir())
	networks := demotest.TokenNetworks()
	must(t, networks.Validate())
	f, err := faucet.NewEthereum(ctx, url, networks)
	must(t, err)
	t.Cleanup(f.Close)
	for range 2 {
		must(t, f.MakeTokens(ctx))
	}
	wallet, err := ethereum.New(ethereum.Config{URL: url, Networks: networks})
	must(t, err)
	must(t, wallet.CheckTokens(ctx))
	const to = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	for _, id := range []asset.ID{asset.USDT, asset.USDC} {
		amount := asset.Amount{Asset: id, Units: asset.NewUnits(12_345_678)}
		txid, err := f.PayToken(ctx, to, amount)
		must(t, err)
		if got, err := f.TokenBalance(ctx, id, to); err != nil || got.String() != amount.Units.String() || len(txid) != 66 {
			t.Errorf("%s: %s arrived with %s (%v), want %s", id, got, txid, err, amount.Units)
		}
	}
	for name, a := range map[string]asset.Amount{
		"ether": {Asset: asset.ETH, Units: asset.NewUnits(1)}, "more than there is": {Asset: asset.USDT, Units: asset.MustUnits("9000000000000000000")},
	} {
		if txid, err := f.PayToken(ctx, to, a); err == nil {
			t.Errorf("%s was paid by %s", name, txid)
		}
	}
}

// What the faucet makes is what the tests of the hot wallet are about.
func TestTokensAreTheContractsThatAreTested(t *testing.T) {
	t.Parallel()
	read := func(file string, into any) {
		raw, err := os.ReadFile(file)
		must(t, err)
		must(t, json.Unmarshal(raw, into))
	}
	var made map[asset.ID]string
	var tested struct {
		Contracts map[string]struct{ Code string }
	}
	read("tokens.json", &made)
	read("../../../hotwallet/chain/ethereum/testdata/contracts/artifacts.json", &tested)
	for id, contract := range map[asset.ID]string{asset.USDT: "Tether", asset.USDC: "Token"} {
		if made[id] == "" || made[id] != tested.Contracts[contract].Code {
			t.Errorf("%s is not contract %s: run `make contracts`", id, contract)
		}
	}
}
