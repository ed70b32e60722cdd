package utxo

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// TestSelectCoins: whatever the coins, a selection contains all of Must in front,
// no coin twice, and enough; and there is one whenever all coins worth spending
// together are enough.
func TestSelectCoins(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Uint64Range(0, 2000), rapid.Uint64Range(0, 10_000_000))
		coins := func(label string, most int) []chain.Coin {
			values := rapid.SliceOfN(value, 0, most).Draw(t, label)
			var out []chain.Coin
			for i, v := range values {
				out = append(out, chain.Coin{TxID: fmt.Sprintf("%s%d", label, i), Units: asset.NewUnits(v)})
			}
			return out
		}
		f := chain.Funds{Must: coins("must", 4), Coins: coins("coin", 30)}
		f.Coins = append(f.Coins, f.Must...) // the store may offer them twice
		amount := rapid.Uint64Range(546, 20_000_000).Draw(t, "amount")
		perInput := rapid.Uint64Range(1, 1000).Draw(t, "per input")
		need := func(n int) uint64 { return amount + 100 + perInput*uint64(n) }

		c := costs{need: need, input: perInput, usualInput: rapid.Uint64Range(1, 1000).Draw(t, "usual"), change: 31, seed: 7}
		s, err := reader().selectCoins(f, c)
		if err != nil {
			if !errors.Is(err, chain.ErrFunds) {
				t.Fatal(err)
			}
			var worth uint64
			n := len(f.Must)
			for _, c := range f.Must {
				v, _ := c.Units.Uint64()
				worth += v
			}
			for _, c := range f.Coins[:len(f.Coins)-len(f.Must)] {
				if v, _ := c.Units.Uint64(); v > perInput {
					worth, n = worth+v, n+1
				}
			}
			if n > 0 && worth >= need(n) {
				t.Fatalf("refused though %d sat are there for %d", worth, need(n))
			}
			return
		}
		var sum uint64
		seen := map[string]bool{}
		for i, c := range s.coins {
			if seen[c.ID()] || i < len(f.Must) && c.ID() != f.Must[i].ID() {
				t.Fatalf("selection %+v of must %+v", s.coins, f.Must)
			}
			seen[c.ID()] = true
			v, _ := c.Units.Uint64()
			sum += v
		}
		if sum != s.sat || sum < need(len(s.coins)) || len(s.coins) < len(f.Must) {
			t.Fatalf("%d sat (%d) for %d", sum, s.sat, need(len(s.coins)))
		}
	})
}

func TestSelectCoinsIsBounded(t *testing.T) {
	t.Parallel()
	var coins []chain.Coin
	for i := range maxInputs + 1 {
		coins = append(coins, chain.Coin{TxID: fmt.Sprint(i), Units: asset.NewUnits(1000)})
	}
	all := func(int) uint64 { return 1000 * (maxInputs + 1) }
	if _, err := reader().selectCoins(chain.Funds{Coins: coins}, costs{need: all, input: 1, usualInput: 1}); !errors.Is(err, chain.ErrFunds) {
		t.Errorf("optional coins: %v", err)
	}
	if _, err := reader().selectCoins(chain.Funds{Must: coins}, costs{need: all, input: 1, usualInput: 1}); err == nil {
		t.Error("too many coins that must be spent were taken")
	}
	twice := chain.Funds{Must: []chain.Coin{coins[0], coins[0]}}
	if _, err := reader().selectCoins(twice, costs{need: func(int) uint64 { return 1 }}); err == nil {
		t.Error("a coin was taken twice")
	}
}
