package feed

import (
	"context"
	"slices"
	"sync"

	"ferry/liquidity"
)

// Lines are the connections of a program to its venues. Books of a venue that are opened
// with the same Lines share connections, as many on each as Config.BooksMost, and limits.
// It is safe for concurrent use.
type Lines struct {
	mu     sync.Mutex
	trunks map[string]*trunk
}

// NewLines has no connections yet.
func NewLines() *Lines { return &Lines{trunks: map[string]*trunk{}} }

// Count is how many connections there are to be at the moment, of all venues.
func (l *Lines) Count() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.trunks {
		t.mu.Lock()
		n += len(t.lines)
		t.mu.Unlock()
	}
	return n
}

// trunk is the one of a venue's address.
func (l *Lines) trunk(c Config) *trunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := c.Venue + " " + c.StreamURL
	if l.trunks[key] == nil {
		t := &trunk{config: c, dials: &budget{limit: c.DialMost, per: c.DialWindow}}
		if c.Snapshots != nil {
			t.rest = newRest(*c.Snapshots, c.Now)
		}
		l.trunks[key] = t
	}
	return l.trunks[key]
}

// trunk is all lines to one address of a venue, and the limits they share. Whoever does
// anything for one of them (its reader, a timer, a snapshot that has arrived) holds mu: so
// tops are in order, and a book has one owner at a time.
type trunk struct {
	// config is the first book's: what lines have in common is the same in all.
	config Config
	dials  *budget
	rest   *rest

	mu sync.Mutex
	// lines are the ones with books, the newest last.
	lines []*line
}

// listener is a book that is followed, on one line after the other.
type listener struct {
	venue   *Venue
	deliver func(liquidity.Top)
	line    *line
}

func (w *listener) name() string { return w.venue.config.Name }

// join follows a book on a line that has room, or on a new one.
func (t *trunk) join(who *listener) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// One that is there already is to be followed anew: on a line that is newer.
	for _, l := range slices.Backward(t.lines) {
		if l.has(who.name()) {
			break
		}
		if !l.closed && len(l.listeners) < t.config.BooksMost {
			l.add(who)
			return
		}
	}
	t.open(false, who)
}

// open begins a line; closed ones take nobody else in. The caller holds mu.
func (t *trunk) open(closed bool, who ...*listener) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &line{trunk: t, closed: closed, taken: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{})}
	for _, w := range who {
		l.add(w)
	}
	t.lines = append(t.lines, l)
	go func() {
		defer close(l.done)
		l.run(ctx)
	}()
}

// leave ends the following of a book. Nothing is delivered any more when it returns, and
// the line has ended with its last book.
func (t *trunk) leave(who *listener) {
	t.mu.Lock()
	l := who.line
	l.remove(who)
	last := len(l.listeners) == 0
	if last {
		t.lines = slices.DeleteFunc(t.lines, func(other *line) bool { return other == l })
		l.cancel()
	}
	t.mu.Unlock()
	if last {
		<-l.done
	}
}

// partsMost bounds the lines that take nobody in: venues allow so many connections and no more,
// and where many books do badly it is none of them.
const partsMost = 10

// mayPart reports whether there may be one more line that takes nobody in.
func (t *trunk) mayPart() bool {
	n := 0
	for _, l := range t.lines {
		if l.closed {
			n++
		}
	}
	return n < partsMost
}

// part moves some books of a line to one of their own, which others do not join: what
// is wrong with one of them does the rest no harm. The caller holds mu; the line keeps some.
func (t *trunk) part(l *line, who ...*listener) {
	for _, w := range who {
		l.remove(w)
	}
	t.open(true, who...)
}
