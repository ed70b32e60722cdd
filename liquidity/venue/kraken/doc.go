// Package kraken follows the order book of one symbol of Kraken over WebSocket v2:
// channel book, as described in the venue's documents "Book" and "Book checksum
// (WebSocket v2)", read as of November 2026.
//
// Its proof: each message carries a CRC32 over the digits of the best ten asks and
// bids. Digits are those of the message, never of a number made of them, because
// trailing zeros count. All levels of a message are applied first, then the book is
// cut to the depth subscribed to, then the checksum is compared. One that differs
// makes the book suspect, and it is subscribed to again on the same connection.
//
// What it can't prove: that levels below the tenth are right.
//
// The venue sends a heartbeat each second when there is nothing else; it has no
// time in it. So on a connection of several books any message shows that it lives.
package kraken
