package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/cmd/internal/admin"
	"ferry/cmd/internal/admin/desk"
	"ferry/cmd/internal/daemon"
	"ferry/deploy/hedgefile"
	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/postgres"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/simulator"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// never is a staleness limit that no starved machine reaches.
const never = 24 * time.Hour

// household is a liquidityd as main puts it together, on the simulator, Kafka and Postgres,
// for one pair and three venues, of which okx is off.
type household struct {
	pool    *pgxpool.Pool
	brokers []string
	address string
	live    *configured
	engine  *liquidity.Engine
	// plan is what it hedges by, nil for nothing.
	plan *hedgePlan

	mu sync.Mutex
	// told counts rates with a price; lost are prices that were gone, after the first, while no
	// venue had lost its book: then a change has taken them away.
	told int
	lost []liquidity.Price
	last swap.Rate
}

func newHousehold(t *testing.T, hedges ...hedgefile.Policy) *household {
	t.Helper()
	market, err := simulator.ParseMarket("ETH-BTC=0.035")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	server, err := simulator.New(simulator.Config{Seed: 1, Markets: []simulator.Market{market}, Every: 5 * time.Second, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	during(t, func(ctx context.Context) error { return server.Run(ctx, l) })
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, bus.TopicRates, bus.TopicBalances, bus.TopicUpdates, bus.TopicRequotes, bus.TopicConfig))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	h := &household{pool: pgtest.New(t, "liquidity"), brokers: kafka.ListenAddrs(), address: l.Addr().String()}
	for _, p := range hedges {
		h.plan = planAt(t, h.address, p)
	}
	h.live, h.engine = h.made(t)
	relay, err := bus.NewRelay(bus.RelayConfig{Source: "liquidity", Brokers: h.brokers, Pool: h.pool, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	during(t, func(ctx context.Context) error {
		parts := []func(context.Context) error{relay.Run, h.engine.Run, h.live.run, func(ctx context.Context) error {
			return bus.Follow(ctx, h.brokers, bus.TopicRates, log, h.hear)
		}}
		if h.live.hedger != nil {
			parts = append(parts, h.live.hedger.Run)
		}
		return daemon.Group(ctx, parts...)
	})
	publisher, err := bus.NewPublisher("hotwallet", h.brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.Close)
	for _, id := range []asset.ID{asset.BTC, asset.ETH} {
		b := swap.Balance{Asset: id, Available: asset.MustUnits("1000000000000000000000"), DustThreshold: asset.NewUnits(546), At: time.Now()}
		if err := publisher.Publish(t.Context(), bus.TopicBalances, string(id), bus.KindBalance, b); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// made are a daemon's parts, as they begin with what is stored.
func (h *household) made(t *testing.T) (*configured, *liquidity.Engine) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	policy := testPolicy(t)
	policy.BalanceStaleAfter = never
	books := []liquidity.Instrument{instruments[asset.ETH]}
	base, err := version0(policy, books, h.plan.hedging(), func(name, otherwise string) string {
		if name == "FERRY_VENUES" {
			return "kraken,coinbase"
		}
		return otherwise
	})
	if err != nil {
		t.Fatal(err)
	}
	live := &configured{base: base, books: books, store: postgres.NewConfigs(h.pool, time.Now), brokers: h.brokers, instance: "liquidityd", log: log}
	c, subscribed, err := newConfigured(t.Context(), live)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	open := func(w liquidity.Subscription) (liquidity.Source, error) {
		p := place{instrument: w.Instrument, log: log}
		switch w.Venue {
		case "kraken":
			p.stream = "ws://" + h.address + "/kraken/v2"
			return kraken.New(p.market(never))
		case "coinbase":
			p.stream = "ws://" + h.address + "/coinbase"
			return coinbase.New(p.market(never))
		case "okx":
			p.stream = "ws://" + h.address + "/okx/ws/v5/public"
			return okx.New(p.market(never))
		}
		return opener(func(string, string) string { return "nowhere" }, log)(w)
	}
	live.engine, err = liquidity.New(c, liquidity.Parts{Store: postgres.New(h.pool, time.Now), Subscriptions: subscribed, Open: open,
		Key: key, AttestKeys: swaptest.NewKeys().AttestKeys(), Brokers: h.brokers, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.plan.hedger(live, hedgeParts{brokers: h.brokers, pool: h.pool, prices: live.engine.Prices, log: log}); err != nil {
		t.Fatal(err)
	}
	return live, live.engine
}

func (h *household) hear(r bus.Record) {
	rate, err := bus.Decode[swap.Rate](r)
	if err != nil {
		panic(err)
	}
	h.look()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last = rate; rate.Unavailable == "" {
		h.told++
	}
}

func (h *household) until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	limit, ticker := time.NewTimer(patience), time.NewTicker(20*time.Millisecond)
	defer limit.Stop()
	defer ticker.Stop()
	for !reached() {
		h.look()
		select {
		case <-limit.C:
			h.mu.Lock()
			defer h.mu.Unlock()
			t.Fatalf("%s did not come about: %+v, %v, %d told, %+v lost, %+v", what, h.live.now(), h.engine.Pending(), h.told, h.lost, h.last)
		case <-ticker.C:
		}
	}
}

// look keeps a price that a change has taken away. A venue that reads its book again, as on
// a machine that is too busy for its messages, takes the price away by itself.
func (h *household) look() {
	p := h.engine.Prices()[0]
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told > 0 && taken(p) && len(h.lost) < 10 {
		h.lost = append(h.lost, p)
	}
}

// taken reports a price that is gone though every venue there is has the book it once had.
func taken(p liquidity.Price) bool {
	return p.Unfit != "" && !slices.ContainsFunc(p.Venues, func(v liquidity.VenuePrice) bool { return v.SuspectNow || v.Excluded })
}

// Test: what the test of the configuration takes for a change's fault.
func TestAPriceThatAChangeTook(t *testing.T) {
	t.Parallel()
	fit, fresh := liquidity.VenuePrice{Venue: "kraken"}, liquidity.VenuePrice{Venue: "okx", Unfit: "Nothing came."}
	resyncs := liquidity.VenuePrice{Venue: "coinbase", Unfit: "Its book is read again.", Quality: liquidity.Quality{SuspectNow: true}}
	for _, c := range []struct {
		unfit  string
		venues []liquidity.VenuePrice
		want   bool
	}{
		{"", []liquidity.VenuePrice{fit, fresh}, false},
		{"one left", []liquidity.VenuePrice{fit}, true},
		{"the new one is not there yet", []liquidity.VenuePrice{fit, fresh}, true},
		{"one reads its book again", []liquidity.VenuePrice{fit, resyncs}, false},
	} {
		if got := taken(liquidity.Price{Unfit: c.unfit, Venues: c.venues}); got != c.want {
			t.Errorf("%s: %v", c.unfit, got)
		}
	}
}

// hears waits for a rate that is as it should be.
func (h *household) hears(t *testing.T, what string, as func(swap.Rate) bool) {
	t.Helper()
	h.until(t, what, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return as(h.last)
	})
}

// set stores a version as the command line does, without its check.
func (h *household) set(t *testing.T, expected int64, d config.Document, restores any) {
	t.Helper()
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.pool.Exec(t.Context(), "SELECT config_set($1, $2, $3, 'a test', 'alice')", expected, string(raw), restores); err != nil {
		t.Fatal(err)
	}
}

// runs waits until the daemon says that it runs a version and that nothing is being changed.
func (h *household) runs(t *testing.T, version int64) {
	t.Helper()
	h.until(t, "the report", func() bool {
		var done bool
		err := h.pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM config_daemon WHERE instance = 'liquidityd' AND version = $1 AND pending = '' AND problem = '')", version).Scan(&done)
		return err == nil && done
	})
}

// Setup: a daemon that runs, two venues on and one off. Test: venues are switched, their
// connections made anew, and all of it taken back, and in between no change takes the price
// away; series of what is not followed any more are gone. A version that can't be
// run is reported and changes nothing; a stopped pair says why; who starts later runs the
// newest, and where he can't, stops his pairs.
func TestConfigurationWithoutARestart(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	a, err := admin.Open(t.Context(), admin.Default, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	desk.Prices(a.Metrics(), h.engine.Prices)
	desk.Config(a.Metrics(), h.live.now, h.live.age)
	during(t, a.Run)
	usable := func(venue string) string {
		return `ferry_venue_usable{class="exchange",instrument="ETH-BTC",venue="` + venue + `"}`
	}
	h.hears(t, "a price", func(r swap.Rate) bool { return r.Unavailable == "" && r.Price != "" })
	h.runs(t, 0)
	first := config.Document{"venues.kraken.on": "false", "venues.okx.on": "true"}
	for n, d := range []config.Document{first, {"venues.kraken.on": "false", "venues.okx.on": "true", "venues.coinbase.generation": "1"},
		{"venues.kraken.generation": "1", "venues.okx.on": "true", "venues.coinbase.generation": "2"}, {}, first} {
		var restores any
		if n == 4 {
			restores = 1
		}
		h.set(t, int64(n), d, restores)
		h.runs(t, int64(n)+1)
	}
	await(t, a.Address(), usable("okx"), 1)
	if got := metric(t, a.Address(), usable("kraken")); got != -1 {
		t.Errorf("kraken is not followed any more and has a series: %v", got)
	}
	h.mu.Lock()
	if len(h.lost) > 0 {
		t.Errorf("the price was gone: %+v", h.lost)
	}
	h.mu.Unlock()

	h.set(t, 5, config.Document{"pairs.BTC-ETH.max_deposit": "0.5"}, nil)
	h.hears(t, "the new limit", func(r swap.Rate) bool { return r.Max.String() == "0.5 BTC" })
	h.set(t, 6, config.Document{"venues.kraken.on": "false"}, nil)
	h.until(t, "the problem", func() bool {
		var problem string
		err := h.pool.QueryRow(t.Context(), "SELECT problem FROM config_daemon WHERE version = 6 AND wanted = 7").Scan(&problem)
		return err == nil && strings.Contains(problem, "ETH-BTC would be read at 1 of them, and needs 2")
	})
	await(t, a.Address(), "ferry_config_version_wanted", 7)
	await(t, a.Address(), "ferry_config_version_running", 6)
	if r := h.engine.Prices()[0]; taken(r) {
		t.Errorf("what can't be run has changed something: %+v", r)
	}
	h.beginsStopped(t)

	h.set(t, 7, config.Document{"pairs.BTC-ETH.stopped": "Maintenance until noon."}, nil)
	h.hears(t, "the reason", func(r swap.Rate) bool { return strings.HasSuffix(r.Unavailable, "for now: Maintenance until noon.") })
	h.runs(t, 8)
	late, _ := h.made(t)
	if late.report.Version != 8 || late.report.Problem != "" {
		t.Errorf("who starts later runs %+v", late.report)
	}
	stopsUnread(t, late)
	h.set(t, 8, config.Document{"venues.okx.on": "true", "venues.bitstamp.on": "true", "pairs.BTC-ETH.stopped": "An emergency."}, nil)
	h.until(t, "what can't be opened", func() bool {
		r := h.live.now()
		return r.Wanted == 9 && r.Version == 8 && strings.Contains(r.Problem, "venue bitstamp: ETH-BTC")
	})
	h.hears(t, "what it stops all the same", func(r swap.Rate) bool { return strings.HasSuffix(r.Unavailable, "for now: An emergency.") })
}

// stopsUnread has a daemon that runs version 8 not reach the database, and reach it again.
func stopsUnread(t *testing.T, c *configured) {
	t.Helper()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.once(gone, true); err == nil || c.now().Version != 8 {
		t.Errorf("unread for a moment: %v, %+v", err, c.now())
	}
	c.saw(time.Now().Add(-configStale))
	if err := c.once(gone, true); err == nil || c.now().Version != config.None || !strings.Contains(c.running.Config.Pairs[0].Stopped, "set up") {
		t.Errorf("unread for long: %v, %+v, %+v", err, c.now(), c.running.Config.Pairs)
	}
	if err := c.once(t.Context(), true); err != nil || c.now().Version != 8 || !strings.Contains(c.running.Config.Pairs[0].Stopped, "noon") {
		t.Errorf("read again: %v, %+v, %+v", err, c.now(), c.running.Config.Pairs)
	}
}

// beginsStopped has another daemon start with a version that it can't run.
func (h *household) beginsStopped(t *testing.T) {
	t.Helper()
	late, _ := h.made(t)
	if r := late.report; r.Version != config.None || r.Wanted != 7 || r.Problem == "" {
		t.Errorf("who starts with what can't be run reports %+v", r)
	}
	c, subscribed, err := newConfigured(t.Context(), late)
	if err != nil || c.Pairs[0].Stopped == "" || len(subscribed) != 2 {
		t.Errorf("its pairs are %+v, %v", c.Pairs, err)
	}
}

// Setup: the newest version is from before 0 was refused and before there was a floor. Test: a
// daemon begins with it, its pairs open, and says where the floor is taken instead.
func TestBeginsWithWhatWasStoredBefore(t *testing.T) {
	t.Parallel()
	policy := testPolicy(t)
	policy.Pairs[0].FloorBPS = 30
	base, err := version0(policy, []liquidity.Instrument{instruments[asset.ETH]}, config.Hedging{}, func(name, otherwise string) string {
		if name == "FERRY_VENUES" {
			return "kraken,coinbase"
		}
		return otherwise
	})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	pool, pair := pgtest.New(t, "liquidity"), "pairs."+policy.Pairs[0].Pair.String()
	h := household{pool: pool}
	h.set(t, 0, config.Document{"limits.client_ppm": "0", pair + ".risk_most": "0", pair + ".spread_bps": "0", pair + ".fee_bps": "0"}, nil)
	live := &configured{base: base, store: postgres.NewConfigs(pool, time.Now), log: slog.New(slog.NewTextHandler(&said, nil))}
	c, _, err := newConfigured(t.Context(), live)
	if err != nil || live.report.Version != 1 || live.report.Problem != "" || c.Pairs[0].Stopped != "" || c.Pairs[0].FloorBPS != 30 {
		t.Errorf("%+v, %+v, %v", live.report, c.Pairs, err)
	}
	if got := said.String(); !strings.Contains(got, "below its floor") || !strings.Contains(got, policy.Pairs[0].Pair.String()) {
		t.Errorf("it says %q", got)
	}
}
