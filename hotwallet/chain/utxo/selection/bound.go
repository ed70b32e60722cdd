package selection

import "slices"

// triesMost bounds the search (Bitcoin Core has the same number).
const triesMost = 100_000

// search looks for a sum within a window. Each coin, the largest first, is taken or
// left; a branch ends where it is above the window, can't reach it any more, or wastes
// more than the best so far.
type search struct {
	coins []coin
	// rest[i] is what coins[i:] bring together.
	rest []uint64
	// least and most bound the sum.
	least, most uint64
	inputsMost  int
	// perInput is the waste of each input; negative while fees are low.
	perInput int64

	taken []bool
	best  []bool
	// bestWaste is that of best.
	bestWaste int64
	tries     int
}

// branchAndBound finds coins whose sum needs no change: above Base by no more than
// what change would cost now and later. Nothing if there are none, or none was found
// within the limit of tries.
func (p Problem) branchAndBound(coins []coin) ([]coin, Algorithm) {
	s := search{coins: coins, rest: make([]uint64, len(coins)+1), least: p.Base, most: p.Base + p.ChangeFee + p.ChangeSpend,
		inputsMost: p.InputsMost, perInput: int64(p.InputFee) - int64(p.LongTermInputFee), taken: make([]bool, len(coins))}
	// What is that much above would come back as change.
	if top := p.Base + p.ChangeFee + p.ChangeLeast; s.most >= top {
		s.most = top - 1
	}
	for i := len(coins) - 1; i >= 0; i-- {
		s.rest[i] = s.rest[i+1] + coins[i].effective
	}
	s.try(0, 0, 0)
	var picked []coin
	for i, taken := range s.best {
		if taken {
			picked = append(picked, coins[i])
		}
	}
	return picked, BranchAndBound
}

// try decides on coins[at:], with sum and count taken so far.
func (s *search) try(at int, sum uint64, count int) {
	if s.tries++; s.tries > triesMost || sum > s.most || count > s.inputsMost {
		return
	}
	waste := int64(count) * s.perInput
	if sum >= s.least {
		if total := waste + int64(sum-s.least); s.best == nil || total < s.bestWaste {
			s.best, s.bestWaste = slices.Clone(s.taken), total
		}
		if s.perInput >= 0 {
			return // another input only adds
		}
	}
	if at == len(s.coins) || sum+s.rest[at] < s.least || s.perInput >= 0 && s.best != nil && waste > s.bestWaste {
		return
	}
	s.taken[at] = true
	s.try(at+1, sum+s.coins[at].effective, count+1)
	s.taken[at] = false
	// To leave a coin and take its equal is the same as to take it.
	next := at + 1
	for next < len(s.coins) && s.coins[next].effective == s.coins[at].effective {
		next++
	}
	s.try(next, sum, count)
}
