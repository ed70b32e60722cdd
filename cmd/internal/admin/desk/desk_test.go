package desk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/desk"
	"ferry/liquidity"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
)

func TestCalls(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	called := desk.Calls(registry)
	called("lock", "")
	called("lock", swap.CodeInsufficientLiquidity)
	called("accept", swap.CodeQuoteUsed)
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_lock_calls_total{call="lock",code="ok"}`: 1,
		`ferry_lock_calls_total{call="lock",code="insufficient_liquidity"}`: 1, `ferry_lock_calls_total{call="accept",code="quote_used"}`: 1})
}

// Every outcome has a series from the start.
func TestRequotes(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	became := desk.Requotes(registry)
	became(liquidity.OutcomeRequoted)
	became(swap.RefusedBeyond)
	became(swap.RefusedBeyond)
	want := admintest.Metrics{}
	for outcome, n := range map[string]float64{"requoted": 1, "beyond_tolerance": 2, "below_consent": 0, "price_unavailable": 0, "repeated": 0, "faulty": 0} {
		want[`ferry_requotes_total{outcome="`+outcome+`"}`] = n
	}
	admintest.Scrape(t, registry).Want(t, want)
}

// Open, lapsed, accepted and closed locks: the first and the third count, and an open
// requote beside them.
func TestLocks(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for id, l := range map[string]struct {
		asset    string
		acceptBy time.Time
		accepted bool
		closed   bool
	}{
		"open": {"ETH", now.Add(time.Second), false, false}, "lapsed": {"ETH", now, false, false},
		"accepted": {"ETH", now.Add(-time.Hour), true, false}, "settled": {"ETH", now.Add(-time.Hour), true, true},
		"also open": {"BTC", now.Add(time.Minute), false, false}, "open too": {"BTC", now.Add(time.Minute), false, false},
	} {
		var swapID *string
		var acceptedAt, closedAt *time.Time
		if l.accepted {
			at := l.acceptBy.Add(-time.Second)
			swapID, acceptedAt = &id, &at
		}
		if l.closed {
			closedAt = &now
		}
		_, err := pool.Exec(t.Context(), `INSERT INTO lock (quote_id, pair, payout_asset, deposit_units, payout_units, service_fee_units,
			network_fee_units, refund_fee_max_units, client, issued_at, accept_by, swap_id, accepted_at, closed_at, signed_quote)
			VALUES ($1, 'p', $2, 1, 1, 0, 0, 0, 'c', $3, $4, $5, $6, $7, 'q')`,
			id, l.asset, l.acceptBy.Add(-time.Minute), l.acceptBy, swapID, acceptedAt, closedAt)
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, closedAt := range map[string]*time.Time{"open": nil, "paid": &now} {
		_, err := pool.Exec(t.Context(), `INSERT INTO requote (request_id, swap_id, main, order_id, deposit_ids, asked, asked_at, booked_at,
			payout_asset, payout_units, network_fee_units, signed_requote, closed_at) VALUES ($1, $1, false, $1, '{d}', 1, $2, $2, 'BTC', 1, 0, 'r', $3)`, id, now, closedAt)
		if err != nil {
			t.Fatal(err)
		}
	}
	registry := prometheus.NewRegistry()
	desk.Locks(registry, pool, func() time.Time { return now })
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_locks_open{asset="ETH"}`: 1, `ferry_locks_promised{asset="ETH"}`: 1,
		`ferry_locks_open{asset="BTC"}`: 2, `ferry_locks_promised{asset="BTC"}`: 1, `ferry_scrape_ok{part="locks"}`: 1})
}

// A pair that stands still, for whatever reason, shows; so does what is used up of the losses.
func TestPairs(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	desk.Pairs(registry, func() []swap.Rate {
		return []swap.Rate{{Pair: asset.Pair{From: asset.BTC, To: asset.ETH}}, {Pair: asset.Pair{From: asset.ETH, To: asset.BTC}, Unavailable: "Ferry holds all the ETH that it may for now."}}
	})
	desk.Drawdown(registry, func() (int64, bool) { return 250_000, true })
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_pair_available{pair="BTC-ETH"}`: 1, `ferry_pair_available{pair="ETH-BTC"}`: 0,
		`ferry_hedge_drawdown_ratio`: 0.25, `ferry_scrape_ok{part="pairs"}`: 1})
}

func TestPrices(t *testing.T) {
	t.Parallel()
	prices := []liquidity.Price{{Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC}, Unfit: "No price has arrived yet."}}
	list := func() []liquidity.Price { return prices }
	registry := prometheus.NewRegistry()
	desk.Prices(registry, list)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{`ferry_price_usable{instrument="ETH-BTC"}`: 0})
	m.Lack(t, "ferry_price_age_seconds")
	ready := desk.Venues(list)
	if err := ready(t.Context()); err == nil || !strings.Contains(err.Error(), "ETH-BTC: No price has arrived yet.") {
		t.Errorf("ready without a price: %v", err)
	}
	prices[0].Heard, prices[0].Unfit, prices[0].Age, prices[0].Gaps, prices[0].Outages = true, "", 1500*time.Millisecond, 4, 2
	if err := ready(t.Context()); err != nil {
		t.Errorf("not ready with a price: %v", err)
	}
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_price_usable{instrument="ETH-BTC"}`: 1, `ferry_price_age_seconds{instrument="ETH-BTC"}`: 1.5,
		`ferry_price_gaps_total{instrument="ETH-BTC"}`: 4, `ferry_price_outages_total{instrument="ETH-BTC"}`: 2})
}

// Each venue has its series, as long as it is listed.
func TestVenues(t *testing.T) {
	t.Parallel()
	prices := []liquidity.Price{{Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC}, Venues: []liquidity.VenuePrice{
		{Venue: "kraken", Heard: true, Age: 500 * time.Millisecond, RatioPPM: 1_000_250, Messages: 70, Gaps: 3, Outages: 2,
			Quality: liquidity.Quality{Class: "exchange", Latency: 40 * time.Millisecond, Changed: true, Unchanged: 2 * time.Second, Suspect: 3 * time.Second}},
		{Venue: "okx", Heard: true, RatioPPM: 1_060_000, Excluded: true, Quality: liquidity.Quality{Class: "exchange", Alert: liquidity.AlertOff}},
		{Venue: "bitstamp", Unfit: "Lost.", Quality: liquidity.Quality{Class: "exchange", Alert: liquidity.AlertMissing}},
	}}}
	registry := prometheus.NewRegistry()
	desk.Prices(registry, func() []liquidity.Price { return prices })
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{
		`ferry_venue_usable{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 1, `ferry_venue_age_seconds{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 0.5,
		`ferry_venue_price_ratio{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 1.00025, `ferry_venue_messages_total{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 70,
		`ferry_venue_gaps_total{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 3, `ferry_venue_outages_total{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 2,
		`ferry_venue_excluded{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 0, `ferry_venue_excluded{class="exchange",instrument="ETH-BTC",venue="okx"}`: 1,
		`ferry_venue_usable{class="exchange",instrument="ETH-BTC",venue="okx"}`: 1, `ferry_venue_usable{class="exchange",instrument="ETH-BTC",venue="bitstamp"}`: 0,
		`ferry_venue_latency_seconds{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 0.04, `ferry_venue_unchanged_seconds{class="exchange",instrument="ETH-BTC",venue="kraken"}`: 2,
		`ferry_venue_suspect_seconds_total{class="exchange",instrument="ETH-BTC",venue="kraken"}`:   3,
		`ferry_venue_alert{alert="off",class="exchange",instrument="ETH-BTC",venue="okx"}`:          1,
		`ferry_venue_alert{alert="missing",class="exchange",instrument="ETH-BTC",venue="okx"}`:      0,
		`ferry_venue_alert{alert="missing",class="exchange",instrument="ETH-BTC",venue="bitstamp"}`: 1,
	})
	for _, absent := range []string{`ferry_venue_latency_seconds{class="exchange",instrument="ETH-BTC",venue="bitstamp"}`, `ferry_venue_age_seconds{class="exchange",instrument="ETH-BTC",venue="bitstamp"}`, `ferry_venue_price_ratio{class="exchange",instrument="ETH-BTC",venue="bitstamp"}`} {
		m.Lack(t, absent)
	}
	prices[0].Venues = prices[0].Venues[1:]
	after := admintest.Scrape(t, registry)
	for name := range after {
		if strings.Contains(name, "kraken") {
			t.Errorf("%s is still there", name)
		}
	}
}
