// Package simulator plays Binance spot on loopback: per market a seeded random walk
// with a book of several levels, served as the diff depth stream (raw and combined)
// and the depth snapshot, with the venue's pings, weights and end of connections,
// and with faults on demand (see Kind).
//
// It promises that a seed gives the same exchange every time, that every client
// sees the same events, that the book behind them is never crossed, and that a
// client too slow for it is cut off instead of holding anybody up.
//
// It speaks from the venue's documents and shares no code with the client, so that
// neither can agree with the other's mistakes. It imports liquidity, liquidity/book
// and coder/websocket.
package simulator
