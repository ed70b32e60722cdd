package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"ferry/liquidity/venue/simulated"
)

// Config is what the simulator needs.
type Config struct {
	Seed    uint64
	Markets []Market
	// Every is the time between two steps, for example 250 ms.
	Every time.Duration
	Log   *slog.Logger
}

// Limits of a connection.
const (
	writeTimeout = 5 * time.Second
	stopTimeout  = time.Second
)

// Server serves the walks.
type Server struct {
	config Config
	feeds  map[string]*feed
	open   sync.WaitGroup
}

// New refuses a configuration without markets, or with one twice.
func New(c Config) (*Server, error) {
	if len(c.Markets) == 0 || c.Every <= 0 || c.Log == nil {
		return nil, errors.New("simulator: markets, a pace and a log are needed")
	}
	s := &Server{config: c, feeds: map[string]*feed{}}
	for _, m := range c.Markets {
		name := m.Instrument.String()
		if s.feeds[name] != nil {
			return nil, fmt.Errorf("simulator: market %s is given twice", name)
		}
		s.feeds[name] = newFeed(c.Seed, m)
	}
	return s, nil
}

// Run serves on l until ctx ends, then closes every connection. It returns nil
// after an orderly end.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+simulated.Path, s.serve)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: writeTimeout, MaxHeaderBytes: 16 << 10}
	group, running := errgroup.WithContext(ctx)
	for _, f := range s.feeds {
		group.Go(func() error { return f.run(running, s.config.Every) })
	}
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

// serve streams one feed to one client until either ends.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.open.Add(1)
	defer s.open.Done()
	pair := r.URL.Query().Get("pair")
	f, ok := s.feeds[pair]
	if !ok {
		http.Error(w, "no such market", http.StatusNotFound)
		return
	}
	frames, err := f.join(time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer f.leave(frames)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		// Accept has answered already.
		s.config.Log.DebugContext(r.Context(), "client refused", "pair", pair, "error", err)
		return
	}
	if err := stream(r.Context(), conn, frames); err != nil {
		s.config.Log.DebugContext(r.Context(), "client gone", "pair", pair, "error", err)
	}
}

// stream sends frames until the feed closes the channel or the client is gone. A
// client has nothing to say: whatever it sends ends the connection.
func stream(ctx context.Context, conn *websocket.Conn, frames <-chan []byte) error {
	ctx = conn.CloseRead(ctx)
	for {
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), conn.CloseNow())
		case raw, ok := <-frames:
			if !ok {
				return conn.Close(websocket.StatusGoingAway, "the feed ends here")
			}
			if err := write(ctx, conn, raw); err != nil {
				return errors.Join(err, conn.CloseNow())
			}
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, raw)
}
