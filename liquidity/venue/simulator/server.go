package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config is what the simulator needs.
type Config struct {
	Seed    uint64
	Markets []Market
	// Venues are those that are played; all of them if there are none.
	Venues []string
	// Every is the time between two steps; two of them make an event. 50 ms are the
	// venue's pace.
	Every time.Duration
	// Behind is how many steps are made up for at most where the machine was late; 0 for none.
	Behind int
	// PingEvery is the time between two pings, and PongWithin how long a client may
	// take to answer one. 0 means the venue's 20 seconds and a minute.
	PingEvery, PongWithin time.Duration
	// Life is when a connection ends. 0 means the venue's 24 hours.
	Life time.Duration
	// Control opens POST /control/fault to callers on this machine: a Fault as JSON; and GET
	// /control/orders: a list of Seen.
	Control bool
	// Script is what goes wrong by itself.
	Script []Scheduled
	Log    *slog.Logger
	// Hung, if not nil, is called when an order will never be answered (OrderHang, OrderVanish).
	Hung func()
	// Now is the clock of orders; nil means the machine's.
	Now func() time.Time
}

// The venue's times.
const (
	pingEvery  = 20 * time.Second
	pongWithin = time.Minute
	life       = 24 * time.Hour
)

// Limits of a connection.
const (
	writeTimeout = 5 * time.Second
	stopTimeout  = time.Second
)

// Server serves the exchanges.
type Server struct {
	config Config
	// feeds are all there are, per venue and symbol. symbols and streams are Binance's
	// under both of their names.
	feeds            map[string]map[string]*feed
	symbols, streams map[string]*feed
	weights          weights
	// desks are the accounts of the venues at which orders can be placed.
	desks map[string]*account
	open  sync.WaitGroup

	mu sync.Mutex
	// unplugged venues answer nobody.
	unplugged map[string]bool
}

// New refuses a configuration without markets, or with one twice.
func New(c Config) (*Server, error) {
	if len(c.Markets) == 0 || c.Every <= 0 || c.Behind < 0 || c.Log == nil || c.PingEvery < 0 || c.PongWithin < 0 || c.Life < 0 {
		return nil, errors.New("simulator: markets, a pace and a log are needed, and times from 0")
	}
	for value, usual := range map[*time.Duration]time.Duration{&c.PingEvery: pingEvery, &c.PongWithin: pongWithin, &c.Life: life} {
		if *value == 0 {
			*value = usual
		}
	}
	for _, venue := range c.Venues {
		if !slices.Contains(Venues(), venue) {
			return nil, fmt.Errorf("simulator: venue %.20q is none of %q", venue, Venues())
		}
	}
	for _, scheduled := range c.Script {
		if err := scheduled.Fault.Validate(); err != nil {
			return nil, err
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{config: c, feeds: map[string]map[string]*feed{}, symbols: map[string]*feed{}, streams: map[string]*feed{}, desks: map[string]*account{}, unplugged: map[string]bool{}}
	for venue, feeInBase := range accounts {
		if s.plays(venue) {
			s.desks[venue] = newAccount(feeInBase)
		}
	}
	for _, m := range c.Markets {
		if s.symbols[m.Symbol()] != nil {
			return nil, fmt.Errorf("simulator: market %s is given twice", m.Instrument)
		}
		f := newFeed(c.Seed, m, Binance)
		s.symbols[m.Symbol()], s.streams[streamOf(m)] = f, f
	}
	if s.plays(Binance) {
		s.feeds[Binance] = s.symbols
	}
	for venue, d := range dialects {
		if !s.plays(venue) {
			continue
		}
		s.feeds[venue] = map[string]*feed{}
		for _, m := range c.Markets {
			s.feeds[venue][d.symbol(m)] = newFeed(c.Seed, m, venue)
		}
	}
	return s, nil
}

// plays reports whether a venue is among those that are played.
func (s *Server) plays(venue string) bool {
	return len(s.config.Venues) == 0 || slices.Contains(s.config.Venues, venue)
}

// each calls what with all feeds of a venue, or of all if it is empty, until one
// fails.
func (s *Server) each(venue string, what func(*feed) error) error {
	for name, feeds := range s.feeds {
		if venue != "" && venue != name {
			continue
		}
		for _, f := range feeds {
			if err := what(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// pace steps all feeds together, so that the walks they share stay together, until
// ctx ends; then every client is cut off.
func (s *Server) pace(ctx context.Context) error {
	ticker := time.NewTicker(s.config.Every)
	defer ticker.Stop()
	due := time.Now()
	for {
		select {
		case <-ctx.Done():
			return s.each("", func(f *feed) error { f.end(); return nil })
		case <-ticker.C:
		}
		now := time.Now()
		if err := s.each("", func(f *feed) error { return f.step(now) }); err != nil {
			return err
		}
		due = due.Add(s.config.Every)
		if most := time.Duration(s.config.Behind) * s.config.Every; now.Sub(due) > most {
			due = now.Add(-most)
		}
		for ; now.Sub(due) >= s.config.Every; due = due.Add(s.config.Every) {
			if err := s.each("", func(f *feed) error { return f.step(now) }); err != nil {
				return err
			}
		}
		// What all feeds tell of a moment goes out together.
		if err := s.each("", func(f *feed) error { f.kick(); return nil }); err != nil {
			return err
		}
	}
}

// Inject makes a venue, or all of them, misbehave from now on.
func (s *Server) Inject(fault Fault) error {
	if err := fault.Validate(); err != nil {
		return err
	}
	of := func(m Market) bool { return m.Instrument.String() == fault.Market }
	if fault.Market != "" && !slices.ContainsFunc(s.config.Markets, of) {
		return fmt.Errorf("market %.40q is not played", fault.Market)
	}
	if slices.Contains(orderKinds, fault.Kind) {
		for venue, a := range s.desks {
			if fault.Venue == "" || fault.Venue == venue {
				a.inject(fault)
			}
		}
	} else if fault.Kind == Unplug || fault.Kind == Plug {
		if err := s.unplug(fault); err != nil {
			return err
		}
	} else if err := s.each(fault.Venue, func(f *feed) error {
		if fault.Market != "" && fault.Market != f.market.Instrument.String() {
			return nil
		}
		return f.inject(fault, time.Now())
	}); err != nil {
		return err
	}
	s.config.Log.Info("fault", "venue", fault.Venue, "market", fault.Market, "kind", string(fault.Kind), "count", fault.Count, "seconds", fault.Seconds)
	return nil
}

// Withheld is how often a client was not told an event that it listened for (Gap), or was
// told a wrong checksum: so many faults there are for clients to report.
func (s *Server) Withheld() uint64 {
	var sum uint64
	for _, feeds := range s.feeds {
		for _, f := range feeds {
			f.mu.Lock()
			sum += f.withheld
			f.mu.Unlock()
		}
	}
	return sum
}

// Run serves on l until ctx ends, then ends every connection. It returns nil after
// an orderly end.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/{stream}", s.raw)
	mux.HandleFunc("GET /stream", s.combined)
	mux.HandleFunc("GET /api/v3/depth", s.depth)
	for venue, path := range paths {
		if !s.plays(venue) {
			continue
		}
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.converse(w, r, venue) })
	}
	mux.HandleFunc("GET "+paths[Bitstamp]+"/api/v2/order_book/{market}/", s.orderBook)
	for venue, open := range map[string]func(*http.ServeMux){Binance: s.binanceDesk, Kraken: s.krakenDesk,
		Coinbase: s.coinbaseDesk, OKX: s.okxDesk, Bitstamp: s.bitstampDesk} {
		if s.desks[venue] != nil {
			open(mux)
		}
	}
	if s.config.Control {
		mux.HandleFunc("POST /control/fault", fromHere(s.control))
		mux.HandleFunc("GET /control/orders", fromHere(s.orders))
	}
	server := &http.Server{Handler: s.plugged(mux), ReadHeaderTimeout: writeTimeout, MaxHeaderBytes: 16 << 10}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return s.pace(running) })
	group.Go(func() error { return s.script(running) })
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		return shutDown(context.WithoutCancel(ctx), server)
	})
	err := group.Wait()
	s.open.Wait()
	return err
}

// script injects what is scheduled, in order.
func (s *Server) script(ctx context.Context) error {
	start := time.Now()
	for _, scheduled := range s.config.Script {
		timer := time.NewTimer(time.Until(start.Add(scheduled.After)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if err := s.Inject(scheduled.Fault); err != nil {
			return err
		}
	}
	return nil
}

// shutDown lets requests that are being answered finish, and cuts connections that
// never asked for anything: a client that reconnects just now must not hold us up.
func shutDown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
