package simulator

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Seen is one order as a venue took it, for whoever compares it with a book.
type Seen struct {
	Venue string `json:"venue"`
	// Client is the client id it came with; an id that came twice is here twice.
	Client string `json:"client_id"`
	// Filled is in units of 10^-8.
	Filled uint64 `json:"filled"`
}

// Seen lists the orders that every venue has taken, in their order at each, as far as they
// are remembered.
func (s *Server) Seen() []Seen {
	list := []Seen{}
	for _, venue := range Venues() {
		if a := s.desks[venue]; a != nil {
			list = append(list, a.seen(venue)...)
		}
	}
	return list
}

func (a *account) seen(venue string) (list []Seen) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.orders {
		list = append(list, Seen{Venue: venue, Client: o.client, Filled: o.filled})
	}
	return list
}

// control takes a fault from a caller on this machine.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.Inject(fault); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// orders answers GET /control/orders with Seen.
func (s *Server) orders(w http.ResponseWriter, _ *http.Request) {
	raw, err := json.Marshal(s.Seen())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write200(w, raw)
}

// fromHere lets only callers on this machine through.
func fromHere(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "only from this machine", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// unplug has a venue, or all of them, answer nobody from now on, or answer again.
func (s *Server) unplug(fault Fault) error {
	s.mu.Lock()
	for _, venue := range Venues() {
		if fault.Venue == "" || fault.Venue == venue {
			s.unplugged[venue] = fault.Kind == Unplug
		}
	}
	s.mu.Unlock()
	return s.each(fault.Venue, func(f *feed) error { return f.inject(fault, s.now()) })
}

// plugged ends connections to venues that are unplugged without a word.
func (s *Server) plugged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		gone := s.unplugged[venueAt(r.URL.Path)]
		s.mu.Unlock()
		if gone {
			panic(http.ErrAbortHandler) // net/http ends the connection without a word
		}
		next.ServeHTTP(w, r)
	})
}

// venueAt is the venue that a path belongs to, "" for none: Binance has what no other has.
func venueAt(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case first == "control":
		return ""
	case slices.Contains(Venues(), first):
		return first
	}
	return Binance
}
