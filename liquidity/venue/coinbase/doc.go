// Package coinbase follows the order book of one product of Coinbase over the
// Advanced Trade WebSocket: channels level2 and heartbeats, as described in the
// venue's documents "Advanced Trade WebSocket Channels" and "Level 2 order book",
// read as of November 2026.
//
// Its proof: every message of a connection, whatever its channel, has a sequence
// number one above the last. One that is missing or repeated makes all of its books
// suspect, as it may be any's, and level2 is subscribed to again on the same connection: a
// snapshot comes first.
//
// What it can't prove: that the venue applied its own events; it publishes no
// checksum.
//
// Channels end after a minute or so without updates; heartbeats, one each second,
// keep level2 open and show that the feed lives.
package coinbase
