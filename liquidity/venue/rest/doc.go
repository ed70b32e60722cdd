// Package rest is what all venues' trading clients share: one request, signed by the
// venue's own code, sent once within the venue's limits, with an answer of bounded size.
//
// It promises that nothing is repeated; that a request which was not sent, for want of
// budget or because nobody could be reached, is told as trade.ErrNotPlaced, and every
// other failure is not; that budgets are token buckets which the venue's own counters
// correct, and which 429 and 418 close for as long as they say; and that a Secret shows
// nothing when it is printed or logged.
//
// Venues' packages import it; it imports trade, book and asset.
package rest
