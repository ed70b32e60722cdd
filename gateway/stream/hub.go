package stream

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// newestRate is a pair's newest rate; sequence grows with every change of any pair.
type newestRate struct {
	heard    swap.Rate
	shown    api.Rate
	sequence int64
}

// Hub connects what changes with who wants to know.
type Hub struct {
	config Config
	pairs  []asset.Pair
	// reads has room for as many as may read the store at a time.
	reads chan struct{}
	// lookRecent asks for the list of the newest swaps to be read.
	lookRecent chan struct{}
	// done is closed when no connection may go on.
	done chan struct{}
	open sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	ticks    int64
	sequence int64
	board    map[asset.Pair]newestRate
	sessions map[*session]struct{}
	clients  map[string]int
	watchers map[string]map[*session]struct{}
	recent   []Recent
	// recentKnown is false until the list was read.
	recentKnown bool
}

// New checks the configuration and makes a hub. Connections may come at once; they
// are told of changes while Run runs.
func New(c Config) (*Hub, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Observer = c.Observer.silent()
	return &Hub{config: c, pairs: c.Source.Pairs(), reads: make(chan struct{}, c.Limits.Reads),
		lookRecent: make(chan struct{}, 1), done: make(chan struct{}),
		board: map[asset.Pair]newestRate{}, sessions: map[*session]struct{}{}, clients: map[string]int{},
		watchers: map[string]map[*session]struct{}{}}, nil
}

// Run ticks until ctx ends, then closes every connection and waits for them, each
// bounded by its write timeout. It runs once.
func (h *Hub) Run(ctx context.Context) error {
	ticks := h.config.Ticks
	if ticks == nil {
		ticker := time.NewTicker(h.config.Limits.Tick)
		defer ticker.Stop()
		ticks = ticker.C
	}
	var reader sync.WaitGroup
	reader.Go(func() { h.followRecent(ctx) })
	defer reader.Wait()
	for {
		select {
		case <-ctx.Done():
			h.mu.Lock()
			h.closed = true
			h.mu.Unlock()
			close(h.done)
			h.open.Wait()
			return nil
		case <-ticks:
			h.tick()
		}
	}
}

// enter makes a session, or refuses one beyond the limits.
func (h *Hub) enter(client string, kind Kind) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.config.Limits
	switch {
	case h.closed:
		return nil, swap.Refuse(swap.CodeUnavailable, "", "", "The service is stopping; connect again.")
	case len(h.sessions) >= l.Connections:
		return nil, swap.Refuse(swap.CodeUnavailable, "", "", "Too many connections are open; try again later.")
	case h.clients[client] >= l.PerClient:
		return nil, swap.Refuse(swap.CodeTooManyRequests, "", fmt.Sprintf("%d connections", l.PerClient), "You have too many connections open.")
	}
	s := newSession(client, kind)
	h.sessions[s] = struct{}{}
	h.clients[client]++
	h.open.Add(1)
	return s, nil
}

func (h *Hub) leave(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range s.swaps {
		h.forget(s, id)
	}
	delete(h.sessions, s)
	if h.clients[s.client]--; h.clients[s.client] == 0 {
		delete(h.clients, s.client)
	}
	h.open.Done()
}

// forget ends a watch; the caller has the lock.
func (h *Hub) forget(s *session, id string) {
	delete(s.swaps, id)
	delete(h.watchers[id], s)
	if len(h.watchers[id]) == 0 {
		delete(h.watchers, id)
	}
}

// recentEvery is how many ticks pass between two looks at the newest swaps.
const recentEvery = 13

// tick finds what has changed and wakes whom it concerns.
func (h *Hub) tick() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ticks++
	if len(h.sessions) > 0 {
		h.reprice(h.pairs...)
	}
	watched := false
	for s := range h.sessions {
		watched = watched || s.recent
		for _, w := range s.swaps {
			if w.due <= h.ticks {
				w.dirty, w.due = true, h.ticks+h.recheck()
			}
		}
		if s.dirty() {
			s.rouse()
		}
	}
	if watched && h.ticks%recentEvery == 0 {
		h.askRecent()
	}
}

func (h *Hub) recheck() int64 { return int64(h.config.Limits.Recheck / h.config.Limits.Tick) }

// reprice looks at pairs and marks who follows one that changed; the caller has the
// lock. A price that only became too old changes too.
func (h *Hub) reprice(pairs ...asset.Pair) {
	for _, pair := range pairs {
		heard, shown := h.config.Source.Rate(pair)
		old, known := h.board[pair]
		if known && old.shown == shown {
			continue
		}
		h.sequence++
		h.board[pair] = newestRate{heard, shown, h.sequence}
		older := old.shown
		older.At = shown.At
		for s := range h.sessions {
			if f := s.pairs[pair]; f != nil {
				h.mark(&f.dirty, "prices")
			}
			// A quote is told again when the price moves, not when it is only newer.
			if q := s.quote; q != nil && q.ask.Pair == pair && older != shown {
				h.mark(&q.dirty, "quote")
			}
		}
	}
}

// mark notes that something has changed. What has not been told by then never is: the
// newer takes its place.
func (h *Hub) mark(dirty *bool, message string) {
	if *dirty {
		h.config.Observer.Conflated(message)
	}
	*dirty = true
}

// Told is a hint that a swap has reached a version. It may be early, late, repeated
// or missing.
func (h *Hub) Told(swapID string, version int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.watchers[swapID] {
		if w := s.swaps[swapID]; w.hinted < version {
			w.hinted, w.pause = version, 1
			w.dirty = w.sent < version
		}
	}
}

func (h *Hub) askRecent() {
	select {
	case h.lookRecent <- struct{}{}:
	default:
	}
}

// followRecent reads the newest swaps whenever asked to, once for all connections.
func (h *Hub) followRecent(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.lookRecent:
		}
		list, err := h.readRecent(ctx)
		if err != nil {
			if ctx.Err() == nil {
				h.config.Log.WarnContext(ctx, "recent swaps can't be read, will try again", "error", err)
			}
			continue
		}
		h.mu.Lock()
		if !h.recentKnown || !slices.Equal(list, h.recent) {
			h.recent, h.recentKnown = list, true
			for s := range h.sessions {
				if s.recent {
					h.mark(&s.recentDirty, "recent")
				}
			}
		}
		h.mu.Unlock()
	}
}

func (h *Hub) readRecent(ctx context.Context) ([]Recent, error) {
	ctx, done, err := h.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return h.config.Source.Recent(ctx)
}

// readTimeout is how long one read of the store may take, the wait for a turn
// included.
const readTimeout = 5 * time.Second

// read waits for a turn to read the store.
func (h *Hub) read(ctx context.Context) (context.Context, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	select {
	case h.reads <- struct{}{}:
		return ctx, func() { <-h.reads; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, fmt.Errorf("wait to read the store: %w", ctx.Err())
	}
}
