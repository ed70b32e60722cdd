// Package feed is what all venues' clients share: the life of a connection, and
// when its books may be told. A venue is a Protocol (what the messages about a book mean
// and what proves that none is missing), a Wire (how a connection carries several books)
// and a Config; New makes a liquidity.Source of a book, and those that are opened with
// the same Lines share connections.
//
// It promises:
//
//   - A top is delivered only from a book that its Protocol trusts. When that ends
//     (a gap, a wrong checksum, a crossed book, a side that has run dry), an outage
//     with its reason is delivered, and nothing else until the book was read anew.
//   - A feed without a message for StaleAfter is stale, and said to be. A pong does
//     not count: an edge that answers proves nothing about the feed behind it.
//   - A connection is replaced before its end, and when the venue says that it
//     shuts down, by one that has a book already; otherwise it is opened again with
//     a bounded, jittered pause.
//   - What is wrong with one book of a connection is mended without the others: it is
//     asked for anew, and if that does not help moves to a connection of its own.
//   - 429 and 418 are obeyed for as long as Retry-After says, by all connections;
//     requests and connections stay within limits.
//   - Handshakes, frames, bodies, and what waits for them are bounded.
//
// One goroutine per connection reads frames and owns its books, in turns with their timers
// and with snapshots that arrive: nothing is handed from one to another for a message. Streams
// are dialled directly, without the environment's HTTP proxy. It imports liquidity,
// liquidity/book and lxzan/gws; scan, below it, reads frames.
package feed
