package price

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// Places is how many decimal places a price's text has at most. The text is for
// people and cut (not rounded) there; the amounts are the terms.
const Places = 12

// Ratio is a price as an exact fraction: base units of Pair.To per base unit of
// Pair.From. The numbers are never changed.
type Ratio struct{ Num, Den *big.Int }

// Less takes basis points off the ratio.
func (r Ratio) Less(bps int64) Ratio {
	return Ratio{
		Num: new(big.Int).Mul(r.Num, big.NewInt(bpsWhole-bps)),
		Den: new(big.Int).Mul(r.Den, big.NewInt(bpsWhole)),
	}
}

// AtLeast reports that the ratio is no smaller than another.
func (r Ratio) AtLeast(other Ratio) bool {
	return new(big.Int).Mul(r.Num, other.Den).Cmp(new(big.Int).Mul(other.Num, r.Den)) >= 0
}

// Text is the ratio as coins of To per coin of From, cut after Places; asset.ErrRange
// for a price beyond 256 bits.
func (r Ratio) Text(p asset.Pair) (string, error) {
	from, to := asset.MustLookup(p.From), asset.MustLookup(p.To)
	num := new(big.Int).Mul(r.Num, asset.Pow10(from.Decimals+Places))
	den := new(big.Int).Mul(r.Den, asset.Pow10(to.Decimals))
	units, err := asset.UnitsFromBig(num.Quo(num, den))
	if err != nil {
		return "", fmt.Errorf("rate of %s: %w", p, err)
	}
	return asset.FormatUnits(units, Places), nil
}

// LessPPM takes millionths off the ratio.
func (r Ratio) LessPPM(ppm int64) Ratio {
	return Ratio{
		Num: new(big.Int).Mul(r.Num, big.NewInt(ppmWhole-ppm)),
		Den: new(big.Int).Mul(r.Den, big.NewInt(ppmWhole)),
	}
}
