package liquidity

import (
	"math/big"

	"ferry/swap/asset"
)

// Target is what the house wants to hold of an asset, in its base units: Aim, give or
// take Band. At most Most is taken in; 0 for no limit.
type Target struct {
	Aim, Band, Most asset.Units
}

// away is how far a position is from its aim, in millionths of the band and at most one
// whole either way: positive above it. A position may be negative, where more is promised
// than there is.
func (t Target) away(position *big.Int) int64 {
	if t.Band.IsZero() {
		return 0
	}
	n := new(big.Int).Sub(position, t.Aim.Big())
	n.Mul(n, big.NewInt(ppmWhole)).Quo(n, t.Band.Big())
	switch {
	case n.Cmp(big.NewInt(ppmWhole)) > 0:
		return ppmWhole
	case n.Cmp(big.NewInt(-ppmWhole)) < 0:
		return -ppmWhole
	}
	return n.Int64()
}

// skew is what a direction costs more, or less where it is negative, because of what is
// held of its two assets, in millionths of the amount: a swap brings From and takes To, so
// it is dearer the more there is of From and the less of To.
//
//	skew = most × (away(From) − away(To)) / 2        rounded up
//
// That is the linear reservation price of Avellaneda and Stoikov ("High-frequency trading
// in a limit order book", 2008): r = s − q γ σ² (T − t), with γ σ² (T − t) × band set to
// most, and q counted in bands of both assets.
func skew(awayFrom, awayTo, mostPPM int64) int64 {
	n := mostPPM * (awayFrom - awayTo)
	if n >= 0 {
		return (n + 2*ppmWhole - 1) / (2 * ppmWhole)
	}
	return n / (2 * ppmWhole)
}

// loss is what missing venues cost, in millionths: most where only the quorum is left,
// nothing where all are there.
//
//	loss = most × missing / (venues − quorum)        rounded up
func loss(venues, admitted, quorum int, mostPPM int64) int64 {
	spare := int64(venues - quorum)
	if spare <= 0 || admitted >= venues {
		return 0
	}
	missing := min(int64(venues-admitted), spare)
	return (mostPPM*missing + spare - 1) / spare
}

// margin is all that is taken off the books' price, in millionths: never less than
// nothing, so that an inventory is never paid for by selling below the books, and never a
// whole.
func margin(parts ...int64) int64 {
	var sum int64
	for _, p := range parts {
		sum += p
	}
	return min(max(sum, 0), ppmWhole-1)
}

// Drawdown tells how much of the limit on a day's losses is used up, in millionths: a whole
// where it is reached. False says that it is not known.
type Drawdown func() (usedPPM int64, known bool)

// drawdown is what losses add to a margin, in millionths: nothing up to half of their
// limit, from there on in proportion, most at it.
//
//	drawdown = most × (2 × used − 1), not below 0
func drawdown(usedPPM, mostPPM int64) int64 {
	return max(2*usedPPM-ppmWhole, 0) * mostPPM / ppmWhole
}
