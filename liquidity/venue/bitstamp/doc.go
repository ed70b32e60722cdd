// Package bitstamp follows the order book of one market of Bitstamp: channel
// diff_order_book of its WebSocket v2 merged onto the REST order book by
// microtimestamp, as described in the venue's documents "WebSocket API v2" and "Order
// book", read as of November 2026.
//
// Its proof is weak: messages have a time and no number, so that one that is lost
// leaves no trace. Therefore each book is compared with a fresh snapshot at the same
// microtimestamp after Reread; where the two differ the new one takes its place and a
// gap is counted. Times that go back make the book suspect at once.
//
// What it can't prove: that nothing was lost since the last comparison. Give it no
// more weight than a vote among others.
//
// The venue has no heartbeat of its own in a quiet minute; StaleAfter must allow for
// markets that do not trade.
package bitstamp
