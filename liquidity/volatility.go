package liquidity

import (
	"math/bits"
	"time"
)

// How a price's liveliness is estimated: one return a second at most, forgotten by half
// within some minutes (for premiums) or seconds (for stops).
const (
	volatilityStep  = time.Second
	volatilitySlow  = 10 * time.Minute
	volatilityQuick = 30 * time.Second
	daySeconds      = 24 * 60 * 60
)

// returnMost bounds one return, in millionths: ten times the price.
const returnMost = 10 * ppmWhole

// volatility is an instrument's variance per second, in squared millionths of its price.
// It is fixed point; a value: sample returns the next one.
//
// The estimate is RiskMetrics' exponentially weighted mean of squared returns
// (J.P. Morgan/Reuters, "RiskMetrics Technical Document", 1996, 5.2), for samples that do
// not come at equal times:
//
//	v' = (v × τ + r²) / (τ + Δt)
//
// slow has τ = 10 min, quick 30 s.
type volatility struct {
	at          time.Time
	price       uint64
	slow, quick uint64
}

// priorVolatility is what is supposed until prices tell more: a standard deviation per
// day, in millionths.
func priorVolatility(dayPPM int64) volatility {
	d := uint64(max(dayPPM, 0))
	return volatility{slow: d * d / daySeconds, quick: d * d / daySeconds}
}

// sample takes a price that was true at a time. One too soon after the last changes
// nothing: seen tells what it would.
func (v volatility) sample(now time.Time, price uint64) volatility {
	if price == 0 || v.price == 0 {
		v.at, v.price = now, price
		return v
	}
	if now.Sub(v.at) < volatilityStep {
		return v
	}
	return v.seen(now, price)
}

// seen is the estimate with a price, as if at least a second had passed since the last:
// a jump is to be known at once.
func (v volatility) seen(now time.Time, price uint64) volatility {
	if price == 0 || v.price == 0 {
		return v
	}
	since := max(now.Sub(v.at), volatilityStep)
	r := relative(v.price, price)
	v.slow, v.quick = decay(v.slow, r, since, volatilitySlow), decay(v.quick, r, since, volatilityQuick)
	v.at, v.price = now, price
	return v
}

// relative is how far a price is from another, in millionths of that, at most returnMost.
func relative(from, to uint64) uint64 {
	high, low := bits.Mul64(max(from, to)-min(from, to), ppmWhole)
	if high >= from {
		return returnMost
	}
	r, _ := bits.Div64(high, low, from)
	return min(r, returnMost)
}

// decay is one step of the mean. Times count in milliseconds; a variance is at most
// returnMost², 47 bits, and a time constant 20 bits, so that nothing overflows.
func decay(v, r uint64, since, tau time.Duration) uint64 {
	t, dt := uint64(tau.Milliseconds()), uint64(min(since, 24*time.Hour).Milliseconds())
	high, low := bits.Mul64(v, t)
	more, carry := bits.Add64(low, r*r*1000, 0)
	next, _ := bits.Div64(high+carry, more, t+dt)
	return min(next, returnMost*returnMost)
}

// moves is the standard deviation, in millionths, that a variance per second amounts to
// after some seconds.
func moves(variance, seconds uint64) uint64 {
	high, low := bits.Mul64(variance, seconds)
	if high > 0 {
		low = ^uint64(0)
	}
	return isqrt(low)
}

// isqrt is the square root, rounded down (Newton's method from above).
func isqrt(n uint64) uint64 {
	if n < 2 {
		return n
	}
	x := uint64(1) << ((bits.Len64(n) + 1) / 2)
	for {
		y := (x + n/x) / 2
		if y >= x {
			return x
		}
		x = y
	}
}

// premium is what the lock of a price is worth to whoever may use it or not: an option at
// the money, by Brenner and Subrahmanyam's approximation ("A Simple Formula to Compute the
// Implied Standard Deviation", 1988)
//
//	premium = 0.4 × σ × √T
//
// in millionths of the amount, rounded up, at most most.
func premium(variance uint64, length time.Duration, mostPPM int64) int64 {
	deviation := moves(variance, uint64(max(length, 0)/time.Second))
	if deviation >= returnMost {
		return mostPPM
	}
	return min(int64((deviation*4+9)/10), mostPPM)
}

// jumps says whether a price moves too much to be promised, given whether it did before:
// a minute's standard deviation above the limit, in millionths, until it is back within
// half of it. No limit never stops.
func jumps(v volatility, did bool, limitPPM int64) bool {
	if limitPPM <= 0 {
		return false
	}
	move := moves(v.quick, 60)
	return move > uint64(limitPPM) || did && move > uint64(limitPPM)/2
}
