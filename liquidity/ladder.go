package liquidity

import "math/bits"

// ladderMost bounds the levels of a ladder: what lies deeper is not promised.
const ladderMost = 200

// side is one half of a book.
type side int

const (
	bids side = iota
	asks
)

// shelf is one venue's side as far as it counts.
type shelf struct {
	levels []Level
	// takerPPM is what the venue charges whoever takes a level, in millionths.
	takerPPM int64
	// sharePPM is how much of each level is counted on, in millionths of its size.
	sharePPM int64
}

// net is a level's price after the venue's fee, in whole ticks, rounded against whoever
// takes it:
//
//	bid × (1 − fee)  down        ask × (1 + fee)  up
func net(s side, price uint64, takerPPM int64) uint64 {
	fee := uint64(max(takerPPM, 0))
	if fee == 0 {
		return price
	}
	if s == bids {
		if fee >= ppmWhole {
			return 0
		}
		high, low := bits.Mul64(price, ppmWhole-fee)
		part, _ := bits.Div64(high, low, ppmWhole)
		return part
	}
	high, low := bits.Mul64(price, ppmWhole+fee)
	low, carry := bits.Add64(low, ppmWhole-1, 0)
	if high += carry; high >= ppmWhole {
		return ^uint64(0)
	}
	part, _ := bits.Div64(high, low, ppmWhole)
	return part
}

// counted is how much of a level's size is counted on.
func (s shelf) counted(size uint64) uint64 {
	if s.sharePPM >= ppmWhole {
		return size
	}
	high, low := bits.Mul64(size, uint64(max(s.sharePPM, 0)))
	part, _ := bits.Div64(high, low, ppmWhole)
	return part
}

// total is all that the shelf counts, at most 64 bits.
func (s shelf) total() uint64 {
	var sum uint64
	for _, l := range s.levels {
		next, carry := bits.Add64(sum, s.counted(l.Size), 0)
		if carry > 0 {
			return ^uint64(0)
		}
		sum = next
	}
	return sum
}

// caps are the most that is taken from each shelf: as much as all others together, so
// that no venue alone stands behind more than half of what is promised. The idea is that
// of the order size cap of the CME CF Cryptocurrency Real-Time Indices ("Order Size
// Cap"): one outsized order must not carry the price. A venue alone has no cap.
func caps(shelves []shelf) []uint64 {
	list := make([]uint64, len(shelves))
	for i, s := range shelves {
		list[i] = s.total()
	}
	if len(shelves) < 2 {
		return list
	}
	totals := append([]uint64(nil), list...)
	for i := range list {
		var others uint64
		for j, t := range totals {
			if j == i {
				continue
			}
			sum, carry := bits.Add64(others, t, 0)
			if carry > 0 {
				sum = ^uint64(0)
			}
			others = sum
		}
		list[i] = min(list[i], others)
	}
	return list
}

// ladder is the consolidated side of several venues, best net price first, each price
// once: what an order of any size would meet if it took the best of all of them. No level
// is better than bound, the fair price's own side: what one venue offers beyond what the
// others agree on is not passed on. The shelves are of one instrument.
func ladder(s side, shelves []shelf, bound uint64) []Level {
	rest := caps(shelves)
	heads := make([]head, len(shelves))
	for i, shelf := range shelves {
		heads[i] = shelf.head(s, 0)
	}
	merged := make([]Level, 0, min(ladderMost, DepthMost*len(shelves)))
	for len(merged) < ladderMost {
		best := -1
		for i := range heads {
			if h := &heads[i]; h.ok && rest[i] > 0 && (best < 0 || s == bids && h.price > heads[best].price || s == asks && h.price < heads[best].price) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		taken := heads[best]
		price, size := taken.price, min(taken.size, rest[best])
		rest[best] -= size
		heads[best] = taken.of.head(s, taken.at+1)
		if s == bids {
			price = min(price, bound)
		} else {
			price = max(price, bound)
		}
		merged = shelve(merged, Level{Price: price, Size: size})
	}
	return merged
}

// head is the best level of a shelf that is not taken yet, as it counts.
type head struct {
	of          shelf
	at          int
	price, size uint64
	ok          bool
}

// head is the shelf's level at a place, not ok where it ends or is not to be had.
func (s shelf) head(half side, at int) head {
	if at >= len(s.levels) {
		return head{}
	}
	price := net(half, s.levels[at].Price, s.takerPPM)
	return head{s, at, price, s.counted(s.levels[at].Size), price > 0 && price < ^uint64(0)}
}

// shelve appends a level that is no better than the last; a price that is there already
// grows, up to 64 bits.
func shelve(levels []Level, l Level) []Level {
	if l.Size == 0 {
		return levels
	}
	if n := len(levels); n > 0 && levels[n-1].Price == l.Price {
		sum, carry := bits.Add64(levels[n-1].Size, l.Size, 0)
		if carry > 0 {
			sum = ^uint64(0)
		}
		levels[n-1].Size = sum
		return levels
	}
	return append(levels, l)
}
