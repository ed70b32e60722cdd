package book

import (
	"math/big"
	"math/bits"
)

// Fill is what an order of some size would get from a side, level by level.
type Fill struct {
	// Size is how much of the asked size the known levels hold.
	Size uint64
	// Worst is the last price touched, 0 if Size is 0.
	Worst uint64
	// high and low are the sum of price × size, in 128 bits: a size of 64 bits at
	// prices of 64 bits can't exceed them.
	high, low uint64
}

// Cost is the sum of price × size of the levels taken, in ticks times units of
// size; the average price is Cost / Size.
func (f Fill) Cost() *big.Int {
	cost := new(big.Int).SetUint64(f.high)
	return cost.Lsh(cost, 64).Or(cost, new(big.Int).SetUint64(f.low))
}

// Walk goes down a side until size is filled or the known levels end, as a market
// order would: Bid answers what selling size brings, Ask what buying it costs.
func (b *Book) Walk(side Side, size uint64) Fill {
	var f Fill
	for l := range b.Levels(side) {
		if f.Size == size {
			break
		}
		take := min(l.Size, size-f.Size)
		high, low := bits.Mul64(l.Price, take)
		var carry uint64
		f.low, carry = bits.Add64(f.low, low, 0)
		f.high, _ = bits.Add64(f.high, high, carry)
		f.Size += take
		f.Worst = l.Price
	}
	return f
}
