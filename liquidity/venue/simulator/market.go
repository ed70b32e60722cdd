package simulator

import (
	"fmt"
	"strings"

	"ferry/liquidity"
	"ferry/liquidity/book"
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

// Symbol is the venue's name for the market: "ETHBTC".
func (m Market) Symbol() string { return string(m.Instrument.Base) + string(m.Instrument.Quote) }

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
	if m.Start, err = book.ParseTicks(price, Decimals); err != nil {
		return m, fmt.Errorf("market %s: first price: %w", name, err)
	}
	if m.Start < minStart || m.Start > maxStart {
		return m, fmt.Errorf("market %s: first price must be from %s to %s", name,
			book.FormatTicks(minStart, Decimals), book.FormatTicks(maxStart, Decimals))
	}
	return m, nil
}
