package scan

import (
	"math"

	"ferry/liquidity/book"
)

// Places are how many decimals an instrument's prices and sizes have, and Parts how
// many a level has at most; 0 means 2.
type Places struct{ Price, Size, Parts int }

// Levels appends a list of levels, each a list of texts that begins with price and
// size ("[["0.035","12.5"],…]"); parts after those are passed over. More levels than
// most, more parts than there may be, or a price of nothing, is a failure.
func (r *Reader) Levels(into []book.Level, p Places, most int) []book.Level {
	for r.List(); r.More(); {
		var l book.Level
		n := 0
		for r.List(); r.More(); n++ {
			switch n {
			case 0:
				l.Price = r.Ticks(p.Price)
			case 1:
				l.Size = r.Ticks(p.Size)
			default:
				r.Skip()
			}
		}
		if r.err == nil && (n < 2 || n > max(p.Parts, 2) || l.Price == 0 || len(into) == most) {
			r.Fail("no level, or one too many")
		}
		if r.err != nil {
			return into
		}
		into = append(into, l)
	}
	return into
}

// Ticks reads a text as the function Ticks does, in one pass.
func (r *Reader) Ticks(places int) uint64 {
	if r.peek() != '"' {
		r.Fail("no text")
		return 0
	}
	r.at++
	digits, fraction, ok := r.mantissa()
	if !ok || r.at == len(r.raw) || r.raw[r.at] != '"' || fraction > places {
		r.Fail("no decimal")
		return 0
	}
	r.at++
	ticks, ok := Shift(digits, places-fraction)
	if !ok {
		r.Fail("no decimal")
	}
	return ticks
}

// Decimal reads a number as Mantissa does: its digits, and how many of them follow
// the point. An exponent moves the point, so that there may be fewer than none.
func (r *Reader) Decimal() (digits uint64, fraction int) {
	r.peek()
	start := r.at
	digits, fraction, ok := r.mantissa()
	switch {
	case r.err != nil:
		return 0, 0
	case !ok || r.raw[start] == '0' && r.at > start+1 && r.raw[start+1] != '.':
		r.Fail("no decimal")
		return 0, 0
	case r.at == len(r.raw) || r.raw[r.at]|0x20 != 'e':
		return digits, fraction
	}
	r.at++
	negative := r.at < len(r.raw) && r.raw[r.at] == '-'
	if r.at < len(r.raw) && (negative || r.raw[r.at] == '+') {
		r.at++
	}
	from := r.at
	count, exponent := r.digits(), 0
	for ; from < r.at && exponent <= maxExponent; from++ {
		exponent = exponent*10 + int(r.raw[from]-'0')
	}
	if count == 0 || exponent > maxExponent {
		r.Fail("no decimal")
		return 0, 0
	}
	if negative {
		exponent = -exponent
	}
	return digits, fraction - exponent
}

// maxExponent bounds what the point is moved by.
const maxExponent = 30

// mantissa passes over digits with at most one point, which has some on both sides.
func (r *Reader) mantissa() (digits uint64, fraction int, ok bool) {
	if r.err != nil {
		return 0, 0, false
	}
	at, point := r.at, -1
	for ; at < len(r.raw); at++ {
		d := uint64(r.raw[at] - '0')
		if d > 9 {
			if r.raw[at] != '.' || point >= 0 {
				break
			}
			point = at
			continue
		}
		if digits > (math.MaxUint64-9)/10 && digits > (math.MaxUint64-d)/10 {
			return 0, 0, false
		}
		digits = digits*10 + d
	}
	start := r.at
	r.at = at
	if point < 0 {
		return digits, 0, at > start
	}
	return digits, at - point - 1, point > start && at > point+1
}
