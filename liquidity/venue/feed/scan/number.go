package scan

import (
	"math"
	"math/bits"
)

// Number reads a number of JSON's form as the text it is.
func (r *Reader) Number() []byte {
	c := r.peek()
	start := r.at
	if c == '-' {
		r.at++
	}
	whole := r.at
	if r.digits() == 0 || r.raw[whole] == '0' && r.at > whole+1 {
		r.Fail("no number")
		return nil
	}
	if r.at < len(r.raw) && r.raw[r.at] == '.' {
		r.at++
		if r.digits() == 0 {
			r.Fail("no number")
			return nil
		}
	}
	if r.at < len(r.raw) && r.raw[r.at]|0x20 == 'e' {
		r.at++
		if r.at < len(r.raw) && (r.raw[r.at] == '+' || r.raw[r.at] == '-') {
			r.at++
		}
		if r.digits() == 0 {
			r.Fail("no number")
			return nil
		}
	}
	return r.raw[start:r.at]
}

// digits passes over digits and says how many.
func (r *Reader) digits() int {
	if r.err != nil {
		return 0
	}
	start := r.at
	for r.at < len(r.raw) && '0' <= r.raw[r.at] && r.raw[r.at] <= '9' {
		r.at++
	}
	return r.at - start
}

// Uint reads a whole number from 0.
func (r *Reader) Uint() uint64 {
	text := r.Number()
	n, ok := Ticks(text, 0)
	if r.err == nil && !ok {
		r.Fail("no whole number")
	}
	return n
}

// Int reads a whole number.
func (r *Reader) Int() int64 {
	text := r.Number()
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	n, ok := Ticks(text, 0)
	if r.err == nil && (!ok || n > math.MaxInt64) {
		r.Fail("no whole number")
	}
	if negative {
		return -int64(n)
	}
	return int64(n)
}

// Ticks reads a decimal such as "0.03500000" into units of 10^-places, exactly;
// false if it is no plain decimal, has more places (zeros count), or does not fit 64
// bits.
func Ticks(text []byte, places int) (uint64, bool) {
	r := Reader{raw: text}
	digits, fraction, ok := r.mantissa()
	if !ok || r.at != len(text) || fraction > places {
		return 0, false
	}
	return Shift(digits, places-fraction)
}

// powers are those of ten that fit 64 bits.
var powers = func() (all [20]uint64) {
	all[0] = 1
	for i := 1; i < len(all); i++ {
		all[i] = all[i-1] * 10
	}
	return all
}()

// Shift is n × 10^places; false if it does not fit 64 bits, or places are below 0.
func Shift(n uint64, places int) (uint64, bool) {
	if n == 0 && places >= 0 {
		return 0, true
	}
	if places < 0 || places >= len(powers) {
		return 0, false
	}
	high, low := bits.Mul64(n, powers[places])
	return low, high == 0
}
