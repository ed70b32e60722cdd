package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/gateway"
	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// stream runs the telling part of the gateway until the test, or end, ends it.
func (b *bundle) stream(t testing.TB) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.gateway.RunStreams(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return end
}

// peer is a client of the WebSocket.
type peer struct {
	t    testing.TB
	conn *websocket.Conn
}

// said is any message of the server.
type said struct {
	Type          string           `json:"type"`
	ID            string           `json:"id"`
	Topic         string           `json:"topic"`
	SwapID        string           `json:"swap_id"`
	Sequence      int64            `json:"sequence"`
	Snapshot      bool             `json:"snapshot"`
	Rates         []api.Rate       `json:"rates"`
	Price         string           `json:"price"`
	DepositAmount string           `json:"deposit_amount"`
	PayoutAmount  string           `json:"payout_amount"`
	NetworkFee    string           `json:"network_fee"`
	Updates       []api.SwapUpdate `json:"updates"`
	Swaps         []map[string]any `json:"swaps"`
	Problem       api.Problem      `json:"problem"`
}

func dial(ctx context.Context, url string, header http.Header) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return websocket.Dial(ctx, url+"/v1/stream", &websocket.DialOptions{HTTPHeader: header})
}

func (b *bundle) dial(t testing.TB) *peer { return dialAt(t, b.url) }

func dialAt(t testing.TB, url string) *peer {
	t.Helper()
	conn, res, err := dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &peer{t, conn}
}

func (p *peer) send(message string) {
	p.t.Helper()
	if err := p.conn.Write(p.t.Context(), websocket.MessageText, []byte(message)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) next() said {
	p.t.Helper()
	m, err := p.tryNext()
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *peer) tryNext() (said, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	_, raw, err := p.conn.Read(ctx)
	if err != nil {
		return said{}, err
	}
	var m said
	if err := json.Unmarshal(raw, &m); err != nil {
		return said{}, fmt.Errorf("%w: %s", err, raw)
	}
	return m, nil
}

// expect is the next message, which must be of a type.
func (p *peer) expect(kind string) said {
	p.t.Helper()
	m := p.next()
	if m.Type != kind {
		p.t.Fatalf("got %+v, want %q", m, kind)
	}
	return m
}

// refused expects an error with all its parts.
func (p *peer) refused(id string, code swap.Code, field string) {
	p.t.Helper()
	m := p.expect("error")
	q := m.Problem
	if m.ID != id || q.Code != api.ErrorCode(code) || q.Field != field {
		p.t.Errorf("id %q code %q field %q, want %q %q %q (%s)", m.ID, q.Code, q.Field, id, code, field, q.Detail)
	}
	if q.Detail == "" || q.RequestId == "" || q.Type != "urn:ferry:problem:"+string(code) || q.Status != gateway.Statuses()[string(code)] {
		p.t.Errorf("not a whole problem: %+v", q)
	}
}

// closed expects the end of the connection.
func (p *peer) closed(status websocket.StatusCode, reason string) {
	p.t.Helper()
	m, err := p.tryNext()
	var end websocket.CloseError
	if !errors.As(err, &end) || end.Code != status || end.Reason != reason {
		p.t.Errorf("got %+v, %v; want status %d and %q", m, err, status, reason)
	}
}

// versions reads a swap's updates up to a version and returns all versions in the
// order they came.
func (p *peer) versions(id string, last int64) []int64 {
	p.t.Helper()
	var got []int64
	for {
		m := p.expect("swap")
		if m.SwapID != id {
			p.t.Fatalf("update of %s, want %s", m.SwapID, id)
		}
		for _, u := range m.Updates {
			got = append(got, u.Version)
		}
		if got[len(got)-1] >= last {
			return got
		}
	}
}

// count lists whole numbers, both ends included.
func countUp(from, to int64) []int64 {
	var list []int64
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

// rateRecord is a rate of BTC-ETH as the topic has it.
func (b *bundle) rateRecord(t testing.TB, price string, change ...func(*swap.Rate)) bus.Record {
	t.Helper()
	rate := swaptest.Price(t, swap.Rate{Pair: btcToEth, Min: coins(t, asset.BTC, "0.001"), Max: coins(t, asset.BTC, "2"),
		NetworkFee: coins(t, asset.ETH, "0.002"), At: swap.Millis(b.clock.now())}, price)
	for _, c := range change {
		c(&rate)
	}
	raw, err := json.Marshal(rate)
	if err != nil {
		t.Fatal(err)
	}
	return bus.Record{Topic: bus.TopicRates, Key: "BTC-ETH", Kind: bus.KindRate, Body: raw}
}

func coins(t testing.TB, id asset.ID, text string) asset.Amount {
	t.Helper()
	a, err := asset.ParseDecimal(id, text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// listener is a client of server-sent events.
type listener struct {
	t     testing.TB
	lines *bufio.Scanner
}

func (b *bundle) listen(t testing.TB, id string, headers ...string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/v1/swaps/"+id+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	return &listener{t, bufio.NewScanner(res.Body)}
}

// event is the next event's id, name and version; comments and retry are skipped
// but counted.
func (l *listener) event() (id, name string, u api.SwapUpdate) {
	l.t.Helper()
	for l.lines.Scan() {
		line := l.lines.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			id = line[len("id: "):]
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			if err := json.Unmarshal([]byte(line[len("data: "):]), &u); err != nil {
				l.t.Fatal(err)
			}
		case line == "" && id != "":
			return id, name, u
		}
	}
	l.t.Fatalf("the stream ended: %v", l.lines.Err())
	return "", "", u
}

func (l *listener) line() string {
	l.t.Helper()
	if !l.lines.Scan() {
		l.t.Fatalf("the stream ended: %v", l.lines.Err())
	}
	return l.lines.Text()
}

// anotherKey is an Idempotency-Key besides aKey.
const anotherKey = "f3f3b8a2-55cf-4d05-8a0e-5d1d0a3cf9f8"
