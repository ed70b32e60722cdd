// Package simulator plays a venue: a seeded random walk per instrument, served as
// the top of a book over WebSocket in the format of package simulated.
//
// It promises that a seed gives the same walk every time, that every client of a
// walk sees the same stream, and that a client too slow for it is cut off instead
// of holding anybody up. It imports package simulated and coder/websocket.
package simulator
