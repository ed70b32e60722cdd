// Package rpctest serves calls between daemons over a Unix socket, for tests only.
package rpctest

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"ferry/swap/rpc"
)

// Serve answers on a socket of the test's own until the test ends, and returns a
// client of it. A pattern and its handler are what Handler methods give.
func Serve(t testing.TB, pattern string, handler http.Handler) *http.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := rpc.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(pattern, handler)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- rpc.Serve(ctx, l, mux) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return rpc.Client(socket)
}
