package simulator

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// maxAsked is the longest thing a client may say.
const maxAsked = 4 << 10

// converse serves a client of a venue on which clients say what they want.
func (s *Server) converse(w http.ResponseWriter, r *http.Request, venue string) {
	s.open.Add(1)
	defer s.open.Done()
	d := dialects[venue]
	// Until it asks for another market, a client follows the first.
	f := s.feeds[venue][d.symbol(s.config.Markets[0])]
	if f.refuses(w, venue) {
		return
	}
	c, err := f.join()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	conn, err := accept(w, r)
	if err != nil {
		f.leave(c)
		// Accept has answered already.
		s.config.Log.DebugContext(r.Context(), "client refused", "venue", venue, "error", err)
		return
	}
	conn.SetReadLimit(maxAsked)
	ctx, gone := context.WithCancelCause(r.Context())
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		var err error
		f, err = s.listen(ctx, conn, f, c, venue)
		gone(err)
	}()
	if hello := d.hello(time.Now()); hello != nil {
		conn.add(hello)
		err = conn.flush()
	}
	err = errors.Join(err, s.send(ctx, conn, c, func(m message) []byte { return m.raw }), conn.CloseNow())
	gone(nil)
	<-listening
	f.leave(c)
	s.config.Log.DebugContext(r.Context(), "client gone", "venue", venue, "error", err)
}

// listen does what the client says until it is gone, and answers the feed that the
// client ended on.
func (s *Server) listen(ctx context.Context, conn *socket, f *feed, c *client, venue string) (*feed, error) {
	feeds := s.feeds[venue]
	known := func(symbol string) bool { return feeds[symbol] != nil }
	for {
		_, raw, err := conn.Read(ctx)
		if err != nil {
			return f, err
		}
		now := time.Now()
		o, symbol, answer := f.dialect.hear(raw, known, now)
		if next := feeds[symbol]; o == subscribed && next != f {
			f.leave(c)
			c.book = false
			if err := next.enter(c); err != nil {
				return f, err
			}
			f = next
		}
		if err := f.hear(c, o, answer, now); err != nil {
			return f, err
		}
	}
}

// refuses answers a connection with the fault that is due, where snapshots are not
// fetched and faults of those are meant for connections.
func (f *feed) refuses(w http.ResponseWriter, venue string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if venue == Bitstamp {
		return false
	}
	switch {
	case f.spend(Ban):
		tooMuch(w, http.StatusTeapot, f.retryAfter)
	case f.spend(Throttle):
		tooMuch(w, http.StatusTooManyRequests, f.retryAfter)
	case f.spend(Failure):
		http.Error(w, "no", http.StatusInternalServerError)
	default:
		return false
	}
	return true
}

// orderBook answers Bitstamp's GET /api/v2/order_book/{market}/.
func (s *Server) orderBook(w http.ResponseWriter, r *http.Request) {
	f, ok := s.feeds[Bitstamp][r.PathValue("market")]
	if !ok {
		http.Error(w, `{"status":"error","reason":"Invalid market."}`, http.StatusNotFound)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wholeAt.IsZero() {
		f.whole, f.wholeAt = f.exchange.Snapshot(maxSnapshot), f.moment(time.Now())
	}
	shot, at := f.whole, f.wholeAt
	switch {
	case f.spend(Ban):
		tooMuch(w, http.StatusTeapot, f.retryAfter)
		return
	case f.spend(Throttle):
		tooMuch(w, http.StatusTooManyRequests, f.retryAfter)
		return
	case f.spend(Failure):
		http.Error(w, `{"status":"error","reason":"Internal error."}`, http.StatusInternalServerError)
		return
	case f.spend(OldSnapshot):
		shot, at = f.oldest, at.Add(-time.Hour)
	}
	raw, err := bitstampBody(told{at: at, Update: Update{Bids: shot.Bids, Asks: shot.Asks}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone misses nothing.
	_, _ = w.Write(raw)
}
