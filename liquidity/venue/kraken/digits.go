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
// (WebSocket v2)", steps 1 and 2).
type digits struct {
	n    uint8
	text [31]byte
}

// set takes the numbers as the message has them; false if they are too long.
func (d *digits) set(price, size []byte) bool {
	d.n = 0
	return d.add(price) && d.add(size)
}

func (d *digits) add(number []byte) bool {
	leading := true
	for _, c := range number {
		if c|0x20 == 'e' {
			break // what follows moves the point and is no digit of the number
		}
		if c == '.' || leading && c == '0' {
			continue
		}
		leading = false
		if int(d.n) == len(d.text) {
			return false
		}
		d.text[d.n] = c
		d.n++
	}
	return true
}

// checksummed is how many levels of each side the checksum covers.
const checksummed = 10

// checksum is the CRC32 (IEEE) over the best asks, then the best bids.
func checksum(b *book.Book, known *[2]map[uint64]digits) uint32 {
	var all [2 * checksummed * len(digits{}.text)]byte
	text := all[:0]
	for _, side := range [2]book.Side{book.Ask, book.Bid} {
		for n := range checksummed {
			l, ok := b.At(side, n)
			if !ok {
				break
			}
			d := known[side][l.Price]
			text = append(text, d.text[:d.n]...)
		}
	}
	return crc32.ChecksumIEEE(text)
}

// ticks reads a number in JSON's form: with an exponent it is moved by it, exactly.
func ticks(number []byte, places int) (uint64, bool) {
	i := bytes.IndexAny(number, "eE")
	if i < 0 {
		return scan.Ticks(number, places)
	}
	exponent, err := strconv.Atoi(string(number[i+1:]))
	mantissa := number[:i]
	point := bytes.IndexByte(mantissa, '.')
	fraction := 0
	if point >= 0 {
		fraction = len(mantissa) - point - 1
	}
	// Whole units of 10^-(places+exponent) are ticks already.
	if err != nil || places+exponent < fraction || places+exponent > 38 {
		return 0, false
	}
	return scan.Ticks(mantissa, places+exponent)
}
