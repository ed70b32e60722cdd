package cluster

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/deploy/parts"
)

// serve answers /readyz with a body on a listener.
func serve(t *testing.T, network, address, body string, status int) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return l.Addr().String()
}

const (
	ready    = `{"ready":true,"checks":[{"name":"start","ok":true,"took_ms":0}]}`
	notReady = `{"ready":false,"checks":[{"name":"database","ok":false,"reason":"it is away"},{"name":"kafka","ok":false,"reason":"no broker"},{"name":"start","ok":true}]}`
)

func TestAskReady(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ask")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for name, address := range map[string]string{
		"TCP":    serve(t, "tcp", "127.0.0.1:0", ready, 200),
		"socket": serve(t, "unix", filepath.Join(dir, "s"), ready, 200),
	} {
		if r, err := AskReady(t.Context(), address); err != nil || !r.Ready || r.Failing() != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	r, err := AskReady(t.Context(), serve(t, "tcp", "127.0.0.1:0", notReady, 503))
	if want := "database: it is away; kafka: no broker"; err != nil || r.Ready || r.Failing() != want {
		t.Errorf("not ready: %+v, %v", r, err)
	}
	if _, err := AskReady(t.Context(), serve(t, "tcp", "127.0.0.1:0", "not found", 404)); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("something else at the address: %v", err)
	}
	if _, err := AskReady(t.Context(), filepath.Join(dir, "nobody")); err == nil {
		t.Error("nobody answers, and is ready")
	}
}

// The address is the one of this start's log, not of an earlier one.
func TestFindAdmin(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	old := `{"level":"INFO","msg":"admin endpoint","daemon":"swapd","address":"127.0.0.1:1"}` + "\n"
	content := old + `{"msg":"another"}` + "\n" + `{"level":"INFO","msg":"admin endpoint","daemon":"swapd","address":"127.0.0.1:2"}` + "\n"
	if err := os.WriteFile(log, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Cluster{running: map[string]*parts.Process{}}
	if err := c.findAdmin("swapd", log, int64(len(old))); err != nil {
		t.Fatal(err)
	}
	if got := c.Settings().Admin["swapd"]; got != "127.0.0.1:2" {
		t.Errorf("found %q", got)
	}
	if err := c.findAdmin("venuesim", log, int64(len(content))); err != nil || len(c.Settings().Admin) != 1 {
		t.Errorf("a daemon without one: %v, %v", err, c.Settings().Admin)
	}
	if err := os.WriteFile(log, []byte(`{"msg":"admin endpoint"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.findAdmin("gatewayd", log, 0); err == nil {
		t.Error("a line without an address was found")
	}
}

// What is handed out is a copy: callers don't see a later restart half done.
func TestSettingsAreACopy(t *testing.T) {
	t.Parallel()
	c := &Cluster{settings: Settings{Admin: map[string]string{"swapd": "a"}}}
	c.Settings().Admin["swapd"] = "b"
	if got := c.Settings().Admin["swapd"]; got != "a" {
		t.Errorf("changed to %q", got)
	}
}

// The wait ends when all are ready, when one process fails, and with its context.
func TestAwaitReadiness(t *testing.T) {
	t.Parallel()
	cluster := func(addresses ...string) *Cluster {
		c := &Cluster{failed: make(chan error, 1), settings: Settings{Admin: map[string]string{}}}
		for _, a := range addresses {
			c.settings.Admin["daemon at "+a] = a
		}
		return c
	}
	good, bad := serve(t, "tcp", "127.0.0.1:0", ready, 200), serve(t, "tcp", "127.0.0.1:0", notReady, 503)
	if err := cluster(good).awaitReadiness(t.Context()); err != nil {
		t.Errorf("all are ready: %v", err)
	}
	failing := cluster(good, bad)
	failing.failed <- os.ErrProcessDone
	if err := failing.awaitReadiness(t.Context()); err == nil || !strings.Contains(err.Error(), os.ErrProcessDone.Error()) {
		t.Errorf("one process ended: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := cluster(bad).awaitReadiness(ctx); err == nil {
		t.Error("one is not ready, and the wait succeeds")
	}
}
