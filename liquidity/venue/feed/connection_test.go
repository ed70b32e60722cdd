package feed_test

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
)

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Setup: a venue whose answer to a handshake is headers without an end. Test: it is given up
// after a bounded number of bytes, and nothing is told but that it is lost.
func TestHandshakeWithoutAnEnd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
					return
				}
				_, err := conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n"))
				for err == nil { // until we are hung up on
					_, err = conn.Write([]byte("X-More: " + strings.Repeat("x", 1000) + "\r\n"))
				}
			})
		}
	})
	t.Cleanup(conns.Wait)
	t.Cleanup(func() { _ = l.Close() }) // comes before the wait
	var log journal
	c := configured("ws://"+l.Addr().String(), hopeless{})
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	v, err := feed.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := v.Stream(ctx, func(liquidity.Top) { cancel() }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "the handshake is longer than 65536 bytes") {
		t.Errorf("logged: %s", log.String())
	}
}
