package attest

import (
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// creditsAt is what a block brought to an address.
func creditsAt(t *testing.T, c *fakechain.Chain, at chain.Ref, address string) []chain.Credit {
	t.Helper()
	b, err := c.Block(t.Context(), at, only(address))
	if err != nil {
		t.Fatal(err)
	}
	return b.Credits
}

// A token that came to an address is found as that token and nothing else: not as the
// chain's own coin, nor as another token, nor by a log that no balance bears out.
func TestTokensAreLookedAtAsWhatTheyAre(t *testing.T) {
	t.Parallel()
	networks := swaptest.Networks
	networks.Tokens = asset.Tokens{USDT: "0x1111111111111111111111111111111111111111", USDC: "0x2222222222222222222222222222222222222222"}
	c := fakechain.NewEthereum(fakechain.Config{Networks: networks})
	w, err := NewWitness(WitnessConfig{Nodes: map[asset.Chain][]Node{asset.Ethereum: {{c, named("Geth")}}}, Rules: rules()})
	if err != nil {
		t.Fatal(err)
	}
	address := c.NewAddress()
	c.PayToken(asset.USDT, fakechain.Output{Address: address, Units: asset.NewUnits(7_000_000)})
	at := c.Mine(1)
	c.LogToken(asset.USDC, fakechain.Output{Address: address, Units: asset.NewUnits(7_000_000)})
	lied := c.Mine(1)
	c.MineEmpty(confirmations)
	found := creditsAt(t, c, at, address)
	i := slices.IndexFunc(found, func(credit chain.Credit) bool { return credit.Asset == asset.USDT })
	if i < 0 || len(creditsAt(t, c, lied, address)) != 0 {
		t.Fatalf("the chain shows %+v", found)
	}
	claim := Claim{Chain: asset.Ethereum, DepositID: "ethereum:" + found[i].CoinID(), Address: address, Block: at,
		Amount: asset.Amount{Asset: asset.USDT, Units: asset.NewUnits(7_000_000)}}
	if _, err := w.Look(t.Context(), claim); err != nil {
		t.Error(err)
	}
	for _, id := range []asset.ID{asset.USDC, asset.ETH} {
		other := claim
		other.Amount.Asset = id
		_, err := w.Look(t.Context(), other)
		swaptest.WantRefusal(t, err, swap.CodeRefused, "units", "not of")
	}
	claim.Block, claim.Amount.Asset = lied, asset.USDC
	_, err = w.Look(t.Context(), claim)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "deposit_id", "no such deposit")
}
