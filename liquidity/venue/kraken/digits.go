package kraken

import (
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

// decimals are how many digits follow the points of a level's two numbers.
type decimals struct{ price, size int }

// written remembers how the venue wrote the levels of a book. It writes all of them
// with the same decimals; then the digits follow from the ticks, and only the others
// are kept.
type written struct {
	usual decimals
	// priceStep and sizeStep are the ticks in the last place of usual.
	priceStep, sizeStep uint64
	others              [2]map[uint64]digits
}

// begin takes the decimals of a book's first level as the usual ones. A number with an
// exponent that makes it larger has none, and is never usual.
func (w *written) begin(d decimals, p scan.Places) {
	w.usual = d
	w.others = [2]map[uint64]digits{}
	priceStep, okPrice := scan.Shift(1, p.Price-max(d.price, 0))
	sizeStep, okSize := scan.Shift(1, p.Size-max(d.size, 0))
	if !okPrice || !okSize {
		w.usual = decimals{-1, -1}
	}
	w.priceStep, w.sizeStep = max(priceStep, 1), max(sizeStep, 1)
}

// note remembers how a level was written.
func (w *written) note(side book.Side, l *level) {
	switch {
	case l.Size > 0 && (l.decimals != w.usual || l.decimals.price < 0 || l.decimals.size < 0):
		if w.others[side] == nil {
			w.others[side] = map[uint64]digits{}
		}
		w.others[side][l.Price] = l.digits
	case len(w.others[side]) > 0:
		delete(w.others[side], l.Price)
	}
}

// of are the digits of a level in the book.
func (w *written) of(side book.Side, l book.Level) digits {
	if len(w.others[side]) > 0 {
		if d, ok := w.others[side][l.Price]; ok {
			return d
		}
	}
	return digits{l.Price / w.priceStep, l.Size / w.sizeStep}
}

// forget keeps of the others only those in the book, once there are more than it may
// have levels.
func (w *written) forget(b *book.Book, depth int) {
	for side, others := range w.others {
		if len(others) <= 4*depth {
			continue
		}
		kept := map[uint64]digits{}
		for l := range b.Levels(book.Side(side)) {
			if d, ok := others[l.Price]; ok {
				kept[l.Price] = d
			}
		}
		w.others[side] = kept
	}
}

// checksummed is how many levels of each side the checksum covers.
const checksummed = 10

// checksum is the CRC32 (IEEE) over the best asks, then the best bids.
func (w *written) checksum(b *book.Book) uint32 {
	const longest = 20 // digits of 64 bits
	var all [2 * checksummed * 2 * longest]byte
	text := all[:0]
	for _, side := range [2]book.Side{book.Ask, book.Bid} {
		for n := range checksummed {
			l, ok := b.At(side, n)
			if !ok {
				break
			}
			d := w.of(side, l)
			text = strconv.AppendUint(strconv.AppendUint(text, d.price, 10), d.size, 10)
		}
	}
	return crc32.ChecksumIEEE(text)
}
