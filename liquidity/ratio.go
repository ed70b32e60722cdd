package liquidity

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// bpsWhole is one whole in basis points.
const bpsWhole = 10_000

// ratePlaces is how many decimal places a rate's text has at most. The text is
// for people and cut (not rounded) there; the amounts are the terms.
const ratePlaces = 12

// Ratio is a price as an exact fraction: base units of Pair.To per base unit of
// Pair.From. It is immutable.
type Ratio struct{ num, den *big.Int }

// NewRatio prices a direction of exchange from the top of a book, less the spread.
//
// The user who deposits Base sells it to us, so we price at the bid; the user who
// is paid Base buys it from us, at the ask. With p in ticks of 10^-d coins:
//
//	Base → Quote:  bid / 10^d × (1 − spread)
//	Quote → Base:  10^d / ask × (1 − spread)
//
// each times 10^(decimals of To − decimals of From). Nothing is rounded.
func NewRatio(t Top, p asset.Pair, spreadBPS int64) (Ratio, error) {
	from, okFrom := asset.Lookup(p.From)
	to, okTo := asset.Lookup(p.To)
	if !okFrom || !okTo || !t.Instrument.Covers(p) {
		return Ratio{}, fmt.Errorf("%s can't be priced from %s", p, t.Instrument)
	}
	if spreadBPS < 0 || spreadBPS >= bpsWhole || t.Bid.Price == 0 || t.Ask.Price == 0 {
		return Ratio{}, fmt.Errorf("%s can't be priced with bid %d, ask %d, spread %d", p, t.Bid.Price, t.Ask.Price, spreadBPS)
	}
	num, den := new(big.Int).SetUint64(t.Bid.Price), asset.Pow10(t.Instrument.PriceDecimals)
	if p.From == t.Instrument.Quote {
		num, den = den, new(big.Int).SetUint64(t.Ask.Price)
	}
	num.Mul(num, big.NewInt(bpsWhole-spreadBPS)).Mul(num, asset.Pow10(to.Decimals))
	den.Mul(den, big.NewInt(bpsWhole)).Mul(den, asset.Pow10(from.Decimals))
	return Ratio{num, den}, nil
}

// less takes basis points off the ratio.
func (r Ratio) less(bps int64) Ratio {
	return Ratio{
		num: new(big.Int).Mul(r.num, big.NewInt(bpsWhole-bps)),
		den: new(big.Int).Mul(r.den, big.NewInt(bpsWhole)),
	}
}

// text is the ratio as coins of To per coin of From, cut after ratePlaces;
// asset.ErrRange for a price beyond 256 bits.
func (r Ratio) text(p asset.Pair) (string, error) {
	from, to := asset.MustLookup(p.From), asset.MustLookup(p.To)
	num := new(big.Int).Mul(r.num, asset.Pow10(from.Decimals+ratePlaces))
	den := new(big.Int).Mul(r.den, asset.Pow10(to.Decimals))
	units, err := asset.UnitsFromBig(num.Quo(num, den))
	if err != nil {
		return "", fmt.Errorf("rate of %s: %w", p, err)
	}
	return asset.FormatUnits(units, ratePlaces), nil
}
