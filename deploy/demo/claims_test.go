package demo

import (
	"reflect"
	"testing"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/demotest"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// Each asset of which there is a node is taken in once and paid out once.
func TestEveryAssetIsInTheRing(t *testing.T) {
	t.Parallel()
	nodes := map[asset.Chain]bitcoin.NodeConfig{asset.Bitcoin: {}, asset.Litecoin: {}, asset.BitcoinCash: {}}
	for want, cfg := range map[int]Config{
		6: {Networks: demotest.TokenNetworks(), UTXO: nodes, Ethereum: "http://127.0.0.1:1"},
		4: {Networks: demotest.Networks, UTXO: nodes, Ethereum: "http://127.0.0.1:1"},
		3: {Networks: demotest.TokenNetworks(), UTXO: nodes},
	} {
		from, to := map[asset.ID]int{}, map[asset.ID]int{}
		for _, pair := range cfg.pairs() {
			from[pair.From]++
			to[pair.To]++
			if pair.From == pair.To {
				t.Errorf("%d: %s", want, pair)
			}
		}
		if len(from) != want || len(to) != want || len(cfg.pairs()) != want {
			t.Errorf("%v, want %d assets", cfg.pairs(), want)
		}
	}
}

// A payout in a token is claimed with the contract and its decimals, any other without.
func TestClaims(t *testing.T) {
	t.Parallel()
	networks := demotest.TokenNetworks()
	done := Done{ID: "swap", Payout: swaptest.Amount(asset.USDC, "12.5"), Address: "0xaa", PayoutTx: "0xbb"}
	want := Claim{Chain: asset.Ethereum, Address: "0xaa", Units: asset.NewUnits(12_500_000), TxID: "0xbb", Note: "swap",
		Token: asset.USDC, Contract: networks.Tokens.USDC, Decimals: 6}
	if got := claimOf(done, networks); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	done.Payout = swaptest.Amount(asset.ETH, "1")
	if got := claimOf(done, networks); got.Token != "" || got.Contract != "" || got.Decimals != 0 || got.Chain != asset.Ethereum {
		t.Errorf("%+v", got)
	}
}
