package asset

import (
	"bytes"
	"math/bits"
	"strconv"
)

// shortDigits is how many digits always fit in 64 bits, and shortWhole the first number of
// more.
const (
	shortDigits = 19
	shortWhole  = 10_000_000_000_000_000_000
)

// FormatUnits writes base units as a decimal with the given number of places,
// exactly and without trailing zeros.
func FormatUnits(u Units, decimals int) string {
	var room [2 * maxText]byte
	return string(appendUnits(room[:0], u, decimals))
}

// appendUnits appends FormatUnits to a text.
func appendUnits(to []byte, u Units, decimals int) []byte {
	var room [maxText]byte
	digits := appendDigits(room[:0], u)
	if decimals <= 0 {
		return append(to, digits...)
	}
	if len(digits) <= decimals {
		to = append(to, '0')
	} else {
		to = append(to, digits[:len(digits)-decimals]...)
	}
	zeros := max(0, decimals-len(digits))
	fraction := bytes.TrimRight(digits[max(0, len(digits)-decimals):], "0")
	if len(fraction) == 0 {
		return to
	}
	to = append(to, '.')
	for range zeros {
		to = append(to, '0')
	}
	return append(to, fraction...)
}

// appendDigits appends the count of base units. Most amounts have one or two words.
func appendDigits(to []byte, u Units) []byte {
	switch low, high := u.v[0], u.v[1]; {
	case u.v.IsUint64():
		return strconv.AppendUint(to, low, 10)
	case u.v[2] == 0 && u.v[3] == 0 && high < shortWhole:
		first, rest := bits.Div64(high, low, shortWhole)
		if first == 0 {
			return strconv.AppendUint(to, rest, 10)
		}
		to = strconv.AppendUint(to, first, 10)
		for n := rest; n < shortWhole/10; n = max(n, 1) * 10 {
			to = append(to, '0')
		}
		return strconv.AppendUint(to, rest, 10)
	}
	return append(to, u.v.Dec()...)
}

// onlyDigits reports a text without anything but digits.
func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// shortNumber reads on: n with the digits behind it, which all fit in 64 bits.
func shortNumber(n uint64, digits string) uint64 {
	for i := range len(digits) {
		n = n*10 + uint64(digits[i]-'0')
	}
	return n
}
