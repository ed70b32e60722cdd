// Package makers plays the other ends of package maker on loopback: a maker that streams
// quotes, and a dealer with firm quotes, both from one seeded walk.
//
//	ws://host/maker           levels twice a second, or as often as it is told to
//	http://host/dealer/rfqm/v1/price, quote, submit, status, trades
//
// It promises that a quote is taken once and not after its expiry, that it quotes for any
// size, worse for more, and that it shares no code with the clients. It imports simulator,
// liquidity/book and coder/websocket.
package makers
