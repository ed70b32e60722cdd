package fee

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"ferry/hotwallet/chain"
)

// Reading is one source's answer.
type Reading struct {
	Source string
	Rate   chain.Rate
	// At is when it was asked for, MaxAge how long it counts.
	At     time.Time
	MaxAge time.Duration
}

// fresh reports whether it counts at a moment. One from the future does not: the clock
// has been set.
func (r Reading) fresh(now time.Time) bool {
	age := now.Sub(r.At)
	return r.Rate > 0 && age >= 0 && age <= r.MaxAge
}

// Limits bound a rate.
type Limits struct {
	// Ceiling is the most that is offered, Fallback what is where no source is fresh.
	Ceiling, Fallback chain.Rate
	// Factor is by how much sources may differ.
	Factor uint64
}

// Estimate is what to offer.
type Estimate struct {
	Rate chain.Rate
	// From names the sources that were fresh, in alphabetical order.
	From []string
	// Alarm says what is wrong with it, "" if nothing is.
	Alarm string
}

// Combine puts readings together. It is pure.
//
// Of sources that agree within the factor the highest counts: to offer a little too much
// costs little, and too little costs time. Beyond the factor it is the lower median times
// the factor, with an alarm. For one source that is far above the others is what a lie
// that makes money looks like, what was overpaid is gone, and an offer that turns out too
// low is raised block by block until its deadline. One that is far below drags
// the offer down by no more than the same rule allows, for the same reason.
//
// floor is the least that a node takes, 0 if it is not known. Where it is above the
// ceiling nothing can be sent, and that is an alarm.
func Combine(readings []Reading, floor chain.Rate, l Limits, now time.Time) Estimate {
	fresh := slices.DeleteFunc(slices.Clone(readings), func(r Reading) bool { return !r.fresh(now) })
	slices.SortFunc(fresh, func(a, b Reading) int { return strings.Compare(a.Source, b.Source) })
	var e Estimate
	var rates []chain.Rate
	for _, r := range fresh {
		e.From, rates = append(e.From, r.Source), append(rates, r.Rate)
	}
	if len(rates) == 0 {
		e.Rate, e.Alarm = l.Fallback, "no source of fees has answered lately: the configured fallback is offered"
	} else {
		slices.Sort(rates)
		highest, middle := rates[len(rates)-1], rates[(len(rates)-1)/2]
		e.Rate = min(highest, times(middle, l.Factor))
		if lowest := rates[0]; times(lowest, l.Factor) < highest {
			e.Alarm = fmt.Sprintf("sources of fees differ by more than a factor of %d: from %d to %d, %s", l.Factor, lowest, highest, strings.Join(e.From, ", "))
		}
	}
	e.Rate = min(max(e.Rate, floor, 1), l.Ceiling)
	if floor > l.Ceiling {
		e.Alarm = fmt.Sprintf("the node takes nothing below %d, and at most %d is offered: no payment can be made", floor, l.Ceiling)
	}
	return e
}

// times saturates.
func times(r chain.Rate, factor uint64) chain.Rate {
	high, low := bits.Mul64(uint64(r), factor)
	if high > 0 {
		return ^chain.Rate(0)
	}
	return chain.Rate(low)
}
