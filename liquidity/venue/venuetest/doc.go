// Package venuetest is what tests of venues' clients have in common: simulated venues
// on loopback, a follower that believes no top the exchange never had, and the suite of
// faults that every client has to survive. It is imported by tests only.
package venuetest
