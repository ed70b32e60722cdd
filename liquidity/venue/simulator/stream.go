package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// raw streams one feed as it is.
func (s *Server) raw(w http.ResponseWriter, r *http.Request) {
	s.streamed(w, r, []string{r.PathValue("stream")}, func(m message) []byte { return m.raw })
}

// combined streams some feeds with each event wrapped in its stream's name.
func (s *Server) combined(w http.ResponseWriter, r *http.Request) {
	s.streamed(w, r, s.known(strings.Split(r.URL.Query().Get("streams"), "/")), func(m message) []byte {
		if m.stream == "" {
			return m.raw // an answer
		}
		return fmt.Appendf(nil, `{"stream":%q,"data":%s}`, m.stream, m.raw)
	})
}

func (s *Server) streamed(w http.ResponseWriter, r *http.Request, names []string, wrap func(message) []byte) {
	if !all(names, s.streamable) {
		http.Error(w, "no such stream", http.StatusNotFound)
		return
	}
	var feeds []*feed
	for _, name := range names {
		feeds = append(feeds, s.streams[name])
	}
	s.serve(w, r, feeds, wrap, s.request)
}

func (s *Server) streamable(name string) bool { return s.streams[name] != nil }

// known leaves out streams that there are not: the venue accepts any name and is silent about it.
func (s *Server) known(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !s.streamable(name) })
}

// request does what a client of Binance says.
func (s *Server) request(c *client, raw []byte) (joined []*feed, err error) {
	var asked struct {
		Method string   `json:"method"`
		Params []string `json:"params"`
		ID     uint64   `json:"id"`
	}
	answer := []byte(`{"code":2,"msg":"Invalid request"}`)
	if json.Unmarshal(raw, &asked) == nil && (asked.Method == "SUBSCRIBE" || asked.Method == "UNSUBSCRIBE") {
		answer = fmt.Appendf(nil, `{"result":null,"id":%d}`, asked.ID)
	} else {
		asked.Params = nil
	}
	c.say(nil, message{raw: answer})
	for _, name := range s.known(asked.Params) {
		if asked.Method == "UNSUBSCRIBE" {
			s.streams[name].unsubscribe(c)
			continue
		}
		joined = append(joined, s.streams[name])
		if err := errors.Join(s.streams[name].enter(c), s.streams[name].subscribe(c, time.Now())); err != nil {
			return joined, err
		}
	}
	c.kick()
	return joined, nil
}

// serve tells one client of some feeds, and does what it asks for, until either ends.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, feeds []*feed, wrap func(message) []byte, ask func(*client, []byte) ([]*feed, error)) {
	s.open.Add(1)
	defer s.open.Done()
	c := newClient(clientQueue)
	with := map[*feed]bool{}
	defer func() {
		for f := range with {
			f.leave(c)
		}
	}()
	for _, f := range feeds {
		if err := f.enter(c); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		with[f] = true
	}
	conn, err := accept(w, r)
	if err != nil {
		// Accept has answered already.
		s.config.Log.DebugContext(r.Context(), "client refused", "path", r.URL.Path, "error", err)
		return
	}
	conn.SetReadLimit(maxAsked)
	ctx, gone := context.WithCancelCause(r.Context())
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		for {
			_, raw, err := conn.Read(ctx)
			var joined []*feed
			if err == nil {
				joined, err = ask(c, raw)
			}
			for _, f := range joined {
				with[f] = true
			}
			if err != nil {
				gone(err)
				return
			}
		}
	}()
	if d := feeds[0].dialect; d != nil {
		if hello := d.hello(time.Now()); hello != nil {
			conn.add(hello)
			err = conn.flush()
		}
	}
	err = errors.Join(err, s.send(ctx, conn, c, wrap), conn.CloseNow())
	gone(nil)
	<-listening
	s.config.Log.DebugContext(r.Context(), "client gone", "path", r.URL.Path, "error", err)
}

// send goes on until the feed cuts the client off, ctx ends because the client is
// gone, or its time is over.
func (s *Server) send(ctx context.Context, conn *socket, c *client, wrap func(message) []byte) error {
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
		case <-c.wake:
		}
		for more := true; more; more = len(c.messages) > 0 {
			open := conn.gather(c, wrap)
			if err := conn.flush(); err != nil || !open {
				return err
			}
		}
	}
}

// ping asks the client for a sign of life again and again, until one is missing.
func (s *Server) ping(ctx context.Context, conn *socket) error {
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

// gather adds what waits for the client; false if it is cut off after that.
func (s *socket) gather(c *client, wrap func(message) []byte) bool {
	for len(s.frames) < batchMost {
		select {
		case m, open := <-c.messages:
			if !open {
				return false
			}
			s.add(wrap(m))
		default:
			return true
		}
	}
	return true
}
