package feed_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed"
)

// trusting is a protocol that has its book with the first message.
type trusting struct {
	feed.Streamed
	told *bool
}

func (trusting) Doubt() {}
func (p trusting) Take([]byte) (feed.Message, error) {
	*p.told = true
	return feed.Message{Kind: feed.Update}, nil
}
func (p trusting) Trusted() bool  { return *p.told }
func (trusting) Book() *book.Book { return book.New(1) }

// Setup: a connection is to be replaced when the venue allows no other one yet. Test: it is once that
// is allowed, without an outage.
func TestReplacementWaitsForDials(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		beat := time.NewTicker(5 * time.Millisecond)
		defer beat.Stop()
		for err == nil {
			err = conn.Write(r.Context(), websocket.MessageText, []byte("beat"))
			<-beat.C
		}
	}))
	t.Cleanup(server.Close)
	c := configured("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	c.Open = func() feed.Protocol { return trusting{told: new(bool)} }
	c.Life, c.BookWithin, c.DialMost, c.DialWindow = 50*time.Millisecond, time.Minute, 1, time.Second
	v, err := feed.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := v.Stream(ctx, func(top liquidity.Top) {
		if top.Unavailable != "" {
			t.Errorf("outage %q", top.Unavailable)
		}
		if v.Counters().Handovers == 2 {
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if c := v.Counters(); c.Handovers < 2 {
		t.Errorf("counters %+v", c)
	}
}
