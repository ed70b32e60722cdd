package main

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/cmd/internal/daemon"
	"ferry/deploy/hedgefile"
	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/simulator"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

func account(venue string) hedgefile.Account {
	return hedgefile.Account{Key: simulator.AccountKey, Secret: simulator.Secret(venue), Passphrase: simulator.AccountPhrase, FeeBPS: simulator.FeeBPS}
}

func testFile() hedgefile.File {
	f := hedgefile.File{Venues: map[string]hedgefile.Account{}, Assets: map[asset.ID]hedgefile.Policy{asset.ETH: {Band: "0.01", OrderMost: "50"}}, SlipBPS: 200}
	for _, venue := range simulator.Venues() {
		f.Venues[venue] = account(venue)
	}
	return f
}

// Test: each mistake in the file ends the start with a sentence that says where it is, and
// shows no key.
func TestTheHedgeFileIsChecked(t *testing.T) {
	t.Parallel()
	write := func(change func(*hedgefile.File)) string {
		f := testFile()
		change(&f)
		path := filepath.Join(t.TempDir(), "hedge.json")
		if err := f.Write(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := func(raw string, mode os.FileMode) string {
		path := filepath.Join(t.TempDir(), "hedge.json")
		if err := os.WriteFile(path, []byte(raw), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ path, want string }{
		"missing":         {filepath.Join(t.TempDir(), "none"), "no such file"},
		"readable by all": {text(`{}`, 0o644), "0600"},
		"no JSON":         {text(`{"venues": hunter2`, 0o600), "no JSON"},
		"unknown field":   {text(`{"hunter2": 1}`, 0o600), "docs/hedging.md"},
		"too long":        {text(strings.Repeat(" ", 70_000), 0o600), "more than"},
		"no venue":        {write(func(f *hedgefile.File) { f.Venues = nil }), "no venue has a key"},
		"unknown venue":   {write(func(f *hedgefile.File) { f.Venues["mtgox"] = hedgefile.Account{} }), "mtgox"},
		"no key":          {write(func(f *hedgefile.File) { f.Venues["okx"] = hedgefile.Account{Key: "a"} }), "okx"},
		"a fee of 20 %":   {write(func(f *hedgefile.File) { f.Venues["okx"] = hedgefile.Account{Key: "a", FeeBPS: 2000} }), "2000 basis points"},
		"unknown asset":   {write(func(f *hedgefile.File) { f.Assets["DOGE"] = hedgefile.Policy{} }), "DOGE"},
		"the numeraire":   {write(func(f *hedgefile.File) { f.Assets[asset.BTC] = hedgefile.Policy{Band: "1"} }), "BTC"},
		"no decimal":      {write(func(f *hedgefile.File) { f.Assets[asset.ETH] = hedgefile.Policy{Band: "1e3"} }), "ETH"},
		"no size":         {write(func(f *hedgefile.File) { f.Assets[asset.ETH] = hedgefile.Policy{Band: "1"} }), "ETH"},
		"no band":         {write(func(f *hedgefile.File) { f.Accounts = map[asset.ID]hedgefile.Band{asset.BTC: {Least: "2", Most: "1"}} }), "no band"},
		"no widest band":  {write(func(f *hedgefile.File) { f.Assets[asset.ETH] = hedgefile.Policy{OrderMost: "1", BandMost: "x"} }), "asset ETH: band_max"},
		"too narrow": {write(func(f *hedgefile.File) {
			f.Assets[asset.ETH] = hedgefile.Policy{OrderMost: "1", Band: "2", BandMost: "1"}
		}), "band_max is 1 ETH, less than its band"},
		"early and no cap": {write(func(f *hedgefile.File) { f.Assets[asset.ETH] = hedgefile.Policy{OrderMost: "1", Early: "1"} }), "without a cap"},
	} {
		_, err := planHedging(func(name, otherwise string) string {
			if name == "FERRY_HEDGE" {
				return c.path
			}
			return otherwise
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	none, err := planHedging(func(_, otherwise string) string { return otherwise })
	if none != nil || err != nil || len(none.hedging().Assets) > 0 {
		t.Errorf("without a file: %v, %v", none, err)
	}
	if h, err := none.hedger(nil, hedgeParts{}); h != nil || err != nil {
		t.Errorf("without a plan: %v, %v", h, err)
	}
}

// Setup: the daemon's engine and hedger as main puts them together, on the simulator and
// Kafka, with accounts that hold what they should. Test: a swap that is told on the topic of
// updates is hedged at the venues; the book says so, and the engine's inventory is told.
func TestASwapIsHedged(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	server, address := exchange(t)
	setting := func(name, otherwise string) string {
		venue, _, _ := strings.Cut(strings.TrimPrefix(name, "FERRY_"), "_")
		base := "http://" + address + "/" + strings.ToLower(venue)
		switch {
		case name == "FERRY_BINANCE_TRADE_URL":
			return "http://" + address
		case strings.HasSuffix(name, "_TRADE_URL"):
			return base
		}
		return otherwise
	}
	path := filepath.Join(t.TempDir(), "hedge.json")
	file := testFile()
	// The middle is what the simulator's accounts begin with.
	file.Accounts = map[asset.ID]hedgefile.Band{asset.ETH: {Least: "0", Most: "2000"}}
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicRates, bus.TopicBalances, bus.TopicUpdates, bus.TopicRequotes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	brokers, pool := kafka.ListenAddrs(), pgtest.New(t, "liquidity")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	source, err := onBinance(place{instruments[asset.ETH], "ws://" + address, "http://" + address, log, nil})
	if err != nil {
		t.Fatal(err)
	}
	held := &holdings{}
	engine, err := liquidity.New(testPolicy(t), liquidity.Parts{Hedges: held.beyond, Store: postgres.New(pool, time.Now), Sources: []liquidity.Source{source},
		Key: key, AttestKeys: swaptest.NewKeys().AttestKeys(), Brokers: brokers, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{}, 100)
	plan, err := planHedging(func(name, otherwise string) string {
		if name == "FERRY_HEDGE" {
			return path
		}
		return setting(name, otherwise)
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := plan.hedger(&configured{running: config.State{Hedging: plan.hedging()}}, hedgeParts{brokers: brokers, pool: pool, prices: engine.Prices, observe: func(string, hedge.Ending) { ended <- struct{}{} }, log: log})
	if err != nil {
		t.Fatal(err)
	}
	if n := held.beyond(asset.ETH); n.Sign() != 0 {
		t.Errorf("%s is held before there is a hedger", n)
	}
	held.hedger.Store(h)
	during(t, func(ctx context.Context) error { return daemon.Group(ctx, engine.Run, h.Run) })
	tell(t, brokers)
	bought := func() bool {
		for _, venue := range simulator.Venues() {
			if server.Holdings(venue)[asset.ETH] > 1000_0000_0000 {
				return true
			}
		}
		return false
	}
	// An order may find that its price has gone, and be over with nothing: the next is made.
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !bought() {
		select {
		case <-ended:
		case <-limit.C:
			t.Fatal("the ether that was paid out was not bought")
		}
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for held.beyond(asset.ETH).Sign() <= 0 {
		select {
		case <-ended:
		case <-look.C:
		case <-limit.C:
			t.Fatal("the inventory does not see what was bought")
		}
	}
	measures, err := postgres.MeasureHedges(t.Context(), pool)
	if err != nil || len(measures) != 2 {
		t.Errorf("positions %+v: %v", measures, err)
	}
}

// Test: a venue is traded at while swaps are priced from its book, a dealer always.
func TestTheHedgerTrustsWhatPricingTrusts(t *testing.T) {
	t.Parallel()
	eth := instruments[asset.ETH]
	trusts := trustOf(func() []liquidity.Price {
		return []liquidity.Price{{Instrument: instruments[asset.LTC], Venues: []liquidity.VenuePrice{{Venue: "coinbase"}}},
			{Instrument: eth, Venues: []liquidity.VenuePrice{{Venue: "binance"}, {Venue: "kraken", Excluded: true}, {Venue: "okx", Unfit: "It is lost."}}}}
	})
	for venue, want := range map[string]bool{"binance": true, "kraken": false, "okx": false, "coinbase": false, "dealer": true} {
		if got := trusts(venue, eth); got != want {
			t.Errorf("%s is trusted: %t", venue, got)
		}
	}
	if trusts("binance", instruments[asset.BCH]) {
		t.Error("a book that nobody follows is trusted")
	}
}

// namedVenue is a venue that has a name.
type namedVenue struct {
	trade.Venue
	name string
}

func (a namedVenue) Name() string { return a.name }

// Test: books that are to be traded at and that nobody follows are told at the start, a dealer
// has none.
func TestUnfollowedAccountsAreTold(t *testing.T) {
	t.Parallel()
	eth, ltc := instruments[asset.ETH], instruments[asset.LTC]
	c := hedge.Config{Assets: map[asset.ID]hedge.Policy{asset.ETH: {Instrument: eth}, asset.LTC: {Instrument: ltc}}}
	venues := []hedge.Trader{{Venue: namedVenue{name: "kraken"}}, {Venue: namedVenue{name: "okx"}}, {Venue: namedVenue{name: "dealer"}}}
	prices := []liquidity.Price{{Instrument: eth, Venues: []liquidity.VenuePrice{{Venue: "kraken", Unfit: "It is lost."}, {Venue: "binance"}}},
		{Instrument: ltc, Venues: []liquidity.VenuePrice{{Venue: "kraken"}}}}
	want := []string{"okx " + eth.String(), "okx " + ltc.String()}
	if got := unfollowed(c, venues, prices); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// tell publishes the update of a swap that paid two ether out.
func tell(t *testing.T, brokers []string) {
	t.Helper()
	publisher, err := bus.NewPublisher("swap", brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.Close)
	id := swap.NewID(swap.SwapPrefix, time.Now())
	m, err := bus.UpdateMessage(swap.Update{SwapID: id, Version: 1, State: swap.PayoutQueued, At: time.Now(),
		Deposits: []swap.Deposit{{ID: "d", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(7_000_000)}, State: swap.DepositFinal}},
		Payments: []swap.Payment{{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout, Deposits: []string{"d"},
			Amount: asset.Amount{Asset: asset.ETH, Units: asset.MustUnits("2000000000000000000")}, State: swap.PaymentQueued}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}
