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
	high, low := bits.Mul64(size, uint64(min(max(s.sharePPM, 0), ppmWhole)))
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
	rest, at := caps(shelves), make([]int, len(shelves))
	var merged []Level
	for len(merged) < ladderMost {
		best, price := -1, uint64(0)
		for i, shelf := range shelves {
			if at[i] == len(shelf.levels) || rest[i] == 0 {
				continue
			}
			p := net(s, shelf.levels[at[i]].Price, shelf.takerPPM)
			if best < 0 || s == bids && p > price || s == asks && p < price {
				best, price = i, p
			}
		}
		if best < 0 || price == 0 || price == ^uint64(0) {
			break
		}
		size := min(shelves[best].counted(shelves[best].levels[at[best]].Size), rest[best])
		at[best]++
		rest[best] -= size
		if s == bids {
			price = min(price, bound)
		} else {
			price = max(price, bound)
		}
		merged = shelve(merged, Level{Price: price, Size: size})
	}
	return merged
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
