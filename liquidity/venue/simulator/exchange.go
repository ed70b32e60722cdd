package simulator

import (
	"cmp"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"

	"ferry/liquidity/book"
)

// Shape of an exchange.
const (
	// depth is how many levels each side has.
	depth = 30
	// firstID is what update numbers follow, as if the exchange were old.
	firstID = 1_000_000
	// coin is one coin in units of a size.
	coin = 100_000_000
)

// Exchange is one market's true book at one venue, moved by a random walk in whole
// ticks. The same seed, market and venue give the same sequence, on every machine; all
// venues of a market share the walk, and differ from it by deviation and in what they
// offer. It is driven by one goroutine.
type Exchange struct {
	// walk moves the market, rng the venue.
	walk, rng *rand.Rand
	market    Market
	venue     string
	// middle is the walk's price, mid the venue's: at most a hundredth of a percent of
	// the first price away.
	middle, mid uint64
	deviation   int64
	book        *book.Book
	// last numbers the newest change; flushed the newest one that an Update told.
	last, flushed uint64
	// pending is what has changed since, per side, price → size.
	pending [2]map[uint64]uint64
}

// Update is what one event of the stream tells: all changes numbered First to Last,
// each price once with its newest size.
type Update struct {
	First, Last uint64
	Bids, Asks  []book.Level
}

// Snapshot is the book as of change Last, best levels first.
type Snapshot struct {
	Last       uint64
	Bids, Asks []book.Level
}

// NewExchange stands at the market's first price.
func NewExchange(seed uint64, m Market, venue string) *Exchange {
	x := &Exchange{
		walk: random(seed, m.Instrument.String()), rng: random(seed, m.Instrument.String()+"@"+venue),
		market: m, venue: venue, middle: m.Start, mid: m.Start, book: book.New(10 * depth), last: firstID, flushed: firstID,
		pending: [2]map[uint64]uint64{{}, {}},
	}
	x.quote()
	return x
}

// random is a source of its own for each name.
func random(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))                  // a hash.Hash never fails
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // a simulation is repeatable on purpose
}

// Step goes on by one: three times out of four the book changes.
//
// The walk moves by at most 1/10000 of the first price, and turns back at half and
// one and a half of it.
func (x *Exchange) Step() {
	if x.walk.Uint64N(4) == 0 {
		return
	}
	x.middle = move(x.walk, x.middle, x.market.Start)
	x.deviate()
	x.mid = uint64(int64(x.middle) + x.deviation)
	x.quote()
}

// move is the next step of a walk that began at start.
func move(walk *rand.Rand, middle, start uint64) uint64 {
	up := walk.Uint64N(2) == 1
	by := walk.Uint64N(start/10_000 + 1)
	switch {
	case middle <= start/2:
		up = true
	case middle >= start/2*3:
		up = false
	}
	if up {
		return middle + by
	}
	return middle - by
}

// deviate moves the venue's own deviation a little.
func (x *Exchange) deviate() {
	most := int64(x.market.Start / 10_000)
	step := x.rng.Int64N(most/4+1) - most/8
	x.deviation = min(max(x.deviation+step, -most), most)
}

// quote lays the levels out on a grid, the first 1 to 2 hundredths of a percent from
// the mid. A level that stays keeps its size seven times out of eight.
func (x *Exchange) quote() {
	grid := x.market.Start / 20_000
	half := x.market.Start/10_000 + x.rng.Uint64N(x.market.Start/10_000+1)
	bid := (x.mid - half) / grid * grid
	ask := (x.mid + half + grid - 1) / grid * grid
	// What is taken away goes first: the book is never crossed, not even between.
	x.clear(book.Bid, func(price uint64) bool { return price > bid || price <= bid-depth*grid })
	x.clear(book.Ask, func(price uint64) bool { return price < ask || price >= ask+depth*grid })
	for n := range uint64(depth) {
		x.offer(book.Bid, bid-n*grid)
		x.offer(book.Ask, ask+n*grid)
	}
}

func (x *Exchange) clear(side book.Side, gone func(price uint64) bool) {
	for _, l := range slices.Collect(x.book.Levels(side)) {
		if gone(l.Price) {
			x.change(side, book.Level{Price: l.Price})
		}
	}
}

// offer puts 5 to 50 coins of Base at a price, if there is nothing or by chance.
func (x *Exchange) offer(side book.Side, price uint64) {
	if x.offers(side, price) && x.rng.Uint64N(8) != 0 {
		return
	}
	x.change(side, book.Level{Price: price, Size: (50 + x.rng.Uint64N(451)) * coin / 10})
}

// offers reports whether there is anything at a price.
func (x *Exchange) offers(side book.Side, price uint64) bool {
	at := sort.Search(x.book.Len(side), func(n int) bool {
		l, _ := x.book.At(side, n)
		return side == book.Bid && l.Price <= price || side == book.Ask && l.Price >= price
	})
	l, ok := x.book.At(side, at)
	return ok && l.Price == price
}

func (x *Exchange) change(side book.Side, l book.Level) {
	x.book.Set(side, l)
	x.pending[side][l.Price] = l.Size
	x.last++
}

// Flush tells what has changed since the last Flush; false if nothing has.
func (x *Exchange) Flush() (Update, bool) {
	if x.last == x.flushed {
		return Update{}, false
	}
	u := Update{First: x.flushed + 1, Last: x.last, Bids: drain(x.pending[book.Bid]), Asks: drain(x.pending[book.Ask])}
	slices.Reverse(u.Bids)
	x.flushed = x.last
	return u, true
}

// drain empties pending changes into levels, in the order of their prices.
func drain(pending map[uint64]uint64) []book.Level {
	levels := make([]book.Level, 0, len(pending))
	for _, price := range slices.SortedFunc(maps.Keys(pending), cmp.Compare[uint64]) {
		levels = append(levels, book.Level{Price: price, Size: pending[price]})
	}
	clear(pending)
	return levels
}

// Snapshot is the book now, flushed or not, with at most limit levels a side.
func (x *Exchange) Snapshot(limit int) Snapshot {
	side := func(side book.Side) []book.Level {
		levels := slices.Collect(x.book.Levels(side))
		return levels[:min(limit, len(levels))]
	}
	return Snapshot{Last: x.last, Bids: side(book.Bid), Asks: side(book.Ask)}
}
