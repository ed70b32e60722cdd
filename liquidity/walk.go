package liquidity

import (
	"math/big"

	"ferry/swap/asset"
	"ferry/swap/price"
)

// Condition is what a market's state adds to a price.
type Condition struct {
	// Variance is how lively the price is, per second in squared millionths.
	Variance uint64
	// LossPPM is what missing venues cost, in millionths.
	LossPPM int64
}

// beside is the condition of a price that two prices make: of their returns nothing is
// known together, so their variances add up.
func (c Condition) beside(other Condition) Condition {
	return Condition{Variance: c.Variance + other.Variance, LossPPM: max(c.LossPPM, other.LossPPM)}
}

// depth is both sides of a consolidated book.
type depth struct {
	Condition
	instrument Instrument
	bids, asks []Level
}

// through is what an exact quantity of From, in its base units, brings of the
// instrument's other asset in base units, level by level; false where the levels end
// before it. Selling Base walks the bids and brings Σ price × size; Quote walks the asks
// and buys size until it is spent. Nothing is rounded.
func (d depth) through(from asset.ID, quantity price.Ratio) (price.Ratio, bool) {
	i := d.instrument
	base, quote := asset.Pow10(asset.MustLookup(i.Base).Decimals), asset.Pow10(asset.MustLookup(i.Quote).Decimals)
	size, cost := asset.Pow10(i.SizeDecimals), asset.Pow10(i.PriceDecimals+i.SizeDecimals)
	if from == i.Base {
		brought, ok := sell(d.bids, scaled(quantity, size, base))
		return scaled(brought, quote, cost), ok
	}
	bought, ok := buy(d.asks, scaled(quantity, cost, quote))
	return scaled(bought, base, size), ok
}

// scaled is a ratio times num/den. A ratio without numbers stays so.
func scaled(r price.Ratio, num, den *big.Int) price.Ratio {
	if r.Num == nil {
		return r
	}
	return price.Ratio{Num: new(big.Int).Mul(r.Num, num), Den: new(big.Int).Mul(r.Den, den)}
}

// sell is what selling a size brings, in price × size.
func sell(levels []Level, size price.Ratio) (price.Ratio, bool) {
	rest, brought := new(big.Int).Set(size.Num), new(big.Int)
	for _, l := range levels {
		take := new(big.Int).SetUint64(l.Size)
		if take.Mul(take, size.Den).Cmp(rest) > 0 {
			take.Set(rest)
		}
		rest.Sub(rest, take)
		brought.Add(brought, take.Mul(take, new(big.Int).SetUint64(l.Price)))
		if rest.Sign() == 0 {
			return price.Ratio{Num: brought, Den: size.Den}, true
		}
	}
	return price.Ratio{}, false
}

// buy is the size that a budget, in price × size, buys.
func buy(levels []Level, budget price.Ratio) (price.Ratio, bool) {
	rest, bought := new(big.Int).Set(budget.Num), new(big.Int)
	for _, l := range levels {
		level := new(big.Int).SetUint64(l.Price)
		size := new(big.Int).SetUint64(l.Size)
		size.Mul(size, budget.Den)
		if whole := new(big.Int).Mul(size, level); whole.Cmp(rest) < 0 {
			rest.Sub(rest, whole)
			bought.Add(bought, size)
			continue
		}
		num := bought.Mul(bought, level)
		return price.Ratio{Num: num.Add(num, rest), Den: level.Mul(level, budget.Den)}, true
	}
	return price.Ratio{}, false
}

// reach is the largest deposit of From, in base units rounded down, that the first level
// takes whole: so far the price is the top's.
func (d depth) reach(from asset.ID) *big.Int {
	i := d.instrument
	n := new(big.Int)
	if from == i.Base {
		if len(d.bids) == 0 {
			return n
		}
		n.SetUint64(d.bids[0].Size)
		n.Mul(n, asset.Pow10(asset.MustLookup(i.Base).Decimals))
		return n.Quo(n, asset.Pow10(i.SizeDecimals))
	}
	if len(d.asks) == 0 {
		return n
	}
	n.SetUint64(d.asks[0].Size)
	n.Mul(n, new(big.Int).SetUint64(d.asks[0].Price))
	n.Mul(n, asset.Pow10(asset.MustLookup(i.Quote).Decimals))
	return n.Quo(n, asset.Pow10(i.PriceDecimals+i.SizeDecimals))
}

// top is the best level of both sides as NewRatio takes them.
func (d depth) top() Top {
	t := Top{Instrument: d.instrument}
	if len(d.bids) > 0 {
		t.Bid = d.bids[0]
	}
	if len(d.asks) > 0 {
		t.Ask = d.asks[0]
	}
	return t
}
