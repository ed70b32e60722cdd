// Package simulated is the client of the venue simulator (simulated/simulator,
// run by cmd/venuesim): a liquidity.Source over one WebSocket.
//
// It promises to read bounded frames only, to give up a connection that is silent,
// skips a number or says something malformed, to say so at once as an outage, and
// to connect again with a bounded, jittered pause until it is told to stop.
//
// It imports liquidity, swap/asset and coder/websocket. Venues never import one
// another; the simulator imports this package for the wire format alone.
package simulated
