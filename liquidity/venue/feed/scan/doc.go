// Package scan reads venues' JSON strictly, in one pass and without allocating: the
// prices are in it as text, and become ticks without a float in between.
//
// It promises that whatever it accepts is JSON (RFC 8259) without escapes where a
// text is read, that nesting and lists are bounded, and that numbers are exact or
// refused. It imports liquidity/book.
package scan
