package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
)

// source is a gateway in memory: one pair, and whatever the test puts there. The
// real one is tested with the gateway.
type source struct {
	mu  sync.Mutex
	now time.Time
	// price is the newest.
	price int
}

func (s *source) set(price int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.price = price
}

func (s *source) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *source) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (*source) Pairs() []asset.Pair { return []asset.Pair{btcToEth} }

func (s *source) Rate(p asset.Pair) (swap.Rate, api.Rate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	price := strconv.Itoa(s.price)
	return swap.Rate{Pair: p, Price: price}, api.Rate{From: "BTC", To: "ETH", Price: price}
}

func (*source) ReadAsk(api.QuoteRequest) (stream.Ask, error) {
	return stream.Ask{}, errors.New("not here")
}

func (*source) Known(context.Context, string) (bool, error) { return false, nil }

func (*source) UpdatesAfter(context.Context, []stream.Position, int) ([]swap.Update, error) {
	return nil, nil
}

func (*source) Recent(context.Context) ([]stream.Recent, error) { return nil, nil }

func (*source) Problem(_ context.Context, err error) api.Problem {
	return api.Problem{Code: api.ErrorCode(swap.ErrorCode(err))}
}

// pipe is a listener whose connections have no buffer: what is not read blocks the
// writer at once. It tells when the server begins to write.
type pipe struct {
	conns  chan net.Conn
	writes chan struct{}
	done   chan struct{}
	once   sync.Once
}

func newPipe() *pipe {
	return &pipe{conns: make(chan net.Conn), writes: make(chan struct{}, 1), done: make(chan struct{})}
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error { p.once.Do(func() { close(p.done) }); return nil }

func (*pipe) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case p.conns <- telling{theirs, p.writes}:
		return mine, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// telling is a connection that tells of its writes.
type telling struct {
	net.Conn
	writes chan struct{}
}

func (c telling) Write(b []byte) (int, error) {
	select {
	case c.writes <- struct{}{}:
	default:
	}
	return c.Conn.Write(b)
}

type rig struct {
	source *source
	writes chan struct{}
	ticks  chan time.Time
	conn   *websocket.Conn
	heard  *heard
}

// heard is what a hub has told its observer, each with how often.
type heard struct {
	mu    sync.Mutex
	times map[string]int
	ended chan stream.Reason
}

func (h *heard) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.times[what]++
}

func (h *heard) count(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.times[what]
}

func (h *heard) observer() stream.Observer {
	return stream.Observer{
		Opened:    func(kind stream.Kind) { h.note("opened " + string(kind)) },
		Ended:     func(_ stream.Kind, why stream.Reason) { h.ended <- why },
		Sent:      func(_ stream.Kind, message string) { h.note("sent " + message) },
		Conflated: func(message string) { h.note("conflated " + message) },
	}
}

// awaitEnd fails unless the connection ends for this reason.
func (r *rig) awaitEnd(t *testing.T, want stream.Reason) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case why := <-r.heard.ended:
		if why != want {
			t.Errorf("the connection ended for %q, want %q", why, want)
		}
	case <-limit.C:
		t.Error("the connection has not ended")
	}
}

const patience = 30 * time.Second

// start connects a client that follows prices and has read the snapshot.
func start(t *testing.T, change func(*stream.Limits)) *rig {
	t.Helper()
	r := connect(t, change)
	if err := r.conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","topic":"prices"}`)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"subscribed", "prices"} {
		if m, err := r.next(t); err != nil || m.Type != want {
			t.Fatalf("%+v, %v; want %s", m, err, want)
		}
	}
	return r
}

// connect runs a hub whose ticks the test gives, and connects a client.
func connect(t *testing.T, change func(*stream.Limits)) *rig {
	t.Helper()
	r := &rig{source: &source{now: time.Now()}, ticks: make(chan time.Time),
		heard: &heard{times: map[string]int{}, ended: make(chan stream.Reason, 1)}}
	limits := stream.DefaultLimits()
	change(&limits)
	hub, err := stream.New(stream.Config{Source: r.source, Limits: limits, Now: r.source.clock,
		Log: slog.New(slog.DiscardHandler), Ticks: r.ticks, Observer: r.heard.observer()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p := newPipe()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := hub.Socket(w, q, "client"); err != nil {
			t.Error(err)
		}
	}))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = p
	server.Start()
	t.Cleanup(server.Close)
	dialing, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	conn, _, err := websocket.Dial(dialing, "ws://127.0.0.1/", &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: p.dial}}})
	if err != nil {
		t.Fatal(err)
	}
	r.conn, r.writes = conn, p.writes
	t.Cleanup(func() { _ = conn.CloseNow() })
	return r
}

type said struct {
	Type     string     `json:"type"`
	Sequence int64      `json:"sequence"`
	Rates    []api.Rate `json:"rates"`
}

func (r *rig) next(t *testing.T) (m said, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, raw, err := r.conn.Read(ctx)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(raw, &m)
}

func (r *rig) price(t *testing.T) int {
	t.Helper()
	m, err := r.next(t)
	if err != nil || m.Type != "prices" || len(m.Rates) != 1 {
		t.Fatalf("%+v, %v", m, err)
	}
	n, err := strconv.Atoi(m.Rates[0].Price)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// turn sets a price and ticks; the second tick is taken only when the first was
// worked through.
func (r *rig) turn(price int) {
	r.source.set(price)
	r.ticks <- time.Time{}
	r.ticks <- time.Time{}
}

// stuck has a price told and returns when the server is writing it, which blocks
// until the client reads.
func (r *rig) stuck(t *testing.T, price int) {
	t.Helper()
	select { // of earlier writes
	case <-r.writes:
	default:
	}
	r.turn(price)
	select {
	case <-r.writes:
	case <-t.Context().Done():
		t.Fatal("nothing was written")
	}
}

// Between two ticks prices move a thousand times: one message, the newest.
func TestConflatesBetweenTicks(t *testing.T) {
	t.Parallel()
	r := start(t, func(*stream.Limits) {})
	for price := range 1000 {
		r.source.set(price + 1)
	}
	r.turn(1000)
	if got := r.price(t); got != 1000 {
		t.Errorf("told %d, want 1000", got)
	}
	r.turn(1001)
	if got := r.price(t); got != 1001 {
		t.Errorf("told %d, want 1001: one message per change", got)
	}
}

// Setup: a client that does not read, on a connection without any buffer. Test:
// after a thousand turns it finds what was being written when it stopped reading,
// then the newest, and nothing in between.
func TestSlowReaderGetsTheLatest(t *testing.T) {
	t.Parallel()
	r := start(t, func(l *stream.Limits) { l.WriteTimeout = patience })
	r.stuck(t, 1)
	for price := 2; price <= 1000; price++ {
		r.turn(price)
	}
	if first, second := r.price(t), r.price(t); first != 1 || second != 1000 {
		t.Errorf("told %d, then %d, want 1 and 1000", first, second)
	}
	r.turn(1001)
	if got := r.price(t); got != 1001 {
		t.Errorf("told %d, want 1001", got)
	}
	// The third price took the place of the second, and so on to the thousandth.
	if n := r.heard.count("conflated prices"); n != 998 {
		t.Errorf("%d changes are told as skipped, want 998", n)
	}
	if n := r.heard.count("opened websocket"); n != 1 {
		t.Errorf("%d connections are told of", n)
	}
}

// A client that takes a message, but takes too long over it, is closed with a reason.
func TestTooSlowIsClosed(t *testing.T) {
	t.Parallel()
	r := start(t, func(l *stream.Limits) { l.WriteTimeout = patience })
	r.stuck(t, 1)
	r.source.advance(time.Minute)
	if got := r.price(t); got != 1 {
		t.Errorf("told %d, want 1", got)
	}
	_, err := r.next(t)
	var end websocket.CloseError
	if !errors.As(err, &end) || end.Code != websocket.StatusPolicyViolation || end.Reason != "too slow" {
		t.Errorf("%v, want the end as too slow", err)
	}
	r.awaitEnd(t, stream.EndSlow)
}

// Setup: clients that write and never read, so that they take no answer and answer
// no ping. Test: both are cut.
func TestDeadClientsAreCut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, message string
		limit         func(*stream.Limits)
		why           stream.Reason
	}{
		{"takes nothing", `{"type":"subscribe","topic":"prices"}`, func(l *stream.Limits) { l.WriteTimeout = time.Millisecond }, stream.EndSlow},
		{"answers no ping", `{"type":"quote_stop"}`, func(l *stream.Limits) { l.PingEvery, l.PongWithin = time.Millisecond, time.Millisecond }, stream.EndSilent},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := connect(t, func(l *stream.Limits) {
				row.limit(l)
				l.MessagesPerSecond, l.MessageBurst = 1<<30, 1<<30
			})
			deadline, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			for { // writes go through until the server has gone
				if err := r.conn.Write(deadline, websocket.MessageText, []byte(row.message)); err != nil {
					break
				}
			}
			if deadline.Err() != nil {
				t.Error("the connection was not cut")
			}
			r.awaitEnd(t, row.why)
		})
	}
}

func TestLimitsAreChecked(t *testing.T) {
	t.Parallel()
	for i, broken := range []func(*stream.Limits){
		func(l *stream.Limits) { l.Connections = 0 }, func(l *stream.Limits) { l.MessageBytes = -1 },
		func(l *stream.Limits) { l.Tick = 0 }, func(l *stream.Limits) { l.Recheck = l.Tick - 1 },
	} {
		l := stream.DefaultLimits()
		broken(&l)
		if err := l.Validate(); err == nil {
			t.Errorf("limits %d are accepted", i)
		}
	}
	if err := stream.DefaultLimits().Validate(); err != nil {
		t.Error(err)
	}
}
