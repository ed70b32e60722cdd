package simulator

import (
	"slices"
	"time"
)

// The venues that are played.
const (
	Binance  = "binance"
	Kraken   = "kraken"
	Coinbase = "coinbase"
	OKX      = "okx"
	Bitstamp = "bitstamp"
)

// Venues lists them.
func Venues() []string { return []string{Binance, Kraken, Coinbase, OKX, Bitstamp} }

// told is one moment of an exchange, as it is to be told.
type told struct {
	at time.Time
	// Update is what has changed; all of it in snapshots.
	Update
	// top are the best levels after it, for checksums.
	top Snapshot
	// wrong makes what proves the message wrong.
	wrong bool
}

// order is what a client asks for.
type order int

const (
	// answered asks for nothing but its answer.
	answered order = iota
	subscribed
	unsubscribed
	heartbeats
)

// dialect is how a venue speaks on a WebSocket on which clients say what they want.
type dialect interface {
	// symbol is the venue's name for a market.
	symbol(m Market) string
	// hello is what a client hears first; nil for nothing.
	hello(now time.Time) []byte
	// hear reads what a client says: what it wants, of which symbols, and the answers.
	hear(raw []byte, known func(symbol string) bool, now time.Time) (o order, symbols []string, answers [][]byte)
	// update and snapshot tell a moment; snapshot is nil where it is fetched.
	update(m Market, t told) ([]byte, error)
	snapshot(m Market, t told) ([]byte, error)
	// heartbeat is what is said each second or so; nil for nothing.
	heartbeat(now time.Time) []byte
	// notice says that the connection will end.
	notice(now time.Time) []byte
	// number writes a connection's own number into a message, where it has one.
	number(raw []byte, n uint64) []byte
}

// dialects are those of the venues that have one; Binance's clients say nothing.
var dialects = map[string]dialect{Kraken: kraken{}, Coinbase: coinbase{}, OKX: okx{}, Bitstamp: bitstamp{}}

// paths are where their WebSockets are.
var paths = map[string]string{Kraken: "/kraken/v2", Coinbase: "/coinbase", OKX: "/okx/ws/v5/public", Bitstamp: "/bitstamp"}

// all reports whether there are some symbols, and each is known.
func all(symbols []string, known func(string) bool) bool {
	return len(symbols) > 0 && !slices.ContainsFunc(symbols, func(symbol string) bool { return !known(symbol) })
}

// unnumbered is embedded by dialects without numbers of connections.
type unnumbered struct{}

func (unnumbered) number(raw []byte, _ uint64) []byte { return raw }
