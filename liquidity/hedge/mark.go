package hedge

import (
	"math/big"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// Mark is what one base unit of an asset is worth in base units of the numeraire: Num / Den.
type Mark struct{ Num, Den *big.Int }

// Value is what some of the asset is worth, rounded towards nothing.
func (m Mark) Value(units *big.Int) *big.Int {
	n := new(big.Int).Mul(units, m.Num)
	return n.Quo(n, m.Den)
}

// Marks are the assets' that have a price now; the numeraire's is always one.
type Marks map[asset.ID]Mark

// one is the numeraire's mark.
var one = Mark{big.NewInt(1), big.NewInt(1)}

// Of is an asset's mark, if there is one.
func (m Marks) Of(id asset.ID) (Mark, bool) {
	if id == Numeraire {
		return one, true
	}
	mark, ok := m[id]
	return mark, ok
}

// markAt turns a price in ticks, which is not 0, into the mark of the instrument's other
// asset than the numeraire.
//
//	one coin of Base is price / 10^PriceDecimals coins of Quote
func markAt(i liquidity.Instrument, price uint64) Mark {
	n := new(big.Int).SetUint64(price)
	base, quote := asset.MustLookup(i.Base).Decimals, asset.MustLookup(i.Quote).Decimals
	num := n.Mul(n, asset.Pow10(quote))                          // base units of Quote …
	den := new(big.Int).Set(asset.Pow10(base + i.PriceDecimals)) // … per base unit of Base
	if i.Quote == Numeraire {
		return Mark{num, den}
	}
	return Mark{den, num}
}
