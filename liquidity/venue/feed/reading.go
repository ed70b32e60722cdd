package feed

import (
	"errors"
	"fmt"
	"time"

	"github.com/lxzan/gws"
)

// OnMessage implements gws.Event.
func (s *session) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close() //nolint:errcheck // never an error: it gives the memory back
	s.trunk.mu.Lock()
	defer s.trunk.mu.Unlock()
	if s.over || s.failed != nil || s.ctx.Err() != nil || len(s.books) == 0 {
		return
	}
	err := fmt.Errorf("a frame is not text: %w", ErrMalformed)
	if m.Opcode == gws.OpcodeText {
		err = s.read(m.Bytes(), s.trunk.config.Now())
	}
	if err != nil {
		if errors.Is(err, ErrMalformed) {
			s.countAll(func(c *Counters) { c.Malformed++ })
		}
		s.offended = true
		s.fail(err)
		return
	}
	// Time that telling took is no silence.
	s.heard = time.Now()
	if s.trunk.config.Kept && s.heard.Sub(s.beaten) >= beatEvery {
		s.beat(s.trunk.config.Now(), time.Time{})
	}
	s.sendDue()
}

// read applies one message. An error ends the connection.
func (s *session) read(raw []byte, at time.Time) error {
	name, body, err := s.wire.Route(raw)
	if err != nil {
		if !errors.Is(err, ErrGap) {
			return err
		}
		s.doubtAll(err)
	}
	if len(name) == 0 {
		return s.general(body, at)
	}
	b := s.named[string(name)]
	switch {
	case b != nil:
		err := b.read(body, at)
		if err != nil {
			s.offender = b
		}
		return err
	case s.gone[string(name)]:
		return nil
	}
	return fmt.Errorf("a message of %.40q, which was not asked for: %w", name, ErrMalformed)
}

// general applies a message of no book, which any protocol of the venue understands. It counts
// once, for the first book.
func (s *session) general(raw []byte, at time.Time) error {
	first := s.books[0]
	first.count(func(c *Counters) { c.Messages++ })
	m, err := first.protocol.Take(raw)
	switch {
	case err != nil:
		return err
	case m.Kind == Heartbeat:
		s.beat(at, m.At)
	case m.Kind == Shutdown:
		s.countAll(func(c *Counters) { c.Shutdowns++ })
		s.leaveIt()
	case m.Kind == Update:
		return fmt.Errorf("a book's message without its name: %w", ErrMalformed)
	}
	return nil
}

// beat is a sign that all books are as they were.
func (s *session) beat(at, venueTime time.Time) {
	s.beaten = time.Now()
	for _, b := range s.books {
		b.heard = s.beaten
		b.word(at, venueTime)
	}
}

// doubtAll makes all books suspect that were not: any of them may miss something.
func (s *session) doubtAll(err error) {
	for _, b := range s.books {
		if b.protocol.Trusted() {
			b.protocol.Doubt()
			b.suspect(true, err)
			b.ask()
		}
	}
}
