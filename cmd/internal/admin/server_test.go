package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/cmd/internal/admin"
	"ferry/migrations/pgtest"
	"ferry/swap/bus"
	"ferry/swap/rpc"
)

var quiet = slog.New(slog.DiscardHandler)

func keysOf(m map[string]bool) iter.Seq[string] { return maps.Keys(m) }

// shortDir is a folder whose sockets have short enough paths.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "admin")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func open(t *testing.T, address string, users ...int) *admin.Server {
	t.Helper()
	s, err := admin.Open(t.Context(), address, quiet, users...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// get asks a server at its own address, whatever that is.
func get(t *testing.T, s *admin.Server, path string) (int, string) {
	t.Helper()
	client, base := http.DefaultClient, "http://"+s.Address()
	if strings.HasPrefix(s.Address(), "/") {
		client, base = rpc.Client(s.Address()), rpc.BaseURL
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// wantReady asks /readyz and returns the reasons by check.
func wantReady(t *testing.T, s *admin.Server, ready bool) map[string]string {
	t.Helper()
	status, body := get(t, s, "/readyz")
	var r admin.Readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if want := map[bool]int{true: 200, false: 503}[ready]; r.Ready != ready || status != want {
		t.Fatalf("status %d and %s; want ready %t", status, body, ready)
	}
	reasons := map[string]string{}
	for _, c := range r.Checks {
		if c.OK != (c.Reason == "") {
			t.Errorf("%s: ok %t with reason %q", c.Name, c.OK, c.Reason)
		}
		reasons[c.Name] = c.Reason
	}
	return reasons
}

func TestOpenRefusesTheNetwork(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80", "localhost:0", "127.0.0.1", "relative.sock"} {
		if s, err := admin.Open(t.Context(), address, quiet); err == nil {
			s.Close()
			t.Errorf("%q is accepted", address)
		} else if !strings.Contains(err.Error(), admin.Env) {
			t.Errorf("%q: %v does not name the setting", address, err)
		}
	}
	if s, err := admin.OpenSocket(t.Context(), admin.Default, quiet); err == nil {
		s.Close()
		t.Error("a daemon with keys listens on TCP")
	}
}

// Alive at once, ready from Started on, and all of it over a socket too.
func TestStart(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"loopback": admin.Default, "IPv4": "127.0.0.2:0", "socket": filepath.Join(shortDir(t), "a")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, address, os.Getuid())
			if status, body := get(t, s, "/healthz"); status != 200 || !strings.Contains(body, "ok") {
				t.Errorf("/healthz: %d %s", status, body)
			}
			if reason := wantReady(t, s, false)["start"]; reason != "still starting" {
				t.Errorf("start: %q", reason)
			}
			s.Started()
			wantReady(t, s, true)
			if status, body := get(t, s, "/metrics"); status != 200 || !strings.Contains(body, `ferry_dependency_up{dependency="start"} 1`) {
				t.Errorf("/metrics: %d\n%s", status, body)
			}
			if status, _ := get(t, s, "/debug/pprof/"); status != 404 {
				t.Errorf("something else answers with %d", status)
			}
		})
	}
}

// A socket of a daemon with keys: only its owner may open it, and only the users
// named are answered.
func TestSocketIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "a")
	open(t, path, os.Getuid()+1)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v (%v)", info.Mode(), err)
	}
	if err := admin.Socket(path)(t.Context()); err == nil {
		t.Error("a user who is not named was answered")
	}
}

// Each dependency of a real kind goes away, and comes to be the reason.
func TestReadinessFollowsDependencies(t *testing.T) {
	t.Parallel()
	s := open(t, admin.Default)
	s.Started()
	pool := pgtest.New(t, "swap")
	s.Check("database", pool.Ping)

	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, bus.TopicFacts))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	probe, err := bus.NewProbe(kafka.ListenAddrs())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(probe.Close)
	s.Check("kafka", probe.Ping)

	socket := filepath.Join(shortDir(t), "s")
	l, err := rpc.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- rpc.Serve(ctx, l, http.NewServeMux()) }()
	s.Check("signerd", admin.Socket(socket))
	wantReady(t, s, true)

	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if reasons := wantReady(t, s, false); !strings.Contains(reasons["signerd"], "nobody listens") || reasons["database"] != "" || reasons["kafka"] != "" {
		t.Errorf("without a signer: %q", reasons)
	}
	kafka.Close()
	if reasons := wantReady(t, s, false); !strings.Contains(reasons["kafka"], "broker") {
		t.Errorf("without Kafka: %q", reasons)
	}
	_, body := get(t, s, "/metrics")
	for _, line := range []string{`ferry_dependency_up{dependency="kafka"} 0`, `ferry_dependency_up{dependency="database"} 1`} {
		if !strings.Contains(body, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}

// A database that is gone is the reason, too.
func TestReadinessWithoutADatabase(t *testing.T) {
	t.Parallel()
	s := open(t, admin.Default)
	s.Started()
	// The one that pgtest made is still needed to clean up.
	own, err := pgxpool.NewWithConfig(t.Context(), pgtest.New(t, "swap").Config())
	if err != nil {
		t.Fatal(err)
	}
	s.Check("database", own.Ping)
	wantReady(t, s, true)
	own.Close()
	if reasons := wantReady(t, s, false); !strings.Contains(reasons["database"], "closed") {
		t.Errorf("without a database: %q", reasons)
	}
}

// What can't be read is missing and said to be.
func TestReading(t *testing.T) {
	t.Parallel()
	s := open(t, admin.Default)
	gauge := admin.Gauge("test_things", "Things.", "kind")
	good := func(context.Context) ([]admin.Sample, error) {
		return []admin.Sample{{Gauge: gauge, Value: 3, Labels: []string{"a"}}}, nil
	}
	s.Metrics().MustRegister(admin.NewReading("good", good, gauge))
	lost := admin.Gauge("test_lost", "Lost.")
	s.Metrics().MustRegister(admin.NewReading("bad", func(context.Context) ([]admin.Sample, error) {
		return []admin.Sample{{Gauge: lost, Value: 1}}, errors.New("no database")
	}, lost))
	wrong := admin.Gauge("test_wrong", "One label too many.")
	s.Metrics().MustRegister(admin.NewReading("wrong", func(context.Context) ([]admin.Sample, error) {
		return []admin.Sample{{Gauge: wrong, Value: 1, Labels: []string{"x"}}}, nil
	}, wrong))
	_, body := get(t, s, "/metrics")
	for _, line := range []string{`test_things{kind="a"} 3`, `ferry_scrape_ok{part="good"} 1`, `ferry_scrape_ok{part="bad"} 0`} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(body, "test_lost") || strings.Contains(body, "test_wrong") {
		t.Error("what failed is shown")
	}
}

// The address is taken: the start fails with a sentence.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", admin.Default)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	if s, err := admin.Open(t.Context(), l.Addr().String(), quiet); err == nil {
		s.Close()
		t.Error("two listen on one address")
	}
}

var _ prometheus.Registerer = names{}
