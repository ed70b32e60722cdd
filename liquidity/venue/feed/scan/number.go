package scan

import "math"

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
	digits, fraction, ok := Mantissa(text)
	if !ok || fraction > places {
		return 0, false
	}
	return Shift(digits, places-fraction)
}

// Mantissa reads a plain decimal as the whole number that its digits are without the
// point, and how many of them follow it: 3500000 and 8 of "0.03500000".
func Mantissa(text []byte) (digits uint64, fraction int, ok bool) {
	whole, point := 0, false
	for _, c := range text {
		if c == '.' {
			if point {
				return 0, 0, false
			}
			point = true
			continue
		}
		d := uint64(c - '0')
		if d > 9 || digits > (math.MaxUint64-9)/10 && digits > (math.MaxUint64-d)/10 {
			return 0, 0, false
		}
		digits = digits*10 + d
		if point {
			fraction++
		} else {
			whole++
		}
	}
	return digits, fraction, whole > 0 && (fraction > 0 || !point)
}

// Shift is n × 10^places; false if it does not fit 64 bits.
func Shift(n uint64, places int) (uint64, bool) {
	if n == 0 {
		return 0, true
	}
	for ; places > 0; places-- {
		if n > math.MaxUint64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, places == 0
}
