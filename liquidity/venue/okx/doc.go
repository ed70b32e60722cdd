// Package okx follows the order book of one instrument of OKX over its public
// WebSocket v5: channel books (400 levels each 100 ms), as described in the venue's
// documents "WS / Order book channel", read as of November 2026.
//
// Its proof: each message names the sequence number of the one before (prevSeqId),
// so that the chain breaks where one is missing. Numbers may stay the same (nothing
// has changed: the lists are empty then) or fall (maintenance at the venue); neither
// breaks the chain. A break makes the book suspect, and it is subscribed to again on
// the same connection.
//
// What it can't prove: how much was lost, and that the venue applied its own events.
// The field checksum is 0 in every message since 23 June 2026 ("Order Book Channels
// Checksum Field Deprecation") and is not looked at.
//
// The venue has no heartbeat of its own in a quiet minute; StaleAfter must allow for
// instruments that do not trade.
package okx
