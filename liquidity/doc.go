// Package liquidity prices swaps and locks prices: it follows venues, computes
// what a deposit pays out, books locks against what the hot wallet can pay, and
// signs quotes. Deposits that do not match their quote it prices anew.
//
// It promises that no price is given from a stale or crossed book; that every
// amount it computes has at most asset.QuotePlaces places and is rounded once in
// favour of liquidity; that a quote which left this package is in the database,
// fits into the balance beside all other open promises, and becomes at most one
// swap; and that a request for a new price has one answer, stored with the fact that
// tells of it, in which no requote takes more than swap.Terms.Permits or gives more
// than its rate.
//
// The way of a quote: a Source streams tops of book into the Market, which makes one
// price of several venues (fair.go); Funds holds the balances of the hot wallet; the
// Desk combines both with the Config into
// terms, books a Lock in the Store and signs it; the Engine runs all of it. The way of a
// requote: a request (requoter.go) is verified and priced (requote.go, reprice.go), its
// Answer is stored, and what is promised by it ends with an update (ends.go).
//
// It imports swap and its leaves, swap/rpc, swap/bus and connect. The Store's
// implementation (liquidity/postgres) and the venues (liquidity/venue/...) import
// it, never the other way round.
package liquidity
