package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/gateway"
	"ferry/gateway/api"
	"ferry/gateway/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// Setup: no price, then one, then another. Test: a snapshot of every pair, then
// only what changed, under a growing sequence.
func TestStreamPrices(t *testing.T) {
	t.Parallel()
	// The clock jumps, which must not look like a slow client.
	b := setup(t, func(c *gateway.Config) { c.Streams.SlowAfter = time.Hour })
	b.stream(t)
	p := b.dial(t)
	p.send(`{"type":"subscribe","id":"p","topic":"prices"}`)
	if m := p.expect("subscribed"); m.ID != "p" || m.Topic != "prices" {
		t.Errorf("acknowledged %+v", m)
	}
	first := p.expect("prices")
	if !first.Snapshot || len(first.Rates) != 2 || first.Rates[0].Unavailable != "No price has been heard yet." {
		t.Errorf("snapshot %+v", first)
	}
	b.gateway.HearRate(b.rateRecord(t, "27.5"))
	second := p.expect("prices")
	if second.Snapshot || second.Sequence <= first.Sequence || len(second.Rates) != 1 || second.Rates[0].Price != "27.5" || second.Rates[0].MaxDeposit != "2" {
		t.Errorf("change %+v", second)
	}
	b.clock.advance(time.Minute)
	if third := p.expect("prices"); third.Sequence <= second.Sequence || third.Rates[0].Unavailable != "The last price is too old." {
		t.Errorf("stale %+v", third)
	}
	p.send(`{"type":"unsubscribe","topic":"prices","from":"BTC","to":"ETH"}`)
	p.expect("unsubscribed")
	b.gateway.HearRate(b.rateRecord(t, "28"))
	p.send(`{"type":"subscribe","topic":"prices","from":"ETH","to":"BTC"}`)
	p.expect("subscribed")
	if m := p.expect("prices"); !m.Snapshot || len(m.Rates) != 1 || m.Rates[0].From != "ETH" {
		t.Errorf("snapshot of one pair %+v", m)
	}
}

// Setup: a price. Test: the quote follows the amount and the price; the newest
// request alone is answered; each refusal has its code.
func TestStreamQuoteFollows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stream(t)
	b.gateway.HearRate(b.rateRecord(t, "27.5"))
	p := b.dial(t)
	p.send(`{"type":"quote","id":"1","from":"BTC","to":"ETH","deposit_amount":"0.1"}`)
	first := p.expect("quote")
	if first.ID != "1" || first.DepositAmount != "0.1" || first.PayoutAmount != "2.748" || first.Price != "27.5" || first.NetworkFee != "0.002" {
		t.Errorf("quote %+v", first)
	}
	p.send(`{"type":"quote","id":"2","from":"BTC","to":"ETH","payout_amount":"1"}`)
	if m := p.expect("quote"); m.ID != "2" || m.DepositAmount != "0.03643637" || m.PayoutAmount != "1" {
		t.Errorf("quote by payout %+v", m)
	}
	b.gateway.HearRate(b.rateRecord(t, "20"))
	if m := p.expect("quote"); m.ID != "2" || m.DepositAmount != "0.0501" || m.Sequence <= first.Sequence {
		t.Errorf("quote after the price moved %+v", m)
	}
	// The same price again, only newer, is told as a price and not as a quote.
	p.send(`{"type":"subscribe","topic":"prices","from":"BTC","to":"ETH"}`)
	p.expect("subscribed")
	p.expect("prices")
	b.clock.advance(time.Second)
	b.gateway.HearRate(b.rateRecord(t, "20"))
	p.expect("prices")
	p.send(`{"type":"unsubscribe","topic":"prices"}`)
	p.expect("unsubscribed")
	p.send(`{"type":"quote","id":"3","from":"BTC","to":"ETH","deposit_amount":"0.0001"}`)
	p.refused("3", swap.CodeAmountTooSmall, "deposit_amount")
	p.send(`{"type":"quote","id":"4","from":"BTC","to":"ETH","payout_amount":"100"}`)
	p.refused("4", swap.CodeAmountTooLarge, "payout_amount")
	p.send(`{"type":"quote","id":"5","from":"BTC","to":"ETH","deposit_amount":"0.123456789"}`)
	p.refused("5", swap.CodeTooManyPlaces, "deposit_amount")
	p.send(`{"type":"quote","id":"6","from":"ETH","to":"BTC","deposit_amount":"1"}`)
	p.refused("6", swap.CodePriceUnavailable, "")
	p.send(`{"type":"quote","id":"7","from":"BTC","to":"ETH"}`)
	p.refused("7", swap.CodeInvalidAmount, "deposit_amount")
	// A refused request has ended the one before; so has quote_stop.
	p.send(`{"type":"quote","id":"8","from":"BTC","to":"ETH","deposit_amount":"1"}`)
	p.expect("quote")
	p.send(`{"type":"quote_stop"}`)
	p.send(`{"type":"quote","from":"BTC","to":"ETH","deposit_amount":"1"}`)
	p.refused("", swap.CodeInvalidBody, "id")
	if n := b.liquidity.lock.count(); n != 0 {
		t.Errorf("liquidityd was asked %d times", n)
	}
}

// newSwap makes a swap and stores its versions 1 to last.
func (b *bundle) newSwap(t testing.TB, key string, last int64) string {
	t.Helper()
	id := into[api.CreatedSwap](t, b.create(t, key, b.swapBody(t)), 201).Id
	b.project(t, id, 1, last)
	return id
}

// project stores versions without telling this process, as another one would.
func (b *bundle) project(t testing.TB, id string, from, to int64) {
	t.Helper()
	var list []swap.Update
	for v := from; v <= to; v++ {
		list = append(list, update(id, v, swap.DepositDetected))
	}
	store := postgres.New(b.pool)
	next, err := store.Offset(t.Context(), gateway.Group, bus.TopicUpdates, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Project(t.Context(), gateway.Group, batch(t, next, list...), list); err != nil {
		t.Fatal(err)
	}
}

// Setup: a swap with history; connections that are lost. Test: each continues after
// the version it names, in order, without gap or repetition, however much came in
// between.
func TestStreamReplay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stream(t)
	id := b.newSwap(t, aKey, 5)
	p := b.dial(t)
	p.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `"}`)
	p.expect("subscribed")
	if got := p.versions(id, 5); !slices.Equal(got, countUp(0, 5)) {
		t.Errorf("from the start: %v", got)
	}
	if err := p.conn.CloseNow(); err != nil {
		t.Log(err)
	}
	b.project(t, id, 6, 250)
	p = b.dial(t)
	p.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `","after":5}`)
	p.expect("subscribed")
	for v := int64(251); v <= 270; v++ {
		b.project(t, id, v, v)
		b.hint(t, id, v)
	}
	if got := p.versions(id, 270); !slices.Equal(got, countUp(6, 270)) {
		t.Errorf("after 5: %v", got)
	}
	// Hints of what is old, or doubled, tell nothing: the next message is version 271.
	b.hint(t, id, 3)
	b.hint(t, id, 270)
	b.project(t, id, 271, 271)
	b.hint(t, id, 271)
	if got := p.versions(id, 271); !slices.Equal(got, []int64{271}) {
		t.Errorf("after 270: %v", got)
	}
}

func (b *bundle) hint(t testing.TB, id string, version int64) {
	t.Helper()
	raw, err := json.Marshal(update(id, version, swap.DepositDetected))
	if err != nil {
		t.Fatal(err)
	}
	b.gateway.HearUpdate(bus.Record{Key: id, Body: raw})
}

// Setup: hints come before the row, and not at all; no look without need, or a look
// at every tick. Test: the update comes all the same.
func TestStreamHintsAreOnlyHints(t *testing.T) {
	t.Parallel()
	for name, recheck := range map[string]time.Duration{"early": time.Hour, "lost": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *gateway.Config) { c.Streams.Recheck = recheck })
			b.stream(t)
			id := b.newSwap(t, aKey, 1)
			p := b.dial(t)
			p.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `","after":0}`)
			p.expect("subscribed")
			p.versions(id, 1)
			if name == "early" {
				b.hint(t, id, 2)
			}
			b.project(t, id, 2, 2)
			if got := p.versions(id, 2); !slices.Equal(got, []int64{2}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// Events continue after Last-Event-ID, and an update that comes is an event.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Streams.PingEvery = time.Millisecond })
	b.stream(t)
	id := b.newSwap(t, aKey, 3)
	l := b.listen(t, id)
	if line := l.line(); line != "retry: 2000" {
		t.Errorf("first line %q", line)
	}
	for want := range int64(4) {
		if got, name, u := l.event(); got != strconv.FormatInt(want, 10) || name != "update" || u.Version != want || u.Message == "" {
			t.Errorf("event %s %s %+v, want version %d", got, name, u, want)
		}
	}
	for l.line() != ": still here" { // until a heartbeat comes
	}
	if err := b.gateway.HandleUpdates(t.Context(), batch(t, 3, update(id, 4, swap.Settled))); err != nil {
		t.Fatal(err)
	}
	if got, _, u := l.event(); got != "4" || u.State != "settled" {
		t.Errorf("event %s %+v", got, u)
	}
	if got, _, _ := b.listen(t, id, "Last-Event-ID", "2").event(); got != "3" {
		t.Errorf("after 2 comes %s", got)
	}
	for _, bad := range []string{"x", "-1", "+1", "1.5", "99999999999999999999"} {
		refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+id+"/events", "", "Last-Event-ID", bad), 422, swap.CodeRefused,
			"Last-Event-ID", "a version: a whole number, 0 or more")
	}
	for _, unknown := range []string{"x", swap.NewID(swap.SwapPrefix, b.clock.now())} {
		refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+unknown+"/events", ""), 404, swap.CodeNotFound, "id", "")
	}
	if a := b.send(t, http.MethodHead, "/v1/swaps/"+id+"/events", ""); a.status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", a.status)
	}
}

// An old stream of events ends, so that its client comes again.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Streams.EventsAge = time.Millisecond })
	id := b.newSwap(t, aKey, 1)
	if a := b.send(t, http.MethodGet, "/v1/swaps/"+id+"/events", ""); a.status != 200 || !strings.HasPrefix(string(a.body), "retry: ") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The newest swaps are shown to everybody without anything that leads to them, and
// only where that was asked for.
func TestStreamRecent(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.ShowRecent = true })
	b.stream(t)
	id := b.newSwap(t, aKey, 0)
	p := b.dial(t)
	p.send(`{"type":"subscribe","topic":"recent"}`)
	p.expect("subscribed")
	one := p.expect("recent").Swaps
	if len(one) != 1 || one[0]["from"] != "BTC" || one[0]["deposit_amount"] != "0.5" || one[0]["state"] != "awaiting_deposit" {
		t.Errorf("shown %v", one)
	}
	b.clock.advance(time.Second)
	b.newSwap(t, anotherKey, 0)
	b.project(t, id, 1, 1)
	var two []map[string]any
	for len(two) < 2 || two[1]["version"] != 1.0 {
		two = p.expect("recent").Swaps
	}
	raw, err := json.Marshal(two)
	if err != nil {
		t.Fatal(err)
	}
	shown := into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+id, ""), 200)
	for _, secret := range []string{id, id[len("swap_"):], shown.DepositAddress, shown.PayoutAddress, shown.RefundAddress} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("%s shows %s", raw, secret)
		}
	}
	if two[1]["state"] != "deposit_detected" || two[1]["ref"] != one[0]["ref"] {
		t.Errorf("shown %s", raw)
	}
	off := setup(t)
	off.stream(t)
	p = off.dial(t)
	p.send(`{"type":"subscribe","id":"r","topic":"recent"}`)
	p.refused("r", swap.CodeNotFound, "topic")
}

// Two gateways share the consumer group, so that each stores some partitions only.
// Whoever is connected to either is told of every swap, prices and all, by
// WebSocket and by events.
func TestStreamsOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, bus.TopicUpdates), kfake.SeedTopics(1, bus.TopicRates, bus.TopicBalances))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	var ids []string
	for i := range 4 {
		ids = append(ids, b.newSwap(t, fmt.Sprintf("key-number-%d", i), 0))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	var urls []string
	for range 2 {
		g, err := gateway.New(b.config, postgres.New(b.pool), b.calls)
		if err != nil {
			t.Fatal(err)
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, "http://"+l.Addr().String())
		running.Go(func() {
			if err := g.Run(ctx, l, cluster.ListenAddrs()); err != nil {
				t.Error(err)
			}
		})
	}
	publisher, err := bus.NewPublisher("test", cluster.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	var peers []*peer
	for _, url := range urls {
		p := dialAt(t, url)
		for _, id := range ids {
			p.send(`{"type":"subscribe","topic":"swap","swap_id":"` + id + `","after":0}`)
			p.expect("subscribed")
		}
		peers = append(peers, p)
	}
	b.url = urls[0]
	events := b.listen(t, ids[0], "Last-Event-ID", "0")
	for v := int64(1); v <= 5; v++ {
		for _, id := range ids {
			if err := publisher.Publish(ctx, bus.TopicUpdates, id, bus.KindUpdate, update(id, v, swap.DepositDetected)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range peers {
		got := map[string][]int64{}
		for done := 0; done < len(ids); {
			m := p.expect("swap")
			for _, u := range m.Updates {
				got[m.SwapID] = append(got[m.SwapID], u.Version)
				if u.Version == 5 {
					done++
				}
			}
		}
		for _, id := range ids {
			if !slices.Equal(got[id], countUp(1, 5)) {
				t.Errorf("%s: %v", id, got[id])
			}
		}
	}
	for want := 1; want <= 5; want++ {
		if id, _, _ := events.event(); id != strconv.Itoa(want) {
			t.Errorf("event %s, want %d", id, want)
		}
	}
	rate := swaptest.Price(t, swap.Rate{Pair: btcToEth, Min: coins(t, asset.BTC, "0.001"), Max: coins(t, asset.BTC, "2"),
		NetworkFee: coins(t, asset.ETH, "0.002"), At: b.clock.now()}, "27.5")
	if err := publisher.Publish(ctx, bus.TopicRates, "BTC-ETH", bus.KindRate, rate); err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		p.send(`{"type":"subscribe","topic":"prices","from":"BTC","to":"ETH"}`)
		p.expect("subscribed")
		for m := p.expect("prices"); m.Rates[0].Price != "27.5"; m = p.expect("prices") {
		}
	}
	cancel()
	for _, p := range peers {
		p.closed(websocket.StatusGoingAway, "the service is stopping; connect again")
	}
}
