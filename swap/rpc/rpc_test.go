package rpc_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"ferry/swap"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
)

// answering is a liquidityd that says what it is told to.
type answering struct {
	ferryv1connect.UnimplementedLiquidityHandler
	err error
}

func (a answering) Accept(context.Context, *connect.Request[ferryv1.AcceptRequest]) (*connect.Response[ferryv1.AcceptResponse], error) {
	return connect.NewResponse(&ferryv1.AcceptResponse{}), a.err
}

// serve answers on a socket for the given users until the test ends.
func serve(t *testing.T, err error, uids ...int) ferryv1connect.LiquidityClient {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.sock")
	l, listenErr := rpc.Listen(path, -1)
	if listenErr != nil {
		t.Fatal(listenErr)
	}
	if info, statErr := os.Stat(path); statErr != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode is %v (%v), want only its owner", info.Mode(), statErr)
	}
	mux := http.NewServeMux()
	mux.Handle(ferryv1connect.NewLiquidityHandler(answering{err: err}, rpc.HandlerOptions()...))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- rpc.Serve(ctx, rpc.OnlyUsers(l, uids...), mux) }()
	client := rpc.Client(path)
	t.Cleanup(func() {
		client.CloseIdleConnections()
		cancel()
		if serveErr := <-done; serveErr != nil {
			t.Error(serveErr)
		}
	})
	return ferryv1connect.NewLiquidityClient(client, rpc.BaseURL, rpc.ClientOptions()...)
}

func accept(t *testing.T, c ferryv1connect.LiquidityClient, quote string) error {
	t.Helper()
	_, err := c.Accept(t.Context(), connect.NewRequest(&ferryv1.AcceptRequest{SignedQuote: quote}))
	return err
}

// A refusal arrives as the same refusal; anything else is never taken for one.
func TestRefusals(t *testing.T) {
	t.Parallel()
	if err := accept(t, serve(t, nil, os.Getuid()), "q"); err != nil {
		t.Errorf("an accepted call: %v", err)
	}
	refusal := swap.Refuse(swap.CodeQuoteUsed, "signed_quote", "one swap", "The quote is used.")
	var got *swap.Error
	if err := accept(t, serve(t, refusal, os.Getuid()), "q"); !errors.As(err, &got) || !reflect.DeepEqual(got, refusal) {
		t.Errorf("refusal arrives as %v", err)
	}
	if err := accept(t, serve(t, errors.New("disk full"), os.Getuid()), "q"); err == nil || errors.As(err, &got) && got == nil || swap.ErrorCode(err) != swap.CodeInternal {
		t.Errorf("failure arrives as %v", err)
	}
	if err := accept(t, serve(t, nil), "q"); err == nil {
		t.Error("a user who is not admitted was answered")
	}
	if err := accept(t, serve(t, nil, os.Getuid()), strings.Repeat("q", rpc.MaxBody)); err == nil {
		t.Error("a body above the limit was answered")
	}
}

// A socket left by a killed process does not stop the next start.
func TestListenReplacesAnOldSocket(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "s.sock")
	first, err := rpc.Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := rpc.Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Log(err) // the first's file is the second's by now
	}
	if _, err := rpc.Listen(filepath.Join(t.TempDir(), strings.Repeat("x", 120)), -1); err == nil {
		t.Error("a path longer than a socket's may be was listened on")
	}
}
