// Package binance follows the order book of one symbol of Binance spot: a
// liquidity.Source over the diff depth stream (WebSocket) and the depth snapshot
// (REST), as described in web-socket-streams.md ("Diff. Depth Stream", "How to
// manage a local order book correctly") and rest-api.md ("Order book", "LIMITS")
// of the venue's own documents, read as of July 2026.
//
// It promises:
//
//   - A top is delivered only from a book to which a snapshot and every event
//     after it were applied. After a gap, a crossed book or a side that has run
//     dry the book is suspect: an outage with its reason is delivered, and nothing
//     else until a new snapshot fits.
//   - Prices and sizes are read exactly, from the text into whole ticks.
//   - A feed without a message for StaleAfter is stale, and said to be. Pings do
//     not count: an edge that answers proves nothing about the feed behind it.
//   - A connection is replaced before its 24 hours end, and when the venue says
//     that it shuts down, by one that has a book already; otherwise it is opened
//     again with a bounded, jittered pause.
//   - 429 and 418 are obeyed for as long as Retry-After says, by all connections;
//     requests and connections stay within a share of the venue's limits.
//   - Frames, bodies, books, and events kept for a snapshot are bounded.
//
// One goroutine per connection owns its book; another reads frames for it, a third
// a snapshot. It imports liquidity, liquidity/book and coder/websocket. Venues
// never import one another. simulator speaks the other end, from the documents
// and not from this package.
package binance
