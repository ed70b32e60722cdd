package selection

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func draw(t *rapid.T, most int) Problem {
	value := rapid.OneOf(rapid.Uint64Range(0, 300), rapid.Uint64Range(0, 5000), rapid.Uint64Range(0, 1_000_000))
	return Problem{Values: rapid.SliceOfN(value, 0, most).Draw(t, "values"), Base: rapid.OneOf(rapid.Uint64Range(1, 3000), rapid.Uint64Range(1, 2_000_000)).Draw(t, "base"),
		InputFee: rapid.Uint64Range(0, 400).Draw(t, "input fee"), LongTermInputFee: rapid.Uint64Range(0, 400).Draw(t, "long-term input fee"),
		ChangeFee: rapid.Uint64Range(1, 200).Draw(t, "change fee"), ChangeSpend: rapid.Uint64Range(0, 400).Draw(t, "change spend"),
		ChangeLeast: rapid.Uint64Range(1, 600).Draw(t, "least change"), InputsMost: rapid.IntRange(1, 40).Draw(t, "inputs"), Seed: rapid.Uint64().Draw(t, "seed")}
}

// Whatever is chosen covers what is needed to the unit, within the limits, and is there
// whenever the largest coins within the limit suffice.
func TestAChoiceAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t, 40)
		c, ok := Choose(p)
		if !ok {
			coins := p.worth()
			var sum uint64
			for _, each := range coins[:min(len(coins), p.InputsMost)] {
				sum += each.effective
			}
			if sum >= p.Base {
				t.Fatalf("none chosen though %d of %d are there", sum, p.Base)
			}
			return
		}
		var sum uint64
		for i, at := range c.Coins {
			if i > 0 && c.Coins[i-1] >= at {
				t.Fatalf("coins %v", c.Coins)
			}
			sum += p.Values[at] - p.InputFee
		}
		change := c.Change
		if change > 0 {
			if change < p.ChangeLeast {
				t.Fatalf("change %d is too little", change)
			}
			change += p.ChangeFee
		}
		if sum != p.Base+change+c.Excess || len(c.Coins) > p.InputsMost || c.Excess >= p.ChangeFee+p.ChangeLeast {
			t.Fatalf("%+v of %d for %d", c, sum, p.Base)
		}
		if again, _ := Choose(p); !slices.Equal(again.Coins, c.Coins) {
			t.Fatalf("the same problem gives %v and %v", c.Coins, again.Coins)
		}
	})
}

// Against trying all subsets: branch and bound finds the one of least waste without
// change, and no subset at all has less waste than the best choice if that has no change.
func TestBranchAndBoundAgainstAllSubsets(t *testing.T) {
	t.Parallel()
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t, 11)
		coins := p.worth()
		var best Choice
		there := false
		for subset := range 1 << len(coins) {
			var picked []coin
			for i, each := range coins {
				if subset>>i&1 == 1 {
					picked = append(picked, each)
				}
			}
			c, ok := p.judge(picked, BranchAndBound)
			if ok && c.Change == 0 && c.Excess <= p.ChangeFee+p.ChangeSpend && (!there || c.Waste < best.Waste) {
				best, there = c, true
			}
		}
		picked, by := p.branchAndBound(coins)
		c, ok := p.judge(picked, by)
		if ok != there || ok && (c.Waste != best.Waste || c.Change != 0) {
			t.Fatalf("branch and bound gives %+v (%v), the best of all subsets is %+v (%v)", c, ok, best, there)
		}
		if chosen, ok := Choose(p); there && (!ok || chosen.Waste > best.Waste) {
			t.Fatalf("chosen is %+v (%v), worse than %+v", chosen, ok, best)
		}
		if there {
			found++
		}
	})
	if found == 0 {
		t.Error("no problem had a solution without change: nothing was compared")
	}
}

// The search ends: many coins of like value have no end of subsets.
func TestTheSearchIsBounded(t *testing.T) {
	t.Parallel()
	p := Problem{Base: 100_003, InputFee: 10, LongTermInputFee: 10, ChangeFee: 1, ChangeLeast: 1, InputsMost: 100}
	for i := range 100 {
		p.Values = append(p.Values, 2000+uint64(2*i))
	}
	s := search{}
	if _, by := p.branchAndBound(p.worth()); by != BranchAndBound {
		t.Errorf("%v", by)
	}
	s.tries = triesMost
	s.try(0, 0, 0)
	if s.best != nil {
		t.Error("the search goes on beyond its limit")
	}
	if c, ok := Choose(p); !ok || c.Change == 0 && c.Excess > 1 {
		t.Errorf("choice %+v, %v", c, ok)
	}
}
