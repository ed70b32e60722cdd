package feed

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"ferry/liquidity"
)

// Market is one instrument of a venue, and where it is.
type Market struct {
	// StreamURL is where the WebSocket is, with its path.
	StreamURL  string
	Instrument liquidity.Instrument
	// StaleAfter is the longest silence: then the book is no longer used and the
	// connection given up.
	StaleAfter time.Duration
	// Lines are what the connection is shared by; nil means one of its own.
	Lines *Lines
	Log   *slog.Logger
	Now   func() time.Time
}

// Config is what following a market needs.
type Config struct {
	Market
	// Venue is its name, for logs and metrics: "kraken".
	Venue string
	// Name is the book's at the venue, as its Wire has it.
	Name string
	// Class is one of liquidity's; "" means an exchange.
	Class string
	// Life is when a connection is replaced at the latest, before the venue ends it.
	Life time.Duration
	// BookWithin is how long a connection may take to tell a book, at first and anew,
	// where snapshots are streamed; then another one is tried. 0 means 10 seconds.
	BookWithin time.Duration
	// MaxFrame is the longest message read, in bytes.
	MaxFrame int64
	// DialMost bounds connections opened within DialWindow.
	DialMost   int
	DialWindow time.Duration
	// Snapshots says where snapshots are fetched; nil for venues that stream them.
	Snapshots *Snapshots
	// BooksMost bounds the books of a connection.
	BooksMost int
	// Kept says that any message shows that all books of the connection are as they were:
	// the venue has no heartbeat for one while it tells of another.
	Kept bool
	// Wire makes the state of one connection, Open that of its book.
	Wire func() Wire
	Open func() Protocol
}

// Snapshots is where and how often a book may be fetched.
type Snapshots struct {
	URL string
	// Cost is what one request takes from Limit, which all books that share lines have
	// together, and which is granted anew each Per.
	Cost, Limit int
	Per         time.Duration
	// Every is the age from which a book is compared with a fresh snapshot, for
	// venues that can't prove that nothing is missing; 0 for never.
	Every time.Duration
	// Held reads from a response until when to hold back; nil if it never says.
	Held func(h http.Header, now time.Time) time.Time
}

// Validate reports a configuration that can't work.
func (c Config) Validate() error {
	if err := c.Instrument.Validate(); err != nil {
		return fmt.Errorf("venue %s: %w", c.Venue, err)
	}
	if _, err := Address(c.StreamURL, "ws", "wss"); err != nil {
		return err
	}
	switch {
	case c.Venue == "" || c.Name == "" || c.Open == nil || c.Wire == nil || c.Log == nil || c.Now == nil:
		return errors.New("a venue needs a name, a protocol, a log and a clock")
	case c.StaleAfter <= 0 || c.Life <= 0 || c.BookWithin < 0:
		return fmt.Errorf("venue %s: a staleness limit and a life are needed, and no time below 0", c.Venue)
	case c.MaxFrame < 1<<10 || c.MaxFrame > 16<<20:
		return fmt.Errorf("venue %s: messages of up to %d bytes are not from 1 KiB to 16 MiB", c.Venue, c.MaxFrame)
	case c.BooksMost < 1:
		return fmt.Errorf("venue %s: a connection needs room for a book", c.Venue)
	case c.DialMost < 1 || c.DialWindow <= 0:
		return fmt.Errorf("venue %s: connections need a limit", c.Venue)
	}
	if s := c.Snapshots; s != nil {
		if _, err := Address(s.URL, "http", "https"); err != nil {
			return err
		}
		if s.Cost < 1 || s.Limit < s.Cost || s.Per <= 0 || s.Every < 0 {
			return fmt.Errorf("venue %s: snapshots need a limit that allows one", c.Venue)
		}
	}
	return nil
}

// Address reads one of a venue's addresses, which must be of one of two schemes.
func Address(text, plain, secure string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != plain && u.Scheme != secure) || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("%.80q is not an address %s://host or %s://host", text, plain, secure)
	}
	return u, nil
}
