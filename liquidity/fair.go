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
	outlierMostBPS  = 100
	outlierMADs     = 6
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

// median is the middle of the prices; of an even number, between the two in the
// middle, rounded down. There must be one. work is room to sort in.
func median(prices, work []uint64) uint64 {
	sorted := append(work[:0], prices...)
	slices.Sort(sorted)
	return middleOf(sorted)
}

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
	n := len(prices)
	if n == 0 {
		return out, work
	}
	work = slices.Grow(work[:0], 2*n)[:2*n]
	middle := median(prices, work[:n])
	deviations := work[:n]
	for i, p := range prices {
		deviations[i] = max(p, middle) - min(p, middle)
	}
	least, most := share(middle, outlierLeastBPS), share(middle, outlierMostBPS)
	limit := most
	if mad := median(deviations, work[n:]); mad < most/outlierMADs {
		limit = min(max(mad*outlierMADs, least), most)
	}
	for i, d := range deviations {
		out[i] = d > limit || out[i] && d > limit/2
	}
	return out, work
}

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
	slices.Sort(votes)
	last := len(votes) - 1
	low, high := votes[last/4], votes[(3*last+3)/4]
	price := middleOf(votes)
	return opinion{price, max(price-low, high-price)}, votes
}
