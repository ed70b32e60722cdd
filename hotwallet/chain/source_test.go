package chain_test

import (
	"regexp"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

func TestCreditIDs(t *testing.T) {
	t.Parallel()
	plain := chain.Credit{TxID: "0xaa", Index: 7, Address: "0xAb", Units: asset.NewUnits(5)}
	if got := plain.CoinID(); got != "0xaa:7" {
		t.Fatalf("an output's id is %s", got)
	}
	inside := plain
	inside.Source = chain.Internal
	// Fixed for ever: ids are stored, told and signed. Computed with another program.
	const want = "0xaa:214972017208646355499119683230842144666"
	if got := inside.CoinID(); got != want {
		t.Fatalf("an internal credit's id is %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, change := range []func(*chain.Credit){
		func(*chain.Credit) {},
		func(c *chain.Credit) { c.TxID = "0xbb" },
		func(c *chain.Credit) { c.Address = "0xAc" },
		func(c *chain.Credit) { c.Units = asset.NewUnits(6) },
		func(c *chain.Credit) { c.Source = chain.Withdrawal },
		func(c *chain.Credit) { c.Source = chain.Reward },
	} {
		c := inside
		change(&c)
		id := c.CoinID()
		if seen[id] || !regexp.MustCompile(`^0x(aa|bb):[1-3][0-9]{38}$`).MatchString(id) {
			t.Errorf("%+v has the id %s", c, id)
		}
		seen[id] = true
	}
}
