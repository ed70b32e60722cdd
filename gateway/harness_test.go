package gateway_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/gateway"
	"ferry/gateway/api"
	"ferry/gateway/postgres"
	"ferry/gateway/stream"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
)

// clock is moved by hand; it starts now, so that ids and times look real.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bundle is a gateway as it runs: real HTTP, real Postgres, real sockets; only
// what is behind the sockets is the test's.
type bundle struct {
	pool      *pgxpool.Pool
	clock     *clock
	liquidity *liquidity
	wallets   map[asset.Chain]*wallet
	config    gateway.Config
	calls     gateway.Calls
	gateway   *gateway.Gateway
	url       string
	log       *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newKey(t testing.TB) (ed25519.PrivateKey, swap.PublicKeys) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key, swap.PublicKeys{swap.KeyID(pub): pub}
}

// clientHeader lets a test come from another address.
const clientHeader = "X-Test-Remote"

func setup(t testing.TB, change ...func(*gateway.Config)) *bundle {
	t.Helper()
	b := &bundle{pool: pgtest.New(t, "gateway"), clock: &clock{at: time.Now()}, log: &lockedBuffer{}}
	quoteKey, quoteKeys := newKey(t)
	attestKey, attestKeys := newKey(t)
	dir := shortDir(t)
	b.liquidity = &liquidity{key: quoteKey, now: b.clock.now, accepted: map[string]string{}}
	b.wallets = map[asset.Chain]*wallet{}
	sockets := map[asset.Chain]string{}
	for _, chain := range asset.Chains() {
		b.wallets[chain] = &wallet{chain: chain, key: attestKey, quotes: quoteKeys, now: b.clock.now,
			own: map[string]bool{}, receipts: map[string]string{}, attest: attestKeys, addresses: map[string]string{}}
		sockets[chain] = serveWallet(t, dir, b.wallets[chain])
	}
	limits := gateway.DefaultLimits()
	limits.PostsPerMinute, limits.PostBurst = 1_000_000, 1_000_000
	b.config = gateway.Config{Networks: networks, Rules: swap.DepositRules{Confirmations: map[asset.Chain]int64{asset.Bitcoin: 2, asset.Ethereum: 12}},
		QuoteKeys: quoteKeys, AttestKeys: attestKeys, SecretKey: bytes.Repeat([]byte{7}, 32), Limits: limits,
		Now: b.clock.now, Log: slog.New(slog.NewTextHandler(b.log, nil))}
	b.config.Streams = stream.DefaultLimits()
	b.config.Streams.Tick = time.Millisecond
	for _, c := range change {
		c(&b.config)
	}
	var err error
	b.calls = gateway.Connect(serveLiquidity(t, dir, b.liquidity), sockets)
	b.gateway, err = gateway.New(b.config, postgres.New(b.pool), b.calls)
	if err != nil {
		t.Fatal(err)
	}
	handler := b.gateway.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if remote := r.Header.Get(clientHeader); remote != "" {
			r.RemoteAddr = remote
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// answer is a response as it came.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (b *bundle) send(t testing.TB, method, path, body string, headers ...string) answer {
	t.Helper()
	a, err := b.trySend(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// trySend is send for goroutines, where a test can't be ended.
func (b *bundle) trySend(ctx context.Context, method, path, body string, headers ...string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, raw}, errors.Join(err, res.Body.Close())
}

func into[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	var v T
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// refused asserts a problem, all of it.
func refused(t testing.TB, a answer, status int, code swap.Code, field, limit string) api.Problem {
	t.Helper()
	p := into[api.Problem](t, a, status)
	if p.Code != api.ErrorCode(code) || p.Field != field || p.Limit != limit {
		t.Errorf("code %q field %q limit %q, want %q %q %q (%s)", p.Code, p.Field, p.Limit, code, field, limit, p.Detail)
	}
	if a.header.Get("Content-Type") != "application/problem+json" || p.Status != status || p.Detail == "" ||
		p.Title != http.StatusText(status) || p.Type != "urn:ferry:problem:"+string(code) ||
		p.RequestId == "" || p.RequestId != a.header.Get("X-Request-Id") {
		t.Errorf("not a whole problem: %v %s", a.header, a.body)
	}
	return p
}

// rows counts the rows of every table of the schema.
func (b *bundle) rows(t testing.TB) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, table := range []string{"idempotency", "swap", "swap_view", "swap_update", "amendment", "outbox", "consumer_offset"} {
		var n int64
		if err := b.pool.QueryRow(context.Background(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

func (b *bundle) expectRows(t testing.TB, want map[string]int64) {
	t.Helper()
	if got := b.rows(t); !maps.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

var noRows = map[string]int64{"idempotency": 0, "swap": 0, "swap_view": 0, "swap_update": 0, "amendment": 0, "outbox": 0, "consumer_offset": 0}

// oneSwap is what one finished swap leaves.
var oneSwap = map[string]int64{"idempotency": 1, "swap": 1, "swap_view": 1, "swap_update": 1, "amendment": 0, "outbox": 1, "consumer_offset": 0}

var btcToEth = asset.Pair{From: asset.BTC, To: asset.ETH}

// signedQuote is a quote as liquidityd would sign it now.
func (b *bundle) signedQuote(t testing.TB, pair asset.Pair, change ...func(*swap.Quote)) string {
	t.Helper()
	q := newQuote(pair, b.clock.now())
	for _, c := range change {
		c(&q)
	}
	signed, err := swap.SignQuote(q, b.liquidity.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

var (
	userETH = newAddress(asset.Ethereum, "user")
	userBTC = newAddress(asset.Bitcoin, "user")
)

// body writes a request as JSON; pairs of names and values, values that are not
// strings as they are.
func body(t testing.TB, pairs ...any) string {
	t.Helper()
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// swapBody is a good request for BTC to ETH.
func (b *bundle) swapBody(t testing.TB) string {
	t.Helper()
	return body(t, "signed_quote", b.signedQuote(t, btcToEth), "payout_address", userETH, "refund_address", userBTC)
}
