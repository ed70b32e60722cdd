package main

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"ferry/swap/asset"
)

// aim is one death: of a daemon, at a point, in a scenario.
type aim struct {
	scenario, daemon, point string
}

// cell is what the sweep has to show: that a daemon's death at a point, while
// swaps in a direction are under way, costs nobody anything.
type cell struct {
	daemon, point string
	pair          asset.Pair
}

func (c cell) String() string { return fmt.Sprintf("%s %s %s", c.daemon, c.point, arrow(c.pair)) }

// arrow is a direction as the report shows it.
func arrow(pair asset.Pair) string { return string(pair.From) + "→" + string(pair.To) }

// cells are what a death in this scenario shows. Where swaps of both directions are
// under way it is not one's fault that the other can't bring the daemon there; and
// the pool may be refilled late, after an earlier scenario's swaps.
func (s scenario) cells(a aim) []cell {
	var shown []cell
	for _, pair := range s.pairs {
		c := cell{a.daemon, a.point, pair}
		if impossible(c) == "" || len(s.pairs) == 1 && !strings.HasPrefix(a.point, "issue.pool.") {
			shown = append(shown, c)
		}
	}
	return shown
}

// home is the direction in whose world a scenario runs.
func (s scenario) home() asset.Pair { return s.pairs[0] }

// choose picks the points at which a scenario is swept: those that no scenario
// before it in its world passes in the same daemon. One with points of its own is swept
// at these. Those of hedging are left to the scenarios about it: it goes on in its own time,
// and others do not wait for it.
func (s scenario) choose(passed []aim, covered map[cell]bool) []aim {
	var chosen []aim
	for _, a := range passed {
		c := cell{a.daemon, a.point, s.home()}
		if s.own != nil && !s.own(a) || s.own == nil && hedging(a) {
			continue // others are passed on the way there, too late to meet them in their order
		}
		if (!covered[c] || s.own != nil) && slices.Contains(s.cells(a), c) {
			chosen = append(chosen, a)
		}
		covered[c] = true
	}
	return chosen
}

// impossible says why no death can be met in a cell; "" for one that has to be.
func impossible(c cell) string {
	if strings.HasPrefix(c.point, "attest.death.") && c.pair == toCoins {
		return "no payment in coins fails, so that no death of one is attested"
	}
	chain, wallet := strings.CutPrefix(c.daemon, "hotwalletd-")
	if !wallet {
		return ""
	}
	depositChain := chain == string(asset.MustLookup(c.pair.From).Chain)
	switch {
	case strings.HasPrefix(c.point, "issue.") && !depositChain:
		return "addresses are issued, and their pool is refilled, on the deposit's chain only"
	case strings.HasPrefix(c.point, "sweep.") && (!depositChain || chain != string(asset.Ethereum)):
		return "only deposits on ethereum are swept here"
	case strings.HasPrefix(c.point, "payment.replace.") && depositChain:
		return "no refund is kept from a block: only payouts offer more"
	case strings.HasPrefix(c.point, "payment.death.") && (depositChain || chain != string(asset.Ethereum)):
		return "no payment but a payout in ether fails, so that no other is made anew"
	case strings.HasPrefix(c.point, "watch.see.") && !depositChain && chain == string(asset.Ethereum):
		return "a payment in ether has no change to be seen in the mempool"
	case strings.HasPrefix(c.point, "watch.replace.") && !depositChain:
		return "only deposits are given up when the mempool loses them; change is none"
	case strings.HasPrefix(c.point, "watch.replace.") && chain == string(asset.Ethereum):
		return "geth --dev takes every transaction into the next second's block: none is seen and then lost"
	}
	return ""
}

const (
	// together is how many daemons die in one round, each at a point of its own.
	together = 4
	// ownDeaths is how often one of them does in a round of a scenario with points of its
	// own: where it has to die next is told it when it comes back.
	ownDeaths = 12
)

// deaths is how often one daemon dies in a round.
func (s scenario) deaths() int {
	if s.own != nil {
		return ownDeaths
	}
	return 1
}

// rounds groups a scenario's cases so that no daemon dies more often than that in a
// round, in the order of its cases. The daemons with most cases left go first, so that few
// rounds are left with one.
func rounds(cases []aim, deaths int) [][]aim {
	left := map[string][]aim{}
	for _, a := range cases {
		left[a.daemon] = append(left[a.daemon], a)
	}
	var all [][]aim
	for len(left) > 0 {
		daemons := slices.SortedFunc(maps.Keys(left), func(a, b string) int {
			return cmp.Or(cmp.Compare(len(left[b]), len(left[a])), cmp.Compare(a, b))
		})
		var round []aim
		for _, daemon := range daemons[:min(together, len(daemons))] {
			n := min(deaths, len(left[daemon]))
			round = append(round, left[daemon][:n]...)
			if left[daemon] = left[daemon][n:]; len(left[daemon]) == 0 {
				delete(left, daemon)
			}
		}
		all = append(all, round)
	}
	return all
}

// draw takes so many cases by lot, the same for the same seed: as many of each
// scenario, and of each daemon in it, as there are to have. Each case has its lot
// from its own name, so that one that was not traced this time moves no other.
func draw(cases map[string][]aim, all []scenario, count int, seed uint64) map[string][]aim {
	chosen := map[string][]aim{}
	queues := make([][]aim, len(all))
	for i, s := range all {
		queues[i] = inTurns(cases[s.name], seed)
	}
	for taken, more := 0, true; more && taken < count; {
		more = false
		for i, s := range all {
			if len(queues[i]) == 0 || taken == count {
				continue
			}
			chosen[s.name] = append(chosen[s.name], queues[i][0])
			queues[i], more = queues[i][1:], true
			taken++
		}
	}
	return chosen
}

// inTurns orders cases by lot so that each daemon has one before any has two.
func inTurns(cases []aim, seed uint64) []aim {
	ordered := slices.SortedFunc(slices.Values(cases), func(a, b aim) int { return cmp.Compare(lot(a, seed), lot(b, seed)) })
	turn, had := map[aim]int{}, map[string]int{}
	for _, a := range ordered {
		turn[a] = had[a.daemon]
		had[a.daemon]++
	}
	slices.SortStableFunc(ordered, func(a, b aim) int { return cmp.Compare(turn[a], turn[b]) })
	return ordered
}

func lot(a aim, seed uint64) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s %s %s", seed, a.scenario, a.daemon, a.point) // a hash takes everything
	return h.Sum64()
}
