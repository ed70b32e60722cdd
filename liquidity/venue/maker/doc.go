// Package maker is two market makers that quote on request: one streams its prices over a
// WebSocket, the other gives firm quotes over HTTP in the shape of 0x's RFQ
// ("price", "quote", "submit", "status").
//
// The stream is a feed.Protocol, a source of prices like any venue's. Each message is the
// whole of what the maker would do now, so that a lost one loses nothing; one that comes out
// of turn makes the quotes suspect, and a maker that is silent for a second is stale: makers
// take back what they don't repeat. The dealer is a trade.Venue: an order becomes a firm
// quote, which is accepted only if it is no worse than the order's limit and expires no
// later than its deadline; so nothing can be filled after that, and "no such order" means
// what it says.
//
// What it can't prove: that a maker's price is anybody else's. Exclusion sees to that.
//
// It imports liquidity, liquidity/book, liquidity/trade, feed, rest and coder/websocket by
// them.
package maker
