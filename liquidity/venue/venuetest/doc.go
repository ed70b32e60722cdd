// Package venuetest is what every venue's client has to survive: the suite of faults
// that the simulator knows, on loopback. It is imported by tests only.
package venuetest
