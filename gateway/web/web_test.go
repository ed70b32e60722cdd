package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"ferry/gateway/web"
)

var (
	reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	labelled  = regexp.MustCompile(`<label for="([a-z-]+)"`)
	anyInput  = regexp.MustCompile(`<(?:input|select) id="([a-z-]+)"([^>]*)>`)
)

// get returns a whole answer.
func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

// Everything the page refers to is served from here, under a policy that forbids
// whatever is not; no text is inline, which the policy would block.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	web.Route(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	_, head, text := get(t, server.URL+"/")
	paths := map[string]bool{"/": true}
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		if m[1] != "/v1/openapi.yaml" { // the API's
			paths[m[1]] = true
		}
	}
	if len(paths) != 5 {
		t.Errorf("the page refers to %v", paths)
	}
	for path := range paths {
		status, head, body := get(t, server.URL+path)
		policy := head.Get("Content-Security-Policy")
		if status != http.StatusOK || body == "" || !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") ||
			head.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %d bytes, %v", path, status, len(body), head)
		}
		if strings.Contains(body, "http://") && path != "/web/icon.svg" || strings.Contains(body, "https://") {
			t.Errorf("%s refers elsewhere", path)
		}
		if strings.Contains(body, "innerHTML") || strings.Contains(body, " style=") || strings.Contains(body, " onclick=") {
			t.Errorf("%s has what the policy blocks", path)
		}
	}
	if !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
		t.Errorf("%v", head)
	}
	if status, _, _ := get(t, server.URL+"/web/web.go"); status != http.StatusNotFound {
		t.Errorf("a file that is no part of the page: %d", status)
	}
}

// Every field has a name for those who do not see it.
func TestFieldsHaveNames(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	web.Route(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	_, _, text := get(t, server.URL+"/")
	names := map[string]bool{}
	for _, m := range labelled.FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	all := anyInput.FindAllStringSubmatch(text, -1)
	if len(all) != 7 {
		t.Errorf("%d fields", len(all))
	}
	for _, m := range all {
		if !names[m[1]] && !strings.Contains(m[2], "aria-label=") {
			t.Errorf("%s has no label", m[1])
		}
	}
}
