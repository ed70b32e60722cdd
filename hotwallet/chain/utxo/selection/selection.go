package selection

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Problem is what to cover with which coins. All amounts are in base units.
type Problem struct {
	// Values of the coins that may be spent; choices name them by index.
	Values []uint64
	// Base is what has to be covered besides the cost of inputs: the payment, and the
	// fee of the transaction without any input that is up for choice, less what coins
	// that must be spent bring.
	Base uint64
	// InputFee is what one input costs now, LongTermInputFee what it would cost at the
	// rate that is usual in the long run.
	InputFee, LongTermInputFee uint64
	// ChangeFee is what a change output costs now, ChangeSpend what spending it will
	// cost at the long-term rate.
	ChangeFee, ChangeSpend uint64
	// ChangeLeast is the smallest change worth having; what is less goes to the fee.
	ChangeLeast uint64
	// InputsMost bounds the choice.
	InputsMost int
	// Seed makes the random draw the same for the same payment.
	Seed uint64
}

// Algorithm is a way to choose.
type Algorithm string

// The ways.
const (
	BranchAndBound Algorithm = "branch_and_bound"
	RandomDraw     Algorithm = "single_random_draw"
	LargestFirst   Algorithm = "largest_first"
)

// Choice of coins.
type Choice struct {
	// Coins are indexes into Values, in ascending order.
	Coins []int
	// Change is what comes back, 0 if there is no change output.
	Change uint64
	// Excess is what the fee gets beyond its rate, because it is too little to come back.
	Excess uint64
	// Waste as in the package's documentation; less is better.
	Waste int64
	By    Algorithm
}

// coin is one that is worth more than its input costs.
type coin struct {
	index     int
	effective uint64 // value less the input's fee
}

// Choose returns the choice of least waste, false if the coins do not suffice within
// the limit.
func Choose(p Problem) (Choice, bool) {
	coins := p.worth()
	if p.Base == 0 {
		return p.judge(nil, LargestFirst)
	}
	var best Choice
	found := false
	for _, way := range []func([]coin) ([]coin, Algorithm){p.branchAndBound, p.randomDraw, p.largestFirst} {
		picked, by := way(coins)
		choice, ok := p.judge(picked, by)
		if ok && (!found || choice.Waste < best.Waste) {
			best, found = choice, true
		}
	}
	return best, found
}

// worth are the coins that bring more than they cost, the largest first.
func (p Problem) worth() []coin {
	var coins []coin
	for i, value := range p.Values {
		if value > p.InputFee {
			coins = append(coins, coin{index: i, effective: value - p.InputFee})
		}
	}
	slices.SortFunc(coins, func(a, b coin) int {
		return cmp.Or(cmp.Compare(b.effective, a.effective), cmp.Compare(a.index, b.index))
	})
	return coins
}

// judge works out change and waste; false if the coins do not cover Base or are too many.
func (p Problem) judge(coins []coin, by Algorithm) (Choice, bool) {
	var sum uint64
	c := Choice{By: by}
	for _, each := range coins {
		sum += each.effective
		c.Coins = append(c.Coins, each.index)
	}
	if sum < p.Base || len(coins) > p.InputsMost {
		return Choice{}, false
	}
	slices.Sort(c.Coins)
	over := sum - p.Base
	c.Waste = int64(len(coins)) * (int64(p.InputFee) - int64(p.LongTermInputFee))
	if over >= p.ChangeFee+p.ChangeLeast {
		c.Change = over - p.ChangeFee
		c.Waste += int64(p.ChangeFee + p.ChangeSpend)
	} else {
		c.Excess = over
		c.Waste += int64(over)
	}
	return c, true
}

// largestFirst uses the fewest inputs.
func (p Problem) largestFirst(coins []coin) ([]coin, Algorithm) {
	return p.fill(coins, p.Base), LargestFirst
}

// randomDraw takes coins by lot until there is change worth having: so coins of every
// size get spent, and change is of no telling size.
func (p Problem) randomDraw(coins []coin) ([]coin, Algorithm) {
	drawn := slices.Clone(coins)
	lot := rand.New(rand.NewPCG(p.Seed, uint64(len(coins)))) //nolint:gosec // not a secret: it spreads wear over the coins
	lot.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	return p.fill(drawn, p.Base+p.ChangeFee+p.ChangeLeast), RandomDraw
}

// fill takes coins in their order until they are enough.
func (p Problem) fill(coins []coin, enough uint64) []coin {
	var sum uint64
	for i, each := range coins {
		if sum >= enough {
			return coins[:i]
		}
		sum += each.effective
	}
	return coins
}
