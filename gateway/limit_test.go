package gateway

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ferry/swap/asset"
)

// However many clients come, no more than the limit are remembered, and the most
// recent ones are: one that has just used up its burst is still refused.
func TestRatesAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5).Draw(t, "most")
		now := time.Unix(1_700_000_000, 0)
		r := newRates(Limits{PostsPerMinute: 60, PostBurst: 2, Clients: most}, func() time.Time { return now })
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 9), 1, 60).Draw(t, "clients") {
			client := fmt.Sprint(n)
			for range 3 {
				r.allow(client)
			}
			if r.allow(client) {
				t.Fatalf("client %s has sent its burst and is allowed more", client)
			}
			if len(r.clients) > most || r.recent.Len() != len(r.clients) {
				t.Fatalf("%d clients in the map and %d in the list, at most %d", len(r.clients), r.recent.Len(), most)
			}
		}
		now = now.Add(time.Second)
		last := r.recent.Front().Value.(*clientRate).client
		if !r.allow(last) || r.allow(last) {
			t.Fatal("one more request a second must be allowed, and no second one")
		}
	})
}

func TestClientOf(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1", "[::ffff:192.0.2.1]:5": "192.0.2.1", "[2001:db8:1:2:3:4:5:6]:5": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:5": "fe80::/64", "192.0.2.1": "192.0.2.1", "@": "unknown", "": "unknown",
	} {
		if got := clientOf(remote); got != want {
			t.Errorf("%q is client %q, want %q", remote, got, want)
		}
	}
}

// The amounts in payment links, against the forms of BIP 21 and EIP-681.
func TestPaymentURI(t *testing.T) {
	t.Parallel()
	n := asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337, Tokens: asset.Tokens{USDC: "0xUSDC"}}
	for _, c := range []struct {
		id    asset.ID
		units string
		want  string
	}{
		{asset.BTC, "1", "bitcoin:ADDR?amount=0.00000001"},
		{asset.BTC, "5000000000", "bitcoin:ADDR?amount=50"},
		{asset.BTC, "1500000", "bitcoin:ADDR?amount=0.015"},
		{asset.LTC, "150000000", "litecoin:ADDR?amount=1.5"},
		{asset.BCH, "1", "ADDR?amount=0.00000001"},
		{asset.USDC, "25000001", "ethereum:0xUSDC@1337/transfer?address=ADDR&uint256=25000001"},
		{asset.ETH, "1", "ethereum:ADDR@1337?value=1"},
		{asset.ETH, "2014000000000000000", "ethereum:ADDR@1337?value=2014000000000000000"},
	} {
		got, err := paymentURI(n, "ADDR", asset.Amount{Asset: c.id, Units: asset.MustUnits(c.units)})
		if err != nil || got != c.want {
			t.Errorf("%s %s: %q (%v), want %q", c.units, c.id, got, err, c.want)
		}
	}
	for _, id := range []asset.ID{"DOGE", asset.USDT} {
		if _, err := paymentURI(n, "ADDR", asset.Amount{Asset: id}); err == nil {
			t.Errorf("%s, which is not swapped, has a link", id)
		}
	}
}
