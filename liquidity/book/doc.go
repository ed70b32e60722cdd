// Package book keeps one venue's order book of one instrument, in whole ticks.
//
// It promises that a book is exact as far as it reaches: a snapshot cut off by its
// limit, or levels given up to stay within the book's size, leave a horizon on
// that side, and no level beyond the horizon is ever kept or told. It says when a
// book is crossed; judging whether the events were complete is the venue's work.
// A Book belongs to one goroutine.
//
// It imports swap/asset for exact decimals.
package book
