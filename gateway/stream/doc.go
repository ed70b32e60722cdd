// Package stream tells clients what changes as it changes: prices, a quote that
// follows the amount being typed, and the updates of a swap, over a WebSocket or,
// for one swap's updates, over server-sent events. docs/asyncapi.yaml describes
// every message.
//
// It promises that nothing queues. Each connection has a set of what has changed
// for it and no list of changes; a tick shared by all connections (75 ms) wakes
// those whose set is not empty, and what is sent is what is true at that moment. A
// slow client so skips prices, never falls behind them.
//
// It promises that a swap's updates come in order of version, without a gap and
// without repetition, from the version the client names. Their only source is the
// table of updates in Postgres, read above the version that was sent last: the
// table is the queue. What arrives live is a hint to look there and nothing more.
//
// Several gateways share the work of storing updates: each is a member of one
// consumer group and stores only some partitions. A client may be connected to any
// of them. So every process also reads the whole topic for itself, outside the
// group and from its end, and takes from it only which swap has reached which
// version. The hint may come before the row: the connection looks again, with
// growing pauses, until the row is there. The hint may be lost (Kafka was away): a
// connection looks every 15 seconds all the same. A lost hint is thus a delay and
// never a gap.
//
// An indicative quote binds nobody. It is what the newest published rate makes of the
// amount, by the very functions that a lock is computed with (swap/price), from the
// exact ratio and fee: a lock at the same price is the same to the last unit. No
// daemon is asked.
//
// Everything is limited: connections, in all and per client; swaps per connection;
// the size and the rate of a client's messages; the time a message may take to be
// taken; the silence of a client (pings). Every refusal is a problem with a code.
//
// It imports swap, swap/price, gateway/api and github.com/coder/websocket.
package stream
