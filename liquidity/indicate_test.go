package liquidity_test

import (
	"testing"
	"time"

	"ferry/gateway/stream"
	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: a running desk with a spread and a fee that leave no round number. Test: what
// the gateway indicates from the published rate is the quote that is locked, whichever
// amount is asked for, in both directions.
func TestTheRateIndicatesTheLock(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, func(c *liquidity.Config) {
		for i := range c.Pairs {
			c.Pairs[i].SpreadBPS, c.Pairs[i].FeeBPS = 37, 53
		}
	})
	rates := map[asset.Pair]swap.Rate{}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for len(rates) < 2 {
		select {
		case r := <-d.rates:
			if r.Unavailable == "" {
				rates[r.Pair] = r
			}
		case <-limit.C:
			t.Fatalf("only %d rates came", len(rates))
		}
	}
	for _, c := range []struct{ from, to, deposit, payout string }{
		{"ETH", "BTC", "1.234567891234567891", ""}, {"ETH", "BTC", "", "0.01234567"},
		{"BTC", "ETH", "0.01234567", ""}, {"BTC", "ETH", "", "0.98765432"},
	} {
		pair := asset.Pair{From: asset.ID(c.from), To: asset.ID(c.to)}
		ask := stream.Ask{Pair: pair, Deposit: asset.Amount{Asset: pair.From}, Payout: asset.Amount{Asset: pair.To}}
		var err error
		if c.deposit != "" {
			ask.Deposit, err = asset.ParseDecimal(pair.From, c.deposit)
		} else {
			ask.Payout, err = asset.ParseDecimal(pair.To, c.payout)
		}
		if err != nil {
			t.Fatal(err)
		}
		shown, err := stream.Indicate(rates[pair], ask)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := d.lock(t.Context(), c.from, c.to, c.deposit, c.payout, "alice")
		if err != nil {
			t.Fatal(err)
		}
		q, err := swap.VerifyQuote(signed, d.keys)
		if err != nil {
			t.Fatal(err)
		}
		if q.Deposit != shown.Deposit || q.Payout != shown.Payout {
			t.Errorf("locked %s for %s, indicated %s for %s", q.Payout, q.Deposit, shown.Payout, shown.Deposit)
		}
	}
}
