// Package show tells a person what a long command is doing: on a terminal, one
// line per step, updated in place with a spinner and the time it has taken; in a
// log, a plain line for every step and, while one
// takes longer than a second, for its changes.
//
// It promises that something visible happens at least every second while a step
// runs on a terminal, and every ten seconds in a log; that finished lines stay;
// and that nothing is longer than the terminal is wide. It imports
// golang.org/x/term and the standard library.
package show
