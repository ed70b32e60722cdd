package simulator

import (
	"errors"
	"net/http"
	"time"
)

// maxAsked is the longest thing a client may say.
const maxAsked = 4 << 10

// converse serves a client of a venue on which clients say what they want.
func (s *Server) converse(w http.ResponseWriter, r *http.Request, venue string) {
	d := dialects[venue]
	// Until it asks for a market, a client is with the first.
	first := s.feeds[venue][d.symbol(s.config.Markets[0])]
	if first.refuses(w, venue) {
		return
	}
	s.serve(w, r, []*feed{first}, func(m message) []byte { return m.raw }, func(c *client, raw []byte) ([]*feed, error) {
		return s.listen(c, raw, venue)
	})
}

// listen does what a client says, and answers the feeds that it is with since.
func (s *Server) listen(c *client, raw []byte, venue string) (joined []*feed, err error) {
	feeds, d, now := s.feeds[venue], dialects[venue], time.Now()
	o, symbols, answers := d.hear(raw, func(symbol string) bool { return feeds[symbol] != nil }, now)
	for _, answer := range answers {
		c.say(d, message{raw: answer})
	}
	if o == heartbeats {
		c.wantBeats()
	}
	for _, symbol := range symbols {
		f := feeds[symbol]
		if o == unsubscribed {
			f.unsubscribe(c)
			continue
		}
		joined = append(joined, f)
		if err := errors.Join(f.enter(c), f.subscribe(c, now)); err != nil {
			return joined, err
		}
	}
	c.kick()
	return joined, nil
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
