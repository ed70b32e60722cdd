package postgres

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/swap/asset"
)

// chain is what this process goes by when it books of one asset: one booking is decided
// while those before it commit, from the tally that these will leave.
type chain struct {
	// deciding is held by whoever decides, and sends, a booking; by one that measures until it
	// has committed.
	deciding chan struct{}

	mu sync.Mutex
	// stored is the tally of the last booking that is known to have committed, ahead that of
	// the last that was sent.
	stored, ahead tally
	// broken counts how often a booking was found not to follow the one before: what was
	// decided before that tells nothing of what is stored.
	broken int
	// last is the booking that was sent last, if it has not ended.
	last *turn
	// stream is what bookings are sent on, while one is under way.
	stream *stream
}

// turn is a booking that was sent.
type turn struct {
	stream *stream
	tally  tally
	broken int
	// before ends with the booking that it follows; nil if that had ended.
	before <-chan struct{}
	done   chan struct{}
}

// decide waits for the right to decide; the caller calls the function that it returns once.
func (c *chain) decide(ctx context.Context) (decided func(), err error) {
	select {
	case c.deciding <- struct{}{}:
		return func() { <-c.deciding }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newest is the tally to decide by.
func (c *chain) newest() tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// join is the stream that bookings are sent on; whoever decides calls it.
func (c *chain) join(ctx context.Context, pool *pgxpool.Pool) (*stream, error) {
	c.mu.Lock()
	s := c.stream
	if s != nil {
		s.users++
	}
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := openStream(ctx, pool, bookWait, bookAllOrNothing)
	if err != nil {
		return nil, err
	}
	s.users = 1
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream = s
	return s, nil
}

// leave ends one use of a stream.
func (c *chain) leave(s *stream, failed bool) {
	c.mu.Lock()
	s.users--
	s.failed = s.failed || failed
	unused := s.users == 0
	if c.stream == s && (unused || s.failed) {
		c.stream = nil
	}
	c.mu.Unlock()
	if unused {
		s.close()
	}
}

// sent notes a booking that was sent, and what it will leave.
func (c *chain) sent(s *stream, next tally) *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &turn{stream: s, tally: next, broken: c.broken, done: make(chan struct{})}
	if c.last != nil {
		t.before = c.last.done
	}
	c.last, c.ahead = t, next
	return t
}

// end notes what became of a booking that was sent.
func (c *chain) end(t *turn, stored bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == t {
		c.last = nil
	}
	close(t.done)
	switch {
	case t.broken != c.broken: // measured since, or follows one that was not stored
	case stored:
		c.stored = t.tally
	default:
		c.broken++
		c.ahead = c.stored
	}
}

// settle waits for what was sent; whoever decides calls it.
func (c *chain) settle() {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last != nil {
		<-last.done
	}
}

// measured notes what a booking that measured has left.
func (c *chain) measured(now tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken++
	c.stored, c.ahead = now, now
}

// chains are those of all assets.
type chains struct {
	mu   sync.Mutex
	list map[asset.ID]*chain
}

func (s *chains) of(id asset.ID) *chain {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.list[id]
	if !ok {
		c = &chain{deciding: make(chan struct{}, 1)}
		s.list[id] = c
	}
	return c
}
