package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/simulator"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/price"
)

// fair is the market of all registered venues, on the simulator, until the test ends.
func fair(t *testing.T) (server *simulator.Server, market *liquidity.Market) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	first, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	return played(t, []simulator.Market{first}, []liquidity.Instrument{instruments[asset.ETH]}, 10*time.Millisecond, log)
}

// played is the market of some books at all registered venues.
func played(t *testing.T, markets []simulator.Market, books []liquidity.Instrument, every time.Duration, log *slog.Logger) (*simulator.Server, *liquidity.Market) {
	t.Helper()
	server, err := simulator.New(simulator.Config{Seed: 1, Markets: markets, Every: every, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ws, http := "ws://"+l.Addr().String(), "http://"+l.Addr().String()
	paths := map[string]string{"kraken": "/kraken/v2", "coinbase": "/coinbase", "okx": "/okx/ws/v5/public", "bitstamp": "/bitstamp"}
	var opened []liquidity.Source
	for _, r := range register {
		for _, i := range books {
			source, err := r.open(place{i, ws + paths[r.name], http + paths[r.name], log, nil})
			if err != nil {
				t.Fatal(err)
			}
			opened = append(opened, source)
		}
	}
	market, err := liquidity.NewMarket(time.Now, opened...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- server.Run(ctx, l) }()
	go func() { ended <- market.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return server, market
}

// unplug ends a venue's connections and refuses what would bring its book back.
func unplug(t *testing.T, server *simulator.Server, venue string) {
	t.Helper()
	for _, fault := range []simulator.Fault{{Kind: simulator.Ban, Count: 1000, Seconds: 3600}, {Kind: simulator.Disconnect}} {
		fault.Venue = venue
		if err := server.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
}

// spreadMost is how far apart bid and ask may be, in basis points of the bid. Each
// venue's book is 2 to 4 wide and venues deviate by 1 either way; but on a machine that
// is starved one may be seconds behind the others.
const spreadMost = 100

// Setup: five simulated venues, followed by their clients. Test: with one unplugged no quote
// is refused for want of a price either way, the spread stays within its bound, and the price
// is where the market is; with all but one
// unplugged the pair says why it stopped.
func TestOneVenueUnpluggedRefusesNoQuoteAndAllButOneStopThePair(t *testing.T) {
	t.Parallel()
	server, market := fair(t)
	pair := asset.Pair{From: asset.BTC, To: asset.ETH}
	used := func() (n int) {
		for _, v := range market.Prices()[0].Venues {
			if v.Unfit == "" && !v.Excluded {
				n++
			}
		}
		return n
	}
	until := func(what string, reached func() bool) {
		t.Helper()
		limit, ticker := time.NewTimer(time.Minute), time.NewTicker(5*time.Millisecond)
		defer limit.Stop()
		defer ticker.Stop()
		for !reached() {
			select {
			case <-limit.C:
				t.Fatalf("%s did not come about: %+v", what, market.Prices())
			case <-ticker.C:
			}
		}
	}
	until("five venues", func() bool { return used() == 5 })
	priced := func() {
		top, err := market.Top(pair)
		if err != nil && used() >= 2 {
			// The machine may have stood still for all of them just before.
			top, err = market.Top(pair)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			return
		}
		for _, p := range []asset.Pair{pair, {From: pair.To, To: pair.From}} {
			_, err := smallest(market, p)
			if err != nil && used() >= 2 { // the machine may have stood still, as above
				_, err = smallest(market, p)
			}
			if err != nil && used() >= 2 {
				t.Fatalf("%s can't be quoted: %v", p, err)
			}
		}
		if spread := (top.Ask.Price - top.Bid.Price) * 10_000 / top.Bid.Price; spread > spreadMost || top.Bid.Price < 1_750_000 || top.Ask.Price > 5_250_000 {
			t.Fatalf("a spread of %d basis points: %+v", spread, top)
		}
	}
	unplug(t, server, "kraken")
	until("four venues", func() bool { priced(); return used() == 4 })
	for range 100 {
		priced()
	}
	for _, venue := range []string{"binance", "okx", "bitstamp"} {
		unplug(t, server, venue)
	}
	until("a reason", func() bool {
		_, err := market.Top(pair)
		var refusal *swap.Error
		return errors.As(err, &refusal) && refusal.Code == swap.CodePriceUnavailable && refusal.Message == "Only 1 of 5 venues prices ETH-BTC now; Ferry needs 2."
	})
	if v := market.Prices()[0].Venues; v[2].Venue != "coinbase" || v[2].Unfit != "" || v[1].Unfit == "" {
		t.Errorf("%+v", v)
	}
}

// The environment says which venues there are, and where; all of them otherwise.
func TestSources(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	for _, c := range []struct {
		env  map[string]string
		want int
	}{
		{nil, 5},
		{map[string]string{"FERRY_VENUES": "binance"}, 1},
		{map[string]string{"FERRY_VENUES": "kraken,okx", "FERRY_KRAKEN_STREAM_URL": "ws://127.0.0.1:1/v2"}, 2},
		{map[string]string{"FERRY_VENUES": "kraken", "FERRY_KRAKEN_STREAM_URL": "http://127.0.0.1:1"}, -1},
		{map[string]string{"FERRY_VENUES": "bitstamp", "FERRY_BITSTAMP_REST_URL": "nowhere"}, -1},
		{map[string]string{"FERRY_VENUES": "kraken,mtgox"}, -1},
		{map[string]string{"FERRY_VENUES": "kraken,"}, -1},
		{map[string]string{"FERRY_VENUES": "kraken,maker"}, -1},
		{map[string]string{"FERRY_VENUES": "kraken,maker", "FERRY_MAKER_STREAM_URL": "ws://127.0.0.1:1/maker"}, 2},
	} {
		setting := func(name, otherwise string) string {
			if v, ok := c.env[name]; ok {
				return v
			}
			return otherwise
		}
		books := []liquidity.Instrument{instruments[asset.ETH]}
		base, err := version0(testPolicy(t), books, (*hedgePlan)(nil).hedging(), setting)
		opened := 0
		for _, w := range subscriptions(base, books) {
			if _, failed := opener(setting, log)(w); failed != nil {
				err = failed
			}
			opened++
		}
		if (err != nil) != (c.want < 0) || err == nil && opened != c.want {
			t.Errorf("%v: %d sources, %v", c.env, opened, err)
		}
	}
}

// Setup: all venues with a book of every instrument. Test: every ordered pair of all
// assets gets a price, and the prices agree with one another.
func TestEveryPairHasAPrice(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	var markets []simulator.Market
	var pairs []liquidity.PairConfig
	for _, text := range []string{"ETH-BTC=0.035", "LTC-BTC=0.001", "BCH-BTC=0.005", "BTC-USDT=98000", "BTC-USDC=98010"} {
		m, err := simulator.ParseMarket(text)
		if err != nil {
			t.Fatal(err)
		}
		markets = append(markets, m)
	}
	for _, from := range asset.All() {
		for _, to := range asset.All() {
			if from.ID != to.ID {
				pairs = append(pairs, liquidity.PairConfig{Pair: asset.Pair{From: from.ID, To: to.ID}})
			}
		}
	}
	books, err := needed(pairs)
	if err != nil || len(books) != len(instruments) {
		t.Fatalf("%v, %v", books, err)
	}
	_, market := played(t, markets, books, 50*time.Millisecond, log)
	limit, ticker := time.NewTimer(time.Minute), time.NewTicker(20*time.Millisecond)
	defer limit.Stop()
	defer ticker.Stop()
	for _, p := range pairs {
		var num, den *big.Int
		for {
			there, err := smallest(market, p.Pair)
			back, backErr := smallest(market, asset.Pair{From: p.Pair.To, To: p.Pair.From})
			if err = errors.Join(err, backErr); err == nil {
				num, den = new(big.Int).Mul(there.Num, back.Num), new(big.Int).Mul(there.Den, back.Den)
				break
			}
			select {
			case <-limit.C:
				t.Fatalf("%s has no price: %v", p.Pair, err)
			case <-ticker.C:
			}
		}
		// There and back costs something, and less than a tenth.
		if tenth := new(big.Int).Mul(num, big.NewInt(10)); num.Cmp(den) >= 0 || tenth.Cmp(new(big.Int).Mul(den, big.NewInt(9))) < 0 {
			t.Errorf("%s there and back gives %s/%s", p.Pair, num, den)
		}
	}
}

// smallest is a pair's price for one base unit, without a margin.
func smallest(m *liquidity.Market, p asset.Pair) (price.Ratio, error) {
	c, err := m.Curve(p, asset.NewUnits(1), asset.NewUnits(1), func(liquidity.Condition) int64 { return 0 })
	return c.Ratio, err
}

// Only books that price a pair are read.
func TestNeededBooks(t *testing.T) {
	t.Parallel()
	of := func(pairs ...asset.Pair) (list []liquidity.PairConfig) {
		for _, p := range pairs {
			list = append(list, liquidity.PairConfig{Pair: p})
		}
		return list
	}
	for want, pairs := range map[string][]liquidity.PairConfig{
		"[]":                of(),
		"[ETH-BTC]":         of(asset.Pair{From: asset.BTC, To: asset.ETH}, asset.Pair{From: asset.ETH, To: asset.BTC}),
		"[LTC-BTC BCH-BTC]": of(asset.Pair{From: asset.BCH, To: asset.LTC}),
		"[BTC-USDC]":        of(asset.Pair{From: asset.USDC, To: asset.BTC}),
	} {
		if got, err := needed(pairs); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v; want %s", got, err, want)
		}
	}
}
