// Package trade is the vocabulary of trading at a venue: orders, fills, books and what a
// venue has to answer. hedge asks by it, and each venue's package speaks it.
//
// Its law is about what is not known. An answer to Place is one of three: a Report, which
// is the venue's word; an error that is ErrNotPlaced, which is the certainty that the order
// does not exist and never will; and any other error, which means that the order may have
// been filled. Nobody sends an order again after the third: the venue is asked for it by
// its client id, and for the fills since. An order carries a deadline after which its venue
// refuses it, so that "no such order" is an answer at all: before the deadline the order
// may still be on its way.
//
// It imports liquidity and its leaves.
package trade
