package gateway_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/gateway"
	"ferry/gateway/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// harbour is a gateway as its daemon runs it, on real Postgres and Kafka's protocol,
// behind an address that stays while gateways come and go.
type harbour struct {
	*bundle
	t         *testing.T
	front     net.Listener
	brokers   []string
	publisher *bus.Publisher

	mu  sync.Mutex
	now *quay
}

// quay is the listener of one gateway: what arrives at the front while it runs.
type quay struct {
	net.Listener // for its address
	conns        chan net.Conn
	closed       chan struct{}
	once         sync.Once
}

// Accept implements net.Listener.
func (q *quay) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; the front stays open.
func (q *quay) Close() error {
	q.once.Do(func() { close(q.closed) })
	return nil
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	h := &harbour{bundle: setup(t, func(c *gateway.Config) { c.ShowRecent = true }), t: t}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicUpdates), kfake.SeedTopics(1, bus.TopicRates, bus.TopicBalances))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	h.brokers = cluster.ListenAddrs()
	if h.publisher, err = bus.NewPublisher("test", h.brokers); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.publisher.Close)
	if h.front, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	h.url = "http://" + h.front.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); h.admit() }()
	t.Cleanup(func() { _ = h.front.Close(); <-done })
	return h
}

// admit passes connections on to the gateway there is; without one they are cut.
func (h *harbour) admit() {
	for {
		c, err := h.front.Accept()
		if err != nil {
			return
		}
		h.mu.Lock()
		q := h.now
		h.mu.Unlock()
		if q == nil {
			_ = c.Close()
			continue
		}
		select {
		case q.conns <- c:
		case <-q.closed:
			_ = c.Close()
		}
	}
}

// run starts a gateway, which stop, or the test's end, stops.
func (h *harbour) run() (stop func()) {
	h.t.Helper()
	g, err := gateway.New(h.config, postgres.New(h.pool), h.calls)
	if err != nil {
		h.t.Fatal(err)
	}
	q := &quay{Listener: h.front, conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx, q, h.brokers) }()
	h.mu.Lock()
	h.now = q
	h.mu.Unlock()
	stop = sync.OnceFunc(func() {
		h.mu.Lock()
		h.now = nil
		h.mu.Unlock()
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(stop)
	return stop
}

func (h *harbour) tell(topic, key, kind string, value any) {
	h.t.Helper()
	if err := h.publisher.Publish(h.t.Context(), topic, key, kind, value); err != nil {
		h.t.Fatal(err)
	}
}

// price tells both pairs' rates, the second with a price of its own.
func (h *harbour) price(btcEth string) {
	h.t.Helper()
	h.clock.advance(1) // a newer rate is told only if it is newer
	for _, r := range []swap.Rate{
		{Pair: btcToEth, Price: btcEth, Min: coins(h.t, asset.BTC, "0.001"), Max: coins(h.t, asset.BTC, "2"), NetworkFee: coins(h.t, asset.ETH, "0.002")},
		{Pair: asset.Pair{From: asset.ETH, To: asset.BTC}, Price: "0.035123456789", Min: coins(h.t, asset.ETH, "0.02"), Max: coins(h.t, asset.ETH, "60"),
			NetworkFee: coins(h.t, asset.BTC, "0.0001")},
	} {
		r.At = h.clock.now()
		r = swaptest.Price(h.t, r, r.Price)
		h.tell(bus.TopicRates, r.Pair.String(), bus.KindRate, r)
	}
}

// move tells a swap's versions.
func (h *harbour) move(id string, from, to int64) {
	h.t.Helper()
	for v := from; v <= to; v++ {
		u := update(id, v, swap.DepositDetected)
		u.Message = fmt.Sprintf("Version %d: one of two confirmations of transaction %s has come.", v, strings.Repeat("ab", 32))
		h.tell(bus.TopicUpdates, id, bus.KindUpdate, u)
	}
}

const live = `document.getElementById("connection").dataset.state === "on"`

// value is an expression: what a field holds.
func value(id string) string { return fmt.Sprintf("document.getElementById(%q).value", id) }

// shown is an expression: what an element says.
func shown(id string) string { return fmt.Sprintf("document.getElementById(%q).innerText", id) }

// versionsShown reads the list of a swap's updates, oldest first.
func (p *tab) versionsShown() []int64 {
	p.t.Helper()
	var texts []string
	p.eval(`[...document.querySelectorAll("#updates .text")].map((e) => e.textContent)`, &texts)
	var list []int64
	for _, text := range slices.Backward(texts) {
		var v int64
		if _, err := fmt.Sscanf(text, "Version %d:", &v); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// The page in a real browser, as a visitor has it. One browser and one gateway serve
// all parts, one after the other: a part may move prices and restart the gateway.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	h := newHarbour(t)
	stop := h.run()
	h.price("27.5")
	for _, part := range []struct {
		name string
		try  func(t *testing.T, h *harbour, b *browser)
	}{
		{"prices and a quote", pricesAndAQuote}, {"a swap", aSwap}, {"a phone", aPhone}, {"the keyboard alone", theKeyboardAlone},
		{"a question", aQuestion},
	} {
		t.Run(part.name, func(t *testing.T) { part.try(t, h, b) })
	}
	t.Run("a restart", func(t *testing.T) { aRestart(t, h, b, stop) })
}

// Prices move by themselves, and the quote with them.
func pricesAndAQuote(t *testing.T, h *harbour, b *browser) {
	p := b.open(t, h.url, 1200)
	p.await(live)
	h.price("27.5")
	p.await(shown("prices") + `.includes("27.5 ETH") && ` + shown("prices") + `.includes("0.035123456 BTC")`)
	p.tabTo("deposit")
	p.write("0.1")
	p.await(value("payout") + ` === "2.748"`)
	h.price("26")
	p.await(shown("prices") + `.includes("26 ETH") && ` + value("payout") + ` === "2.598"`)
	// The other amount, and then the other direction.
	p.tabTo("payout")
	p.clear()
	p.write("1")
	p.await(value("deposit") + ` === "0.03853847"`)
	p.clear()
	p.write("1000")
	p.await(`!document.getElementById("quote-problem").hidden && ` + value("deposit") + ` === "" &&
		document.getElementById("payout").getAttribute("aria-invalid") === "true"`)
	p.clear()
	p.await(`document.getElementById("quote-problem").hidden && ` + value("deposit") + ` === ""`)
	p.quiet(false)
}

// A swap's updates come as they happen, the newest first, each once.
func aSwap(t *testing.T, h *harbour, b *browser) {
	id := h.newSwap(t, "page-swap-0001", 0)
	h.move(id, 1, 3)
	p := b.open(t, h.url, 1200)
	p.await(live)
	p.tabTo("swap")
	p.write(id)
	p.press("Enter")
	p.await(`document.querySelectorAll("#updates li").length === 4`)
	h.move(id, 4, 9)
	p.await(shown("updates") + `.includes("Version 9")`)
	if got := p.versionsShown(); !slices.Equal(got, countUp(1, 9)) {
		t.Errorf("shown are versions %v, want 1 to 9", got)
	}
	p.await(`document.querySelectorAll("#recent li strong").length > 0`)
	// One that there is not.
	p.tabTo("swap")
	p.clear()
	p.write(swap.NewID(swap.SwapPrefix, h.clock.now()))
	p.press("Enter")
	p.await(`!document.getElementById("follow-problem").hidden && document.querySelectorAll("#updates li").length === 0`)
	p.quiet(false)
}

// At 360 px nothing sticks out, whatever is shown.
func aPhone(t *testing.T, h *harbour, b *browser) {
	id := h.newSwap(t, "page-swap-0002", 0)
	h.move(id, 1, 2)
	p := b.open(t, h.url, 360)
	p.await(live)
	p.tabTo("deposit")
	p.write("0.12345678")
	p.await(value("payout") + ` !== ""`)
	p.tabTo("swap")
	p.write(id)
	p.press("Enter")
	p.await(shown("updates") + `.includes("Version 2") && document.querySelectorAll("#recent li strong").length > 0`)
	var width []int
	p.eval(`[innerWidth, document.documentElement.scrollWidth]`, &width)
	if len(width) != 2 || width[0] != 360 || width[1] > 360 {
		t.Errorf("window and content are %v px wide, want 360 and no more", width)
	}
	p.fits()
	p.quiet(false)
}

// Everything can be reached and used with keys, in the order it is read, and what has
// the focus shows it.
func theKeyboardAlone(t *testing.T, h *harbour, b *browser) {
	p := b.open(t, h.url, 1200)
	p.await(live)
	p.await(`document.getElementById("from").options.length === 2`)
	type focus struct {
		Name    string `json:"name"`
		Visible bool   `json:"visible"`
		Style   string `json:"style"`
	}
	var order []string
	for range 8 {
		p.press("Tab")
		var at focus
		p.eval(`(() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
			return { name: e.id || e.textContent, visible: e.matches(":focus-visible") && s.outlineStyle === "solid" && parseFloat(s.outlineWidth) >= 2 &&
				s.outlineColor !== getComputedStyle(document.body).backgroundColor && r.top >= 5 && r.bottom + 5 <= innerHeight,
				style: s.outline + " at " + r.top + " to " + r.bottom + " of " + innerHeight }; })()`, &at)
		if order = append(order, at.Name); !at.Visible {
			t.Errorf("the focus on %s can't be seen: %s", at.Name, at.Style)
		}
	}
	if want := []string{"deposit", "from", "turn", "payout", "to", "swap", "Follow", "API description"}; !slices.Equal(order, want) {
		t.Errorf("the focus goes %v, want %v", order, want)
	}
	p.eval(`(document.activeElement.blur(), true)`, new(bool))
	p.tabTo("deposit")
	p.write("0.1")
	p.await(value("payout") + ` !== ""`)
	// The other coin by the list, and back by the button: the quote follows both.
	p.tabTo("from")
	p.press("ArrowDown")
	p.await(value("from") + ` === "ETH" && ` + value("to") + ` === "BTC" && ` + value("payout") + `.startsWith("0.00")`)
	p.tabTo("turn")
	p.press("Enter")
	p.await(value("from") + ` === "BTC" && ` + value("to") + ` === "ETH" && ` + value("payout") + `.startsWith("2.")`)
	p.quiet(false)
}

// The gateway goes away and comes back: the page says so, and goes on where it was,
// without a gap or a repetition.
func aRestart(t *testing.T, h *harbour, b *browser, stop func()) {
	id := h.newSwap(t, "page-swap-0003", 0)
	h.move(id, 1, 2)
	p := b.open(t, h.url, 1200)
	p.await(live)
	h.price("25")
	p.tabTo("deposit")
	p.write("0.1")
	p.await(value("payout") + ` === "2.498"`)
	p.tabTo("swap")
	p.write(id)
	p.press("Enter")
	p.await(shown("updates") + `.includes("Version 2")`)
	for round := range int64(2) {
		stop()
		p.await("!(" + live + ") && " + shown("connection") + `.includes("Not connected")`)
		h.move(id, 5*round+3, 5*round+5)
		h.price(fmt.Sprint(30 + round))
		stop = h.run()
		p.await(live)
		h.move(id, 5*round+6, 5*round+7)
		p.await(shown("updates") + fmt.Sprintf(`.includes("Version %d:")`, 5*round+7))
		p.await(value("payout") + fmt.Sprintf(` === "%s"`, []string{"2.998", "3.098"}[round]))
	}
	if got := p.versionsShown(); !slices.Equal(got, countUp(1, 12)) {
		t.Errorf("shown are versions %v, want 1 to 12", got)
	}
	p.quiet(true)
}
