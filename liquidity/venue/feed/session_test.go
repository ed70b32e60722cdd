package feed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/lxzan/gws"
)

var errBroken = errors.New("the line is broken")

// wire notes the newest write deadline and the deadline of each write, and breaks when it is told.
type wire struct {
	net.Conn
	mu       sync.Mutex
	deadline time.Time
	hurried  int
	broken   bool
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	return w.Conn.SetWriteDeadline(t)
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return 0, errBroken
	}
	if !w.deadline.IsZero() {
		w.hurried++
	}
	return w.Conn.Write(p)
}

// speaking is a session on a wire to a server that hears it out.
func speaking(t *testing.T) (*session, *wire) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		for err == nil {
			_, _, err = conn.Read(r.Context())
		}
	}))
	t.Cleanup(server.Close)
	raw, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	line, s := &wire{Conn: raw}, &session{trunk: &trunk{}, conn: &connection{}}
	s.ctx, s.cancel = context.WithCancel(t.Context())
	t.Cleanup(s.cancel)
	s.socket, _, err = gws.NewClientFromConn(s, &gws.ClientOption{Addr: "ws" + strings.TrimPrefix(server.URL, "http")}, line) //nolint:bodyclose // it is the connection
	if err != nil {
		t.Fatal(err)
	}
	line.hurried = 0 // what shaking hands has written
	return s, line
}

// Test: every frame has a deadline, and none stays behind, which would be long past when
// something else is written.
func TestWriteDeadlinesDoNotStay(t *testing.T) {
	t.Parallel()
	s, line := speaking(t)
	for name, write := range map[string]func() error{
		"a message": func() error { return s.say([][]byte{[]byte("hello")}) },
		"a pong":    func() error { s.OnPing(s.socket, []byte("ping")); return s.failed },
	} {
		line.hurried = 0
		if err := write(); err != nil || line.hurried == 0 || !line.deadline.IsZero() {
			t.Errorf("%s: written %d times with a deadline, %s is left: %v", name, line.hurried, line.deadline, err)
		}
	}
}

// Test: a pong that can't be sent ends the session.
func TestPongThatCannotBeSent(t *testing.T) {
	t.Parallel()
	s, line := speaking(t)
	line.broken = true
	s.OnPing(s.socket, []byte("ping"))
	if !errors.Is(s.failed, errBroken) || s.ctx.Err() == nil {
		t.Errorf("failed: %v, context: %v", s.failed, s.ctx.Err())
	}
}
