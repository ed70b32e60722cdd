package liquidity

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
	"ferry/swap/price"
)

// bpsWhole is one whole in basis points.
const bpsWhole = 10_000

// ppmWhole is one whole in millionths.
const ppmWhole = 1_000_000

// ppmPerBPS is one basis point in millionths.
const ppmPerBPS = 100

// NewRatio prices a direction of exchange from the top of a book, less a margin in millionths.
//
// The user who deposits Base sells it to us, so we price at the bid; the user who
// is paid Base buys it from us, at the ask. With p in ticks of 10^-d coins:
//
//	Base → Quote:  bid / 10^d × (1 − margin)
//	Quote → Base:  10^d / ask × (1 − margin)
//
// each times 10^(decimals of To − decimals of From). Nothing is rounded.
func NewRatio(t Top, p asset.Pair, marginPPM int64) (price.Ratio, error) {
	from, okFrom := asset.Lookup(p.From)
	to, okTo := asset.Lookup(p.To)
	if !okFrom || !okTo || !t.Instrument.Covers(p) {
		return price.Ratio{}, fmt.Errorf("%s can't be priced from %s", p, t.Instrument)
	}
	if marginPPM < 0 || marginPPM >= ppmWhole || t.Bid.Price == 0 || t.Ask.Price == 0 {
		return price.Ratio{}, fmt.Errorf("%s can't be priced with bid %d, ask %d, margin %d", p, t.Bid.Price, t.Ask.Price, marginPPM)
	}
	num, den := new(big.Int).SetUint64(t.Bid.Price), asset.Pow10(t.Instrument.PriceDecimals)
	if p.From == t.Instrument.Quote {
		num, den = den, new(big.Int).SetUint64(t.Ask.Price)
	}
	num.Mul(num, big.NewInt(ppmWhole-marginPPM)).Mul(num, asset.Pow10(to.Decimals))
	den.Mul(den, big.NewInt(ppmWhole)).Mul(den, asset.Pow10(from.Decimals))
	return price.Ratio{Num: num, Den: den}, nil
}
