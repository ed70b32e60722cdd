package feed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lxzan/gws"
)

// errStale means that nothing was heard for StaleAfter.
var errStale = errors.New("the feed is stale")

// Limits of a connection.
const (
	dialTimeout = 3 * time.Second
	// readBuffer is what one read of the socket may bring: a moment's frames of all books. What
	// waits beyond it waits in the socket, and in the end the venue gives us up.
	readBuffer = 64 << 10
	// handshakeMost is what a venue may say, in bytes, until the connection is one: TLS with its
	// certificates, and the answer's headers, which the library reads to their end.
	handshakeMost = 64 << 10
)

// errTalkative means that a handshake has no end.
var errTalkative = fmt.Errorf("the handshake is longer than %d bytes", handshakeMost)

// connection is one WebSocket, from dialling to its end.
type connection struct {
	line *line
	// session reads it; nil until there is one. The trunk guards it.
	session *session
	// leaving is closed when another connection should take over, done when it has ended.
	leaving, done chan struct{}
	// err is why it has ended; it may be read once done is closed.
	err    error
	cancel context.CancelFunc
}

// stop ends the connection, if there is one, and waits until it has. The caller does not hold
// the trunk.
func (c *connection) stop() {
	if c != nil {
		c.cancel()
		<-c.done
	}
}

// ended is closed when the connection has ended: never, without one.
func (c *connection) ended() <-chan struct{} {
	if c == nil {
		return nil
	}
	return c.done
}

func ended(c *connection) bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// about is what the connection knows of a book; nil for nothing.
func (c *connection) about(who *listener) *subscription {
	if c == nil || c.session == nil {
		return nil
	}
	return c.session.named[who.name()]
}

// connect starts a connection in a place of the line; the caller has taken it from the budget.
func (l *line) connect(ctx context.Context, place **connection) *connection {
	ctx, cancel := context.WithCancel(ctx)
	c := &connection{line: l, leaving: make(chan struct{}), done: make(chan struct{}), cancel: cancel}
	l.trunk.mu.Lock()
	*place = c
	l.priced = l.priced && place == &l.next
	l.trunk.mu.Unlock()
	go func() {
		defer close(c.done)
		defer cancel()
		c.err = l.serve(ctx, c)
	}()
	return c
}

// serve dials, and follows the books until something fails, which it always does in
// the end. Nobody works for the connection any more when it returns.
func (l *line) serve(ctx context.Context, c *connection) error {
	s := newSession(c)
	defer s.end()
	socket, err := s.dial(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// What ends a connection is told by the read; closing it has nothing to add.
	unblock := context.AfterFunc(ctx, func() { _ = socket.NetConn().Close() })
	defer unblock()
	if err := s.begin(ctx, cancel, socket); err != nil {
		return errors.Join(err, socket.NetConn().Close())
	}
	socket.ReadLoop()
	return s.reason(ctx)
}

// dial opens a connection whose frames s will read.
func (s *session) dial(ctx context.Context) (*gws.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	d := &dialer{ctx: ctx}
	config := &s.trunk.config
	names := s.names()
	address := s.wire.Address(config.StreamURL, names)
	if address != config.StreamURL {
		s.addressed = names
	}
	// The library leaves a goroutine behind if its own limit is the one that ends a handshake.
	// The body of its answer is the connection, which is closed or kept.
	socket, response, err := gws.NewClient(s, &gws.ClientOption{Addr: address, HandshakeTimeout: 2 * dialTimeout, ReadBufferSize: readBuffer, //nolint:bodyclose // see above
		ReadMaxPayloadSize: int(config.MaxFrame), NewDialer: func() (gws.Dialer, error) { return d, nil }})
	if !d.release() && err == nil {
		err = errors.Join(ctx.Err(), socket.NetConn().Close())
	}
	if err == nil {
		return socket, nil
	}
	if response != nil {
		if pause := refused(response); pause > 0 {
			s.trunk.mu.Lock()
			s.countAll(func(c *Counters) { c.Throttled++ })
			s.trunk.mu.Unlock()
			s.trunk.dials.closeUntil(config.Now().Add(pause))
		}
		if response.StatusCode != http.StatusSwitchingProtocols {
			err = fmt.Errorf("status %d: %w", response.StatusCode, err)
		}
	}
	return nil, fmt.Errorf("connect: %w", err)
}

// dialer dials within a context, which also ends the handshake.
type dialer struct {
	ctx  context.Context //nolint:containedctx // the library's dialers are given none
	stop func() bool
	conn *counted
}

// Dial implements gws.Dialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(d.ctx, network, address)
	if err != nil {
		return nil, err
	}
	d.stop = context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	d.conn = &counted{Conn: conn, left: handshakeMost}
	return d.conn, nil
}

// release parts the connection from the context, and lets it say as much as it likes; false if
// the context has ended it, or there is none.
func (d *dialer) release() bool {
	if d.stop == nil || !d.stop() {
		return false
	}
	d.conn.free = true
	return true
}

// counted is a connection that may say so much until it is free. Only whoever shakes hands
// reads it, and after that only one reader.
type counted struct {
	net.Conn
	left int
	free bool
}

// Read implements net.Conn.
func (c *counted) Read(p []byte) (int, error) {
	if c.free {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, errTalkative
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
