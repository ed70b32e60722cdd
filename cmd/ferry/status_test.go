package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/cmd/ferry/internal/seed"
)

// With the settings of a running cluster the daemons are asked, and one that is
// not ready, or not there, needs a person.
func TestStatusAsksTheDaemons(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	answer := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if _, err := w.Write([]byte(body)); err != nil {
				t.Error(err)
			}
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	root := t.TempDir()
	settings := map[string]any{"support_database_url": db.SupportURL, "admin": map[string]string{
		"swapd":    answer(200, `{"ready":true,"checks":[{"name":"start","ok":true}]}`),
		"gatewayd": answer(503, `{"ready":false,"checks":[{"name":"kafka","ok":false,"reason":"no broker answers"}]}`),
		"signerd":  filepath.Join(root, "nobody"),
	}}
	raw, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "run", "settings.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	got := ferry(t, nil, "status", "--root", root)
	for _, want := range []string{"Daemons\n", "swapd     ready\n", "gatewayd  not ready: kafka: no broker answers\n",
		"gatewayd is not ready: kafka: no broker answers", "signerd is not ready: no answer"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got.code != 1 || strings.Contains(got.out, "swapd is not ready") || t.Failed() {
		t.Errorf("exit status %d, %s\n%s", got.code, got.errs, got.out)
	}
	// Where the environment names the database, these daemons need not be its.
	if other := ferry(t, people(db), "status", "--root", root); strings.Contains(other.out, "Daemons") || other.code != 0 {
		t.Errorf("of another Ferry: exit status %d\n%s", other.code, other.out)
	}
}
