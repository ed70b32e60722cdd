package feed

import (
	"errors"
	"time"

	"ferry/liquidity/book"
)

// ErrMalformed means that the venue said something its documents do not allow. It
// ends the connection: what such a venue means is not known.
var ErrMalformed = errors.New("malformed message")

// Why a book can't be trusted. Each leads to the book being read anew.
var (
	ErrGap      = errors.New("updates are missing")
	ErrChecksum = errors.New("the checksum is wrong")
	ErrCrossed  = errors.New("the book is crossed")
	ErrDry      = errors.New("a side has run dry up to what the snapshot told")
)

// ErrOld means that a fetched snapshot is older than the events kept for it; another
// one is asked for.
var ErrOld = errors.New("the snapshot is older than the events kept")

// Kind is what a message is about.
type Kind int

// The kinds. Whatever comes in shows that the connection lives.
const (
	// Other says nothing about the book; venues add such messages.
	Other Kind = iota
	// Update changed the book, or was kept for a snapshot.
	Update
	// Heartbeat says that the book still is as it was; of no book in particular, that
	// all of the connection are.
	Heartbeat
	// Shutdown says that the connection will end.
	Shutdown
)

// Message is what Protocol.Take understood.
type Message struct {
	Kind Kind
	// At is the venue's clock, zero if the message has none.
	At time.Time
}

// Protocol is what a connection's messages about one book mean, and whether it may be
// trusted. It is pure, never waits, and is driven by one goroutine.
type Protocol interface {
	// Take applies one message: of its book, or of none (a heartbeat, an answer), which
	// changes nothing. An error that wraps ErrGap, ErrChecksum, ErrCrossed or ErrDry says
	// that the book has become suspect (once: messages that do not fit a suspect book are
	// passed over); any other ends the connection. The bytes are the caller's again
	// afterwards.
	Take(raw []byte) (Message, error)
	// Doubt makes the book suspect for a reason that its own messages do not show.
	Doubt()
	// Wants reports that a snapshot has to be fetched now, and Load takes its body.
	// After an error another one is fetched.
	Wants() bool
	Load(body []byte) error
	// Trusted reports whether Book may be told. It then has both sides, not crossed.
	Trusted() bool
	Book() *book.Book
}

// Streamed is embedded by protocols whose snapshots come with the stream.
type Streamed struct{}

// Wants implements Protocol: never.
func (Streamed) Wants() bool { return false }

// Load implements Protocol; it is not called.
func (Streamed) Load([]byte) error { return nil }

// Judge reports a book that no complete stream of events leads to, or that ends
// before its top.
func Judge(b *book.Book) error {
	if b.Crossed() {
		return ErrCrossed
	}
	for _, side := range []book.Side{book.Bid, book.Ask} {
		if _, bounded := b.Horizon(side); bounded && b.Len(side) == 0 {
			return ErrDry
		}
	}
	return nil
}

// JudgeWhole is Judge for venues that tell a book whole: a side with nothing is no
// book either.
func JudgeWhole(b *book.Book) error {
	if err := Judge(b); err != nil {
		return err
	}
	if b.Len(book.Bid) == 0 || b.Len(book.Ask) == 0 {
		return ErrDry
	}
	return nil
}
