package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"ferry/swap"
)

// socket is one WebSocket connection.
type socket struct {
	hub     *Hub
	session *session
	conn    *websocket.Conn
	budget  *rate.Limiter
}

// ending is why we end a connection: RFC 6455's status, and a reason that is a code
// where there is one.
type ending struct {
	status websocket.StatusCode
	reason string
}

// Error is the reason.
func (e ending) Error() string { return "closed: " + e.reason }

var (
	errStopping = ending{websocket.StatusGoingAway, "the service is stopping; connect again"}
	errTooSlow  = ending{websocket.StatusPolicyViolation, "too slow"}
	errSilent   = ending{websocket.StatusPolicyViolation, "no answer to a ping"}
)

// Socket serves one WebSocket until it ends. An error is returned only while
// nothing has been answered; the caller answers with it.
func (h *Hub) Socket(w http.ResponseWriter, r *http.Request, client string) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return swap.Refuse(swap.CodeRefused, "Upgrade", "websocket", "This path speaks WebSocket only.")
	}
	s, err := h.enter(client, WebSocket)
	if err != nil {
		return err
	}
	defer h.leave(s)
	// Pages of other origins are refused, as the rest of the API refuses them by
	// having no CORS; programs send no Origin.
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		h.config.Log.InfoContext(r.Context(), "websocket handshake refused", "error", err)
		return nil // Accept has answered
	}
	// Too long a message is refused with a code, by read.
	conn.SetReadLimit(-1)
	l := h.config.Limits
	c := &socket{hub: h, session: s, conn: conn, budget: rate.NewLimiter(rate.Limit(l.MessagesPerSecond), l.MessageBurst)}
	h.config.Observer.Opened(WebSocket)
	h.config.Observer.Ended(WebSocket, reasonOf(c.serve(r.Context())))
	return nil
}

// serve runs until the client or one of the loops ends it, and returns why all did.
func (c *socket) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan error, 3)
	go func() { ends <- c.read(ctx) }()
	go func() { ends <- c.write(ctx) }()
	go func() { ends <- c.ping(ctx) }()
	left := cap(ends)
	var cause error
	select {
	case cause = <-ends:
		left--
	case <-c.hub.done:
		cause = errStopping
	}
	var why ending
	if errors.As(cause, &why) {
		// Nobody to tell is no error of ours.
		_ = c.conn.Close(why.status, why.reason)
	}
	cancel()
	_ = c.conn.CloseNow()
	for range left { // each ends because the first did
		cause = errors.Join(cause, <-ends)
	}
	c.hub.config.Log.DebugContext(ctx, "stream ended", "cause", cause)
	return cause
}

// read obeys the client until it goes away or passes a limit.
func (c *socket) read(ctx context.Context) error {
	l := c.hub.config.Limits
	for {
		kind, r, err := c.conn.Reader(ctx)
		if err != nil {
			return fmt.Errorf("read a message: %w", err)
		}
		raw, err := io.ReadAll(io.LimitReader(r, int64(l.MessageBytes)+1))
		switch {
		case err != nil:
			return fmt.Errorf("read a message: %w", err)
		case len(raw) > l.MessageBytes:
			return c.expel(ctx, websocket.StatusMessageTooBig, swap.Refuse(swap.CodeBodyTooLarge, "",
				fmt.Sprintf("%d bytes", l.MessageBytes), "The message is too large."))
		case kind != websocket.MessageText:
			return c.expel(ctx, websocket.StatusUnsupportedData, malformed("", "text", "Messages must be text."))
		case !c.budget.AllowN(c.hub.config.Now(), 1):
			return c.expel(ctx, websocket.StatusPolicyViolation, swap.Refuse(swap.CodeTooManyRequests, "",
				fmt.Sprintf("%d messages a second", l.MessagesPerSecond), "You send too many messages."))
		}
		if err := c.hub.obey(ctx, c.session, raw, c.send); err != nil {
			return err
		}
	}
}

// expel tells the client which limit it has passed and ends the connection.
func (c *socket) expel(ctx context.Context, status websocket.StatusCode, refusal error) error {
	problem := c.hub.config.Source.Problem(ctx, refusal)
	if err := c.send(ctx, failure{Type: "error", Problem: problem}); err != nil {
		return err
	}
	return ending{status, string(swap.ErrorCode(refusal))}
}

// write tells the client of changes whenever it is woken.
func (c *socket) write(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.session.wake:
		}
		if err := c.hub.flush(ctx, c.session, c.send); err != nil {
			return err
		}
	}
}

// send writes one message; it may be called from several goroutines. A client that
// took it, but too slowly, can still be told why it is closed.
func (c *socket) send(ctx context.Context, message any) error {
	raw, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.hub.config.Limits.WriteTimeout)
	defer cancel()
	start := c.hub.config.Now()
	if err := c.conn.Write(ctx, websocket.MessageText, raw); err != nil {
		// The library may say only that it has closed the connection.
		return fmt.Errorf("write a message: %w", errors.Join(err, ctx.Err()))
	}
	c.hub.config.Observer.Sent(WebSocket, kindOf(message))
	if c.hub.config.Now().Sub(start) > c.hub.config.Limits.SlowAfter {
		return errTooSlow
	}
	return nil
}

// ping ends a connection whose client has gone without saying so.
func (c *socket) ping(ctx context.Context) error {
	l := c.hub.config.Limits
	ticker := time.NewTicker(l.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		pong, cancel := context.WithTimeout(ctx, l.PongWithin)
		err := c.conn.Ping(pong)
		late := pong.Err()
		cancel()
		switch {
		case err != nil && errors.Is(late, context.DeadlineExceeded):
			return errSilent
		case err != nil:
			return fmt.Errorf("ping: %w", err)
		}
	}
}
