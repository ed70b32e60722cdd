package simulator

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"ferry/liquidity"
	"ferry/liquidity/venue/simulated"
	"ferry/swap/asset"
)

// Decimals is the places of the simulator's prices and sizes.
const Decimals = 8

// Market is what one walk quotes, and where it starts.
type Market struct {
	Instrument liquidity.Instrument
	// Start is the first mid price, in ticks.
	Start uint64
}

// minStart keeps the walk's smallest steps whole ticks.
const minStart = 20_000

// maxStart keeps its sums in 64 bits.
const maxStart = 1 << 60

// ParseMarket reads "ETH-BTC=0.035": one ETH costs 0.035 BTC at first.
func ParseMarket(text string) (Market, error) {
	name, price, ok := strings.Cut(text, "=")
	base, quote, isPair := strings.Cut(name, "-")
	if !ok || !isPair {
		return Market{}, fmt.Errorf("market %.40q is not of the form ETH-BTC=0.035", text)
	}
	m := Market{Instrument: liquidity.Instrument{Base: asset.ID(base), Quote: asset.ID(quote), PriceDecimals: Decimals, SizeDecimals: Decimals}}
	if err := m.Instrument.Validate(); err != nil {
		return m, err
	}
	var err error
	if m.Start, err = simulated.ParseTicks(price, Decimals); err != nil {
		return m, fmt.Errorf("market %s: first price: %w", name, err)
	}
	if m.Start < minStart || m.Start > maxStart {
		return m, fmt.Errorf("market %s: first price must be from %s to %s", name,
			simulated.FormatTicks(minStart, Decimals), simulated.FormatTicks(maxStart, Decimals))
	}
	return m, nil
}

// Book is one state of a walk.
type Book struct{ Bid, Ask liquidity.Level }

// Walk is a random walk in whole ticks. The same seed and market give the same
// sequence of books, on every machine.
type Walk struct {
	rng   *rand.Rand
	start uint64
	mid   uint64
	book  Book
}

// NewWalk stands at the market's first price.
func NewWalk(seed uint64, m Market) *Walk {
	name := fnv.New64a()
	_, _ = name.Write([]byte(m.Instrument.String())) // a hash.Hash never fails
	rng := rand.New(rand.NewPCG(seed, name.Sum64())) //nolint:gosec // a simulation is repeatable on purpose
	w := &Walk{rng: rng, start: m.Start, mid: m.Start}
	w.quote()
	return w
}

// Book is where the walk stands.
func (w *Walk) Book() Book { return w.book }

// Step goes on by one; it reports whether the book has changed, which it does
// three times out of four.
//
// The mid moves by at most 1/10000 of the first price, and turns back at half and
// one and a half of it.
func (w *Walk) Step() (changed bool) {
	if w.rng.Uint64N(4) == 0 {
		return false
	}
	most := w.start / 10_000
	up := w.rng.Uint64N(2) == 1
	by := w.rng.Uint64N(most + 1)
	switch {
	case w.mid <= w.start/2:
		up = true
	case w.mid >= w.start/2*3:
		up = false
	}
	if up {
		w.mid += by
	} else {
		w.mid -= by
	}
	w.quote()
	return true
}

// quote spreads the book 1 to 2 hundredths of a percent around the mid on each
// side, with 5 to 50 coins of Base offered.
func (w *Walk) quote() {
	half := w.start/10_000 + w.rng.Uint64N(w.start/10_000+1)
	size := func() uint64 { return (50 + w.rng.Uint64N(451)) * coin / 10 }
	w.book = Book{
		Bid: liquidity.Level{Price: w.mid - half, Size: size()},
		Ask: liquidity.Level{Price: w.mid + half, Size: size()},
	}
}

// coin is one coin in units of a size.
const coin = 100_000_000
