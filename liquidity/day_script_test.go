package liquidity_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Shape of a day. A tick is the time between two words of a venue.
const (
	tick        = 5 * time.Second
	ticks       = int(24 * time.Hour / tick)
	hour        = int(time.Hour / tick)
	minuteTicks = int(time.Minute / tick)
	dayStart    = 3_500_000
	// moveTicks is how long the great move takes: 50 minutes.
	moveTicks = 600
	// offPPM is how far the wrong provider is off.
	offPPM = 60_000
	// halfPPM is half of each venue's spread. It is more than a tick's move.
	halfPPM = 2000
)

// window is a venue's time, from the first tick to the one before the last.
type window struct {
	venue    int
	from, to int
}

func (w window) has(venue, at int) bool { return venue == w.venue && at >= w.from && at < w.to }

// script is all that happens in a day: it follows from its seed.
type script struct {
	// path is the true price at each tick, in ticks of the instrument.
	path []uint64
	// moveFrom is when the move begins, movePPM what it comes to.
	moveFrom int
	movePPM  int64
	// out has a venue that is gone, off one that is offPPM above or below the others.
	out, off window
	above    bool
	// wishes are the swaps that are asked for, by tick.
	wishes map[int]wish
}

// wish is a swap that somebody wants: ether in, or out of the house, in hundredths.
type wish struct {
	in         bool
	hundredths uint64
}

func newScript(seed uint64, venues int) script {
	rng := rand.New(rand.NewPCG(seed, 24))
	s := script{moveFrom: 8*hour + rng.IntN(6*hour), movePPM: 200_000 + rng.Int64N(300_001), above: rng.IntN(2) == 0, wishes: map[int]wish{}}
	if rng.IntN(2) == 0 {
		s.movePPM = -s.movePPM
	}
	order := rng.Perm(venues)
	// Either may fall into the move.
	for n, w := range []*window{&s.out, &s.off} {
		from := 6*hour + rng.IntN(8*hour)
		*w = window{order[n], from, from + hour/2 + rng.IntN(2*hour)}
	}
	price := float64(dayStart)
	rate := math.Pow(1+float64(s.movePPM)/1e6, 1.0/moveTicks)
	for at := range ticks {
		if at >= s.moveFrom && at < s.moveFrom+moveTicks {
			price *= rate
		}
		price *= 1 + float64(rng.Int64N(81)-40)/1e6
		s.path = append(s.path, uint64(price))
	}
	for at := 15 * minuteTicks; at < ticks-hour; at += 10*minuteTicks + rng.IntN(10*minuteTicks) {
		s.wishes[at] = wish{rng.IntN(2) == 0, 100 + rng.Uint64N(400)}
	}
	return s
}

// told is the price around which a venue quotes at a tick, 0 while it is gone.
func (s script) told(venue, at int) uint64 {
	p := s.path[at]
	switch {
	case s.out.has(venue, at):
		return 0
	case s.off.has(venue, at) && s.above:
		return p + p*offPPM/1_000_000
	case s.off.has(venue, at):
		return p - p*offPPM/1_000_000
	}
	return p
}

// alert is what has to be said of a venue at a tick.
func (s script) alert(venue, at int) string {
	switch {
	case s.out.has(venue, at):
		return "missing"
	case s.off.has(venue, at):
		return "off"
	}
	return ""
}

func (s script) String() string {
	clock := func(at int) string { return fmt.Sprint(time.Duration(at) * tick) }
	return fmt.Sprintf("a move of %d ppm from %s, venue %d gone from %s to %s, venue %d off (above: %t) from %s to %s, %d swaps wanted", s.movePPM,
		clock(s.moveFrom), s.out.venue, clock(s.out.from), clock(s.out.to), s.off.venue, s.above, clock(s.off.from), clock(s.off.to), len(s.wishes))
}

// halts says at which ticks the pair stands still: docs/pricing.md's rule, computed anew
// from the true prices. Each word of a venue is one look at the price, which is the median
// of the votes; the minute's deviation is compared with the limit, in millionths.
func (s script) halts(venues int, limit int64) []bool {
	words := make([]uint64, venues)
	halted := make([]bool, ticks)
	var v, last float64
	at0, halt := 0, false
	for at := range ticks {
		for venue := range venues {
			if s.out.has(venue, at) && words[venue] == 0 {
				continue // nothing more is said of it
			}
			words[venue] = s.told(venue, at)
			price, ok := s.vote(words, at, venue)
			if !ok {
				continue
			}
			since := float64(at-at0) * tick.Seconds()
			r := 0.0
			if last > 0 {
				r = math.Abs(price-last) / last * 1e6
			}
			seen := (30*v + r*r) / (30 + max(since, 1))
			if last == 0 || since >= 1 {
				if last > 0 {
					v = seen
				}
				at0, last = at, price
			}
			move := math.Sqrt(60 * seen)
			halt = move >= float64(limit+1) || halt && move >= float64(limit/2+1)
		}
		halted[at] = halt
	}
	return halted
}

// vote is the median of all words' prices and of both of their ends, when the venues up to
// one have spoken at a tick; what is gone or off has no vote.
func (s script) vote(words []uint64, at, upTo int) (float64, bool) {
	var votes []uint64
	for venue, mid := range words {
		spoke := at
		if venue > upTo {
			spoke--
		}
		if mid == 0 || s.off.has(venue, spoke) {
			continue
		}
		half := halfOf(mid)
		votes = append(votes, mid-half, mid, mid+half)
	}
	if len(votes) < 2*3 {
		return 0, false
	}
	slices.Sort(votes)
	n := len(votes)
	return float64((votes[(n-1)/2] + votes[n/2]) / 2), true
}

func halfOf(mid uint64) uint64 { return mid * halfPPM / 1_000_000 }
