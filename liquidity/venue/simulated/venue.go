package simulated

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/coder/websocket"

	"ferry/liquidity"
)

// Config is what the client needs.
type Config struct {
	// URL is where the simulator listens: "ws://127.0.0.1:7010".
	URL        string
	Instrument liquidity.Instrument
	// StaleAfter is the longest silence: then the connection is given up and its
	// last price no longer used. The simulator speaks several times a second.
	StaleAfter time.Duration
	Log        *slog.Logger
	Now        func() time.Time
}

// Limits of a connection.
const (
	dialTimeout = 3 * time.Second
	retryLeast  = 50 * time.Millisecond
	retryMost   = 5 * time.Second
)

// Venue is the simulator as a liquidity.Source.
type Venue struct {
	config Config
	url    string
}

var _ liquidity.Source = (*Venue)(nil)

// New refuses a configuration that can't work; it connects nothing yet.
func New(c Config) (*Venue, error) {
	u, err := url.Parse(c.URL)
	if err != nil || (u.Scheme != "ws" && u.Scheme != "wss") || u.Host == "" {
		return nil, fmt.Errorf("simulated venue: %q is not a ws:// or wss:// address", c.URL)
	}
	if err := c.Instrument.Validate(); err != nil {
		return nil, fmt.Errorf("simulated venue: %w", err)
	}
	if c.StaleAfter <= 0 || c.Log == nil || c.Now == nil {
		return nil, errors.New("simulated venue: a staleness limit, a log and a clock are needed")
	}
	u.Path, u.RawQuery = Path, url.Values{"pair": {c.Instrument.String()}}.Encode()
	return &Venue{config: c, url: u.String()}, nil
}

// Instrument implements liquidity.Source.
func (v *Venue) Instrument() liquidity.Instrument { return v.config.Instrument }

// StaleAfter implements liquidity.Source.
func (v *Venue) StaleAfter() time.Duration { return v.config.StaleAfter }

// Stream implements liquidity.Source. A connection that gave a price makes the
// next pause short again.
func (v *Venue) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	pause := retryLeast
	for ctx.Err() == nil {
		if v.follow(ctx, deliver) {
			pause = retryLeast
		}
		wait(ctx, jitter(pause))
		pause = min(2*pause, retryMost)
	}
	return nil
}

// follow delivers one connection's tops and then its loss; it reports whether
// there was any top.
func (v *Venue) follow(ctx context.Context, deliver func(liquidity.Top)) bool {
	frames, err := v.session(ctx, deliver)
	if ctx.Err() != nil {
		return false
	}
	v.config.Log.WarnContext(ctx, "venue connection ended, will connect again",
		"instrument", v.config.Instrument.String(), "frames", frames, "error", err)
	deliver(liquidity.Top{Instrument: v.config.Instrument, ReceivedAt: v.config.Now(),
		Unavailable: "The connection to the venue of " + v.config.Instrument.String() + " is lost."})
	return frames > 0
}

// session connects once and reads until something fails, which it always does in
// the end. It returns how many frames were good.
func (v *Venue) session(ctx context.Context, deliver func(liquidity.Top)) (frames int, err error) {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(dialing, v.url, &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return 0, fmt.Errorf("connect: %w", err)
	}
	// What ends a session is told by the read; a second close has nothing to add.
	defer conn.CloseNow() //nolint:errcheck // see above
	conn.SetReadLimit(MaxFrame)
	s := session{venue: v, top: liquidity.Top{Instrument: v.config.Instrument}}
	for {
		if err := s.next(ctx, conn); err != nil {
			return frames, err
		}
		frames++
		deliver(s.top)
	}
}

// session is what one connection has told so far.
type session struct {
	venue *Venue
	seq   uint64
	top   liquidity.Top
}

// next reads one frame within StaleAfter and applies it.
func (s *session) next(ctx context.Context, conn *websocket.Conn) error {
	reading, cancel := context.WithTimeout(ctx, s.venue.config.StaleAfter)
	defer cancel()
	kind, raw, err := conn.Read(reading)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if kind != websocket.MessageText {
		return fmt.Errorf("a frame is not text: %w", ErrMalformed)
	}
	return s.apply(raw, s.venue.config.Now())
}

// apply refuses gaps and repetitions: after one, the book is not known.
func (s *session) apply(raw []byte, receivedAt time.Time) error {
	f, err := parseFrame(raw, s.venue.config.Instrument)
	if err != nil {
		return err
	}
	if s.seq != 0 && f.Seq != s.seq+1 {
		return fmt.Errorf("frame %d follows frame %d: %w", f.Seq, s.seq, ErrMalformed)
	}
	if s.seq == 0 && f.Type != TypeTop {
		return fmt.Errorf("the first frame is no top: %w", ErrMalformed)
	}
	if f.Type == TypeTop {
		bid, ask, err := f.levels(s.venue.config.Instrument)
		if err != nil {
			return err
		}
		s.top.Bid, s.top.Ask = bid, ask
	}
	s.seq, s.top.VenueTime, s.top.ReceivedAt = f.Seq, f.Time, receivedAt
	return nil
}

// jitter is from half of d to all of it, so that clients of a venue that comes
// back do not all knock at once.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // spreads load, guards nothing
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
