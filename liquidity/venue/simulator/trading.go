package simulator

import (
	"net"
	"net/http"
	"time"

	"ferry/liquidity/book"
	"ferry/swap/asset"
)

// The account at every venue. It is no secret: whoever reaches the simulator may trade.
const (
	AccountKey = "ferry-simulator"
	// AccountPhrase signs, in base64 as Kraken wants it.
	AccountPhrase = "ZmVycnkncyBzaW11bGF0b3I6IG5vYm9keSdzIG1vbmV5"
)

// Secret is what signs at a venue.
func Secret(venue string) string {
	if venue == Coinbase {
		return CoinbaseKey()
	}
	return AccountPhrase
}

// accounts are the venues at which orders can be placed; the value says whether a buy's
// fee is in the coins that were bought.
var accounts = map[string]bool{Binance: true, Kraken: false, Coinbase: false, OKX: true, Bitstamp: false}

// desk is how one venue speaks of orders.
type desk struct {
	server  *Server
	account *account
	// refuse answers with a certain no, fail with an internal error, and tooMuch with 429 or
	// 418, as the venue does.
	refuse  func(w http.ResponseWriter, reason string)
	fail    func(w http.ResponseWriter)
	tooMuch func(w http.ResponseWriter, status, seconds int)
}

func (s *Server) now() time.Time { return s.config.Now() }

// place places an order, and answers what it does not want told as usual. It is ok where
// the venue is to answer with the order.
func (d desk) place(w http.ResponseWriter, r *http.Request, p placement) (*placed, bool) {
	if p.size == 0 || p.price == 0 {
		d.refuse(w, "Invalid quantity.")
		return nil, false
	}
	o, v := d.account.place(p, d.server.now())
	switch v {
	case answer:
		return o, true
	case refused:
		d.refuse(w, "Insufficient funds.")
	case expired:
		d.refuse(w, "The deadline has passed.")
	case cut:
		panic(http.ErrAbortHandler) // net/http ends the connection without a word
	case reset:
		abort(w)
	case hang:
		if hung := d.server.config.Hung; hung != nil {
			hung()
		}
		<-r.Context().Done()
	case failed, unsure:
		d.fail(w)
	case throttled:
		d.tooMuch(w, http.StatusTooManyRequests, d.account.retryAfter)
	case banned:
		d.tooMuch(w, http.StatusTeapot, d.account.retryAfter)
	}
	return nil, false
}

// unfit answers what was asked with the fault that was due for it.
func (d desk) unfit(w http.ResponseWriter, v verdict) {
	if v == throttled {
		d.tooMuch(w, http.StatusTooManyRequests, d.account.retryAfter)
		return
	}
	d.fail(w)
}

// abort resets the connection: what was not read of it is lost.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // it ends without a word then
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // of a connection that is gone already nothing is left to reset
	}
	_ = conn.Close()
}

// Holdings are what the account at a venue has, in 10^-8 coins; nil for a venue without one.
func (s *Server) Holdings(venue string) map[asset.ID]uint64 {
	if a := s.desks[venue]; a != nil {
		return a.holds()
	}
	return nil
}

// Orders counts the orders that were ever placed with a client id at a venue.
func (s *Server) Orders(venue, client string) int {
	a := s.desks[venue]
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, o := range a.orders {
		if o.client == client {
			n++
		}
	}
	return n
}

// ticks reads a decimal of up to eight places; 0 if it is none.
func ticks(text string) uint64 {
	n, err := book.ParseTicks(text, Decimals)
	if err != nil {
		return 0
	}
	return n
}

func write200(w http.ResponseWriter, raw []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) //nolint:gosec // JSON on loopback that no browser shows; a client that is gone misses nothing
}

func writeStatus(w http.ResponseWriter, status int, raw []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// text writes eight places without trailing zeros.
func text(units uint64) string { return book.FormatTicks(units, Decimals) }
