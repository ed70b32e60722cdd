package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// raw streams one feed as it is.
func (s *Server) raw(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, r.PathValue("stream"), func(m message) []byte { return m.raw })
}

// combined streams one feed with each event wrapped in its stream's name.
func (s *Server) combined(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, r.URL.Query().Get("streams"), func(m message) []byte {
		return fmt.Appendf(nil, `{"stream":%q,"data":%s}`, m.stream, m.raw)
	})
}

// serve streams one feed to one client until either ends.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, stream string, wrap func(message) []byte) {
	s.open.Add(1)
	defer s.open.Done()
	f, ok := s.streams[stream]
	if !ok {
		http.Error(w, "no such stream", http.StatusNotFound)
		return
	}
	c, err := f.join()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer f.leave(c)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		// Accept has answered already.
		s.config.Log.DebugContext(r.Context(), "client refused", "stream", stream, "error", err)
		return
	}
	// A client of one stream has nothing to say: whatever it sends ends the connection.
	err = errors.Join(s.send(conn.CloseRead(r.Context()), conn, c, wrap), conn.CloseNow())
	s.config.Log.DebugContext(r.Context(), "client gone", "stream", stream, "error", err)
}

// send goes on until the feed cuts the client off, ctx ends because the client is
// gone, or its time is over.
func (s *Server) send(ctx context.Context, conn *websocket.Conn, c *client, wrap func(message) []byte) error {
	ctx, expire := context.WithTimeoutCause(ctx, s.config.Life, errors.New("its time is over"))
	defer expire()
	ctx, cancel := context.WithCancelCause(ctx)
	pinging := make(chan struct{})
	go func() {
		defer close(pinging)
		cancel(s.ping(ctx, conn))
	}()
	defer func() {
		cancel(nil)
		<-pinging
	}()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case m, open := <-c.messages:
			if !open {
				return nil
			}
			if err := write(ctx, conn, wrap(m)); err != nil {
				return err
			}
		}
	}
}

// ping asks the client for a sign of life again and again, until one is missing.
func (s *Server) ping(ctx context.Context, conn *websocket.Conn) error {
	ticker := time.NewTicker(s.config.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		waiting, cancel := context.WithTimeout(ctx, s.config.PongWithin)
		err := conn.Ping(waiting)
		cancel()
		if err != nil {
			return fmt.Errorf("ping: %w", err)
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, raw)
}
