package show

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	// repaintEvery keeps the spinner turning.
	repaintEvery = 100 * time.Millisecond
	// printEvery is how often a step that changes all the time is printed to a
	// log, and how long one runs before it is printed at all: most are done sooner.
	printEvery = time.Second
	// heartbeatEvery is how long a log is silent while a step runs.
	heartbeatEvery = 10 * time.Second
	// defaultWidth is of a terminal that does not tell.
	defaultWidth = 80
	// maxLines bounds the steps shown at a time; more than a screen holds can't
	// be painted in place.
	maxLines = 16
)

// Config says where to show and how.
type Config struct {
	Out io.Writer
	// Terminal: paint in place. Otherwise write plain lines.
	Terminal bool
	// Width is the terminal's, in columns, asked at each paint; nil means 80.
	Width func() int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Tick says when to repaint; nil means ten times a second.
	Tick <-chan time.Time
}

// ForFile is the Config for a file such as os.Stdout: in place if it is a
// terminal that can, plain otherwise.
func ForFile(f *os.File) Config {
	fd := int(f.Fd())
	return Config{Out: f, Terminal: term.IsTerminal(fd), Width: func() int {
		width, _, err := term.GetSize(fd)
		if err != nil {
			return defaultWidth
		}
		return width
	}}
}

// Show is a running display. Its methods may be called from several goroutines.
type Show struct {
	cfg  Config
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex
	started time.Time
	last    time.Time // when something was written last, for heartbeats
	active  []*Line
	painted int // lines on the terminal that the next paint replaces
	frame   int
	closed  bool
	err     error
}

// New starts a display. Close it.
func New(cfg Config) *Show {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Width == nil {
		cfg.Width = func() int { return defaultWidth }
	}
	now := cfg.Now()
	s := &Show{cfg: cfg, stop: make(chan struct{}), done: make(chan struct{}), started: now, last: now}
	go s.run()
	return s
}

func (s *Show) run() {
	defer close(s.done)
	tick := s.cfg.Tick
	if tick == nil {
		ticker := time.NewTicker(repaintEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-s.stop:
			return
		case <-tick:
			s.beat()
		}
	}
}

// beat turns the spinner, or breaks a long silence in a log.
func (s *Show) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame++
	if s.cfg.Terminal {
		s.paint(nil)
		return
	}
	silent := s.cfg.Now().Sub(s.last) >= heartbeatEvery
	for _, l := range s.active {
		if silent {
			l.fresh = true
		}
		l.tell()
	}
}

// Say writes lines that stay. An empty text is an empty line; a line feed at the
// end is not another one.
func (s *Show) Say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.TrimSuffix(text, "\n")
	if s.cfg.Terminal {
		s.paint(strings.Split(text, "\n"))
		return
	}
	s.writeLine(text)
}

// ID is a transaction's or swap's identifier as it is shown: whole in a log,
// where it is searched for, short on a terminal, where a line is read.
func (s *Show) ID(id string) string {
	const head, tail = 10, 4
	if !s.cfg.Terminal || len(id) <= head+tail+1 {
		return id
	}
	return id[:head] + "…" + id[len(id)-tail:]
}

// Close writes what is left as it stands and stops. It returns the first error
// of writing; after one, nothing more was written.
func (s *Show) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return s.err
	}
	s.closed = true
	if s.cfg.Terminal {
		s.paint(nil)
	}
	s.active, s.painted = nil, 0
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	return s.err
}

func (s *Show) write(text string) {
	if s.err == nil {
		if _, err := io.WriteString(s.cfg.Out, text); err != nil {
			s.err = fmt.Errorf("show progress: %w", err)
		}
	}
	s.last = s.cfg.Now()
}

func (s *Show) writeLine(text string) { s.write(text + "\n") }
