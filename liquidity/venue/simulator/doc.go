// Package simulator plays venues on loopback: per market a seeded random walk that
// all venues share, each with a small deviation and a book of several levels of its
// own, served in each venue's own protocol, with faults on demand (see Kind).
//
//	binance    ws://host/ws/<symbol>@depth@100ms, /stream?streams=…; http://host/api/v3/depth
//	kraken     ws://host/kraken/v2
//	coinbase   ws://host/coinbase
//	okx        ws://host/okx/ws/v5/public
//	bitstamp   ws://host/bitstamp; http://host/bitstamp/api/v2/order_book/<market>/
//
// It promises that a seed gives the same exchanges every time, that every client of a
// venue sees the same events, that the books behind them are never crossed, and that
// a client too slow for it is cut off instead of holding anybody up. A connection
// follows as many markets as it asks for; Kraken's depth must be 100 or more.
//
// It speaks from the venues' documents and shares no code with the clients, so that
// neither can agree with the other's mistakes. It imports liquidity, liquidity/book
// and coder/websocket.
package simulator
