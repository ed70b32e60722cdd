package gateway_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/gateway"
	"ferry/gateway/api"
	"ferry/gateway/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

// The description that is served is the one the handlers were made from.
func TestDescriptionIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	a := b.send(t, http.MethodGet, "/v1/openapi.yaml", "")
	if a.status != 200 || string(a.body) != string(file) || a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v, %d bytes of %d", a.status, a.header, len(a.body), len(file))
	}
	into[api.Health](t, b.send(t, http.MethodGet, "/healthz", ""), 200)
}

// Setup: a gateway whose database and daemons are gone. Test: it says so, and that
// it is worth trying again.
func TestEverythingIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nowhere := shortDir(t) + "/nobody"
	pool, err := pgxpool.New(t.Context(), "host="+nowhere+" user=ferry")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	g, err := gateway.New(b.config, postgres.New(pool), gateway.Connect(nowhere,
		map[asset.Chain]string{asset.Bitcoin: nowhere, asset.Ethereum: nowhere}))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	b.url = server.URL
	refused(t, b.send(t, http.MethodGet, "/healthz", ""), 503, swap.CodeUnavailable, "", "")
	refused(t, b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"1"}`), 503, swap.CodeUnavailable, "", "")
	refused(t, b.create(t, aKey, b.swapBody(t)), 503, swap.CodeUnavailable, "", "")
	refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+swap.NewID(swap.SwapPrefix, b.clock.now()), ""), 503, swap.CodeUnavailable, "", "")
	into[api.AssetList](t, b.send(t, http.MethodGet, "/v1/assets", ""), 200)
}

// vocabulary reads every Code of package swap from its source.
func vocabulary(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../swap/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[text] = true
		}
		return true
	})
	return codes
}

var (
	documentedRow    = regexp.MustCompile("\\| (\\d{3}) \\| `([a-z_]+)` \\|")
	documentedStatus = regexp.MustCompile(`^ {8}'(\d{3})':`)
	quotedCode       = regexp.MustCompile("`([a-z_]+)`")
)

// Every code of the vocabulary has one status, in the table, in the description's
// list of codes and in its enumeration; no other code is described; and each
// operation lists a code under that very status.
func TestCodesAreDescribed(t *testing.T) {
	t.Parallel()
	codes := vocabulary(t)
	table := gateway.Statuses()
	if len(codes) < 20 || !maps.EqualFunc(codes, table, func(bool, int) bool { return true }) {
		t.Errorf("the table has %v, the vocabulary %v", table, codes)
	}
	described := map[string]int{}
	for _, row := range documentedRow.FindAllStringSubmatch(gateway.Description, -1) {
		status, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		described[row[2]] = status
	}
	if !maps.Equal(described, table) {
		t.Errorf("described %v, table %v", described, table)
	}
	for code := range codes {
		if !api.ErrorCode(code).Valid() {
			t.Errorf("%s is not in the enumeration", code)
		}
	}
	status, listed := 0, map[string]bool{}
	for _, line := range strings.Split(gateway.Description, "\n") {
		if m := documentedStatus.FindStringSubmatch(line); m != nil {
			var err error
			if status, err = strconv.Atoi(m[1]); err != nil {
				t.Fatal(err)
			}
		}
		if status < 400 || !strings.HasPrefix(line, "          description: '`") {
			continue
		}
		for _, m := range quotedCode.FindAllStringSubmatch(line, -1) {
			listed[m[1]] = true
			if table[m[1]] != status {
				t.Errorf("%s is listed under %d", m[1], status)
			}
		}
	}
	for code := range codes {
		if !listed[code] && code != string(swap.CodeMethodNotAllowed) { // no operation's, by its nature
			t.Errorf("%s is listed for no operation", code)
		}
	}
}

// Whatever no operation answers is a problem too.
func TestUnrouted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        []string
	}{
		{http.MethodGet, "/index.html", 404, nil}, {http.MethodPost, "/", 405, []string{"GET"}}, {http.MethodPost, "/v1/stream", 405, []string{"GET"}}, {http.MethodGet, "/v2/assets", 404, nil}, {http.MethodPost, "/v1/swaps/x/cancel", 404, nil},
		{http.MethodDelete, "/v1/assets", 405, []string{"GET"}}, {http.MethodGet, "/v1/swaps", 405, []string{"POST"}},
		{http.MethodPut, "/v1/swaps/swap_x", 405, []string{"GET"}}, {http.MethodGet, "/v1/quotes", 405, []string{"POST"}},
	} {
		a := b.send(t, c.method, c.path, "")
		code := swap.CodeNotFound
		if c.status == http.StatusMethodNotAllowed {
			code = swap.CodeMethodNotAllowed
		}
		refused(t, a, c.status, code, "", "")
		if !slices.Equal(a.header.Values("Allow"), c.allow) {
			t.Errorf("%s %s allows %v", c.method, c.path, a.header.Values("Allow"))
		}
	}
	for _, id := range []string{"x", "swap_", "swap_01kb4x8d3v9qj2m5t7w0y6z1ac", "SWAP_01KB4X8D3V9QJ2M5T7W0Y6Z1AC", "%00", "..%2f", strings.Repeat("9", 4000)} {
		refused(t, b.send(t, http.MethodGet, "/v1/swaps/"+id, ""), 404, swap.CodeNotFound, "id", "")
	}
}

// A client over its rate is told so; another client, a reader, and the same client
// later are not.
func TestRequestLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Limits.PostsPerMinute, c.Limits.PostBurst = 60, 3 })
	ask := func(remote string) answer {
		return b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"1"}`, clientHeader, remote)
	}
	for range 3 {
		into[api.Quote](t, ask("[2001:db8::1]:1"), 201)
	}
	a := ask("[2001:db8::ffff]:2") // the same /64
	refused(t, a, 429, swap.CodeTooManyRequests, "", "60 a minute")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("headers %v", a.header)
	}
	into[api.Quote](t, ask("[2001:db8:0:1::1]:1"), 201)
	into[api.AssetList](t, b.send(t, http.MethodGet, "/v1/assets", "", clientHeader, "[2001:db8::1]:1"), 200)
	b.clock.advance(1_000_000_000)
	into[api.Quote](t, ask("[2001:db8::1]:1"), 201)
	if b.liquidity.lastClient != "2001:db8::/64" {
		t.Errorf("liquidityd was told of client %q", b.liquidity.lastClient)
	}
}

// With all slots taken a request is refused at once, and served when one is free.
func TestConcurrencyLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *gateway.Config) { c.Limits.Concurrent = 1 })
	entered, leave := make(chan struct{}), make(chan struct{})
	b.liquidity.tamper = func(*swap.Quote) { close(entered); <-leave }
	done := make(chan answer)
	go func() {
		a, err := b.trySend(t.Context(), http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"1"}`)
		if err != nil {
			t.Error(err)
		}
		done <- a
	}()
	<-entered
	refused(t, b.send(t, http.MethodGet, "/v1/assets", ""), 503, swap.CodeUnavailable, "", "")
	close(leave)
	into[api.Quote](t, <-done, 201)
	into[api.AssetList](t, b.send(t, http.MethodGet, "/v1/assets", ""), 200)
}

// A configuration that lacks something does not start.
func TestConfigIsValidated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.config.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, breakIt := range map[string]func(*gateway.Config){
		"network":       func(c *gateway.Config) { c.Networks.Bitcoin = "moon" },
		"confirmations": func(c *gateway.Config) { c.Rules.Confirmations = nil },
		"quote keys":    func(c *gateway.Config) { c.QuoteKeys = nil },
		"attest keys":   func(c *gateway.Config) { c.AttestKeys = nil },
		"secret":        func(c *gateway.Config) { c.SecretKey = c.SecretKey[:31] },
		"limits":        func(c *gateway.Config) { c.Limits.Clients = 0 },
		"log":           func(c *gateway.Config) { c.Log = nil },
	} {
		c := b.config
		breakIt(&c)
		if _, err := gateway.New(c, nil, gateway.Calls{}); err == nil || c.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := gateway.New(b.config, nil, gateway.Calls{}); err == nil {
		t.Error("started without a store")
	}
}
