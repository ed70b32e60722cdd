package liquidity

import (
	"math/bits"
	"slices"
)

// Limits of what venues may differ by before they are left out, in basis points of
// the median. Between the two it is outlierMADs times the median deviation, so that
// a lively market is not a reason.
const (
	outlierLeastBPS = 25
	outlierMADs     = 6
	// OutlierMostBPS is the most, however lively the market is.
	OutlierMostBPS = 100
)

// quorum is how many venues have to agree where there are several: one alone could
// be wrong and nobody would know.
const quorum = 2

// opinion is what one venue thinks an instrument is worth, in ticks: its price, give
// or take its confidence.
type opinion struct{ price, confidence uint64 }

// opine is the venue's opinion: the middle of its top weighted by the sizes on the
// other side, which is the first approximation of the micro-price (Stoikov, "The
// Micro-Price", SSRN 2970694), and as confidence the distance to the farther of bid
// and ask, so that both are within it. The top must be fit, with sizes.
//
//	price = (bid × askSize + ask × bidSize) / (bidSize + askSize)
func opine(t Top) opinion {
	// Only the part above the bid is weighted: that is never too large.
	spread := t.Ask.Price - t.Bid.Price
	high, low := bits.Mul64(spread, t.Bid.Size)
	sum, carry := bits.Add64(t.Bid.Size, t.Ask.Size, 0)
	if carry > 0 {
		// Sizes that don't fit are halved: their ratio counts.
		sum = t.Bid.Size/2 + t.Ask.Size/2
		high, low = bits.Mul64(spread, t.Bid.Size/2)
	}
	above, _ := bits.Div64(high, low, sum) // below spread, since the bid's size is below the sum
	price := t.Bid.Price + above
	return opinion{price, max(price-t.Bid.Price, t.Ask.Price-price)}
}

// middleOf is the middle of sorted prices, of which there must be one; of an even number,
// between the two in the middle, rounded down.
func middleOf(sorted []uint64) uint64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	low, high := sorted[n/2-1], sorted[n/2]
	return low + (high-low)/2
}

// exclude decides which of the prices are left out, given which were before: one that
// is farther from the median of all than the limit, until it is back within half of
// it. The hysteresis is CF Benchmarks' ("Potentially erroneous data", CME CF
// Cryptocurrency Real-Time Indices methodology); the limit grows with the median
// absolute deviation within bounds. out is turned into the answer; work is room to compute
// in, given back for the next time.
func exclude(prices []uint64, out []bool, work []uint64) ([]bool, []uint64) {
	if len(prices) == 0 {
		return out, work
	}
	work = append(work[:0], prices...)
	slices.Sort(work)
	middle := middleOf(work)
	least, most := share(middle, outlierLeastBPS), share(middle, OutlierMostBPS)
	limit := most
	if mad := deviation(work, middle); mad < most/outlierMADs {
		limit = min(max(mad*outlierMADs, least), most)
	}
	for i, p := range prices {
		d := apart(p, middle)
		out[i] = d > limit || out[i] && d > limit/2
	}
	return out, work
}

// deviation is the median of the distances of sorted prices from their middle: the
// nearest are next to it, on one side or the other.
func deviation(sorted []uint64, middle uint64) uint64 {
	above, _ := slices.BinarySearch(sorted, middle)
	below := above - 1
	var last, before uint64
	for range len(sorted)/2 + 1 {
		before = last
		if below < 0 || above < len(sorted) && sorted[above]-middle <= middle-sorted[below] {
			last = sorted[above] - middle
			above++
		} else {
			last = middle - sorted[below]
			below--
		}
	}
	if len(sorted)%2 == 1 {
		return last
	}
	return before + (last-before)/2
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// share is some basis points of n, rounded down.
func share(n, bps uint64) uint64 {
	high, low := bits.Mul64(n, bps)
	part, _ := bits.Div64(high, low, bpsWhole) // bps is below the whole
	return part
}

// combine makes one opinion of several (at least one) as Pyth does ("Pyth Price
// Aggregation Proposal"): each votes at its price and at both ends of its confidence;
// the price is the median of all votes, and the confidence reaches to the farther of
// the quartiles. With one opinion that is the opinion itself.
//
// What follows: price − confidence is at most the best bid, and price + confidence at
// least the best ask, because a third of the votes lies beyond each of them. So
// nobody is promised more than some venue pays now. votes is room to count in, given back
// for the next time.
func combine(opinions []opinion, votes []uint64) (opinion, []uint64) {
	votes = votes[:0]
	for _, o := range opinions {
		votes = append(votes, o.price-min(o.price, o.confidence), o.price, o.price+o.confidence)
	}
	// Only four places of their order matter: those before the middle are no more than it,
	// and those after it no less, which is all that is needed of them.
	last := len(votes) - 1
	middle, upper := last/2, (3*last+3)/4
	place(votes, middle)
	place(votes[:middle+1], last/4)
	place(votes[middle+1:], upper-middle-1)
	low, high, price := votes[last/4], votes[upper], votes[middle]
	if last%2 == 1 {
		price += (slices.Min(votes[middle+1:]) - price) / 2
	}
	return opinion{price, max(price-low, high-price)}, votes
}

// place puts the value there that stands at a place once all are in order, no larger ones
// before it and no smaller ones after (Hoare, "Algorithm 65: FIND").
func place(values []uint64, at int) {
	low, high := 0, len(values)-1
	for low < high {
		pivot := values[low+(high-low)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case at <= j:
			high = j
		case at >= i:
			low = i
		default:
			return
		}
	}
}
