package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
)

// errStale means that nothing was heard for StaleAfter.
var errStale = errors.New("the feed is stale")

// Limits of a connection.
const (
	dialTimeout = 3 * time.Second
	// frameQueue is how many frames may wait for the book's goroutine; then they wait
	// in the socket, and in the end the venue gives us up.
	frameQueue = 256
)

// connection is one WebSocket, from dialling to its end.
type connection struct {
	// tops are delivered one by one, and closed when the connection has ended.
	tops chan liquidity.Top
	// leaving is closed when another connection should take over.
	leaving chan struct{}
	// err is why it has ended; it may be read once tops is closed.
	err    error
	cancel context.CancelFunc
}

// none is a connection that is not there: it never says anything.
func none() *connection { return &connection{cancel: func() {}} }

// stop ends the connection and waits until it has.
func (c *connection) stop() {
	c.cancel()
	if c.tops == nil {
		return
	}
	for range c.tops {
		continue // what comes now is too late
	}
}

// connect starts a connection; the caller has taken it from the budget.
func (v *Venue) connect(ctx context.Context) *connection {
	ctx, cancel := context.WithCancel(ctx)
	c := &connection{tops: make(chan liquidity.Top), leaving: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(c.tops)
		defer cancel()
		c.err = v.serve(ctx, c)
	}()
	return c
}

// serve dials, and follows the book until something fails, which it always does in
// the end.
func (v *Venue) serve(ctx context.Context, c *connection) error {
	conn, err := v.dial(ctx)
	if err != nil {
		return err
	}
	v.counters.add(func(c *Counters) { c.Connections++ })
	// What ends a connection is told by the read; a second close has nothing to add.
	defer conn.CloseNow() //nolint:errcheck // see above
	conn.SetReadLimit(v.config.MaxFrame)
	ctx, cancel := context.WithCancel(ctx)
	frames := make(chan frame, frameQueue)
	go read(ctx, conn, frames, v.config.Now)
	s := newSession(v, c, conn)
	err = s.run(ctx, frames)
	// Nobody works for this connection any more when serve returns.
	cancel()
	s.fetches.Wait()
	for range frames {
		continue // read closes it
	}
	return err
}

func (v *Venue) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	// Dial leaves a body that needs no closing.
	conn, response, err := websocket.Dial(ctx, v.config.StreamURL, //nolint:bodyclose // see above
		&websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err == nil {
		return conn, nil
	}
	if response != nil {
		if pause := refused(response); pause > 0 {
			v.counters.add(func(c *Counters) { c.Throttled++ })
			v.dials.closeUntil(v.config.Now().Add(pause))
		}
	}
	return nil, fmt.Errorf("connect: %w", err)
}

// frame is one message, or the error that ended the reading.
type frame struct {
	raw []byte
	at  time.Time
	err error
}

// read hands over frames with the time they came in, until the connection fails or
// ctx ends. Pings are answered while it reads.
func read(ctx context.Context, conn *websocket.Conn, frames chan<- frame, now func() time.Time) {
	defer close(frames)
	for {
		kind, raw, err := conn.Read(ctx)
		f := frame{raw: raw, at: now()}
		switch {
		case err != nil:
			f.err = fmt.Errorf("read: %w", err)
		case kind != websocket.MessageText:
			f.err = fmt.Errorf("a frame is not text: %w", ErrMalformed)
		}
		select {
		case frames <- f:
		case <-ctx.Done():
			return
		}
		if f.err != nil {
			return
		}
	}
}
