package kraken

import (
	"bytes"
	"hash/crc32"
	"strconv"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/feed/scan"
)

// digits are what a level gives to the checksum: those of its price, then those of
// its quantity, each without the point and without zeros in front ("Book checksum
// (WebSocket v2)", steps 1 and 2). What is left of "0.00100000" is 100000, and a whole
// number says that as exactly as the text does.
type digits struct{ price, size uint64 }

// number reads a number of JSON's form: its digits, and as ticks. With an exponent
// its point is moved by it, exactly. False if it has more places, or does not fit.
func number(text []byte, places int) (digits, ticks uint64, ok bool) {
	exponent := 0
	if e := bytes.IndexByte(text, 'e'); e >= 0 {
		n, err := strconv.Atoi(string(text[e+1:]))
		if err != nil || n < -maxExponent || n > maxExponent {
			return 0, 0, false
		}
		text, exponent = text[:e], n
	}
	digits, fraction, ok := scan.Mantissa(text)
	if !ok || places+exponent < fraction {
		return 0, 0, false
	}
	ticks, ok = scan.Shift(digits, places+exponent-fraction)
	return digits, ticks, ok
}

// maxExponent bounds what the point is moved by.
const maxExponent = 30

// checksummed is how many levels of each side the checksum covers.
const checksummed = 10

// checksum is the CRC32 (IEEE) over the best asks, then the best bids.
func checksum(b *book.Book, known *[2]map[uint64]digits) uint32 {
	const longest = 20 // digits of 64 bits
	var all [2 * checksummed * 2 * longest]byte
	text := all[:0]
	for _, side := range [2]book.Side{book.Ask, book.Bid} {
		for n := range checksummed {
			l, ok := b.At(side, n)
			if !ok {
				break
			}
			d := known[side][l.Price]
			text = strconv.AppendUint(strconv.AppendUint(text, d.price, 10), d.size, 10)
		}
	}
	return crc32.ChecksumIEEE(text)
}
