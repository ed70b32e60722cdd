// Package binance follows the order book of one symbol of Binance spot: a
// liquidity.Source over the diff depth stream (WebSocket) and the depth snapshot
// (REST), as described in web-socket-streams.md ("Diff. Depth Stream", "How to
// manage a local order book correctly") and rest-api.md ("Order book", "LIMITS")
// of the venue's own documents, read as of July 2026.
//
// Its proof: updates are numbered. The first event kept must span the snapshot's
// number, and from then on numbers follow one another exactly; what does not makes the
// book suspect until another snapshot fits. Snapshots are fetched within a share of
// the venue's weight. Levels outside a snapshot are unknown until they change.
//
// What it can't prove: that the venue applied its own events; there is no checksum.
//
// The form that the venue writes nearly all depthUpdates in is read by a reader of its
// own (fixed.go) that never allocates: a million messages a second on one core.
//
// It imports liquidity, liquidity/book and liquidity/venue/feed, which keeps the
// promises that all venues share.
package binance
