package fee

import (
	"math/big"
	"math/bits"
	"time"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

// Schedule is what to offer as a deadline comes nearer, as lnd's sweeper does
// (sweep/fee_function.go, LinearFeeFunction): what is usual for the time there is, at
// first; all that the payment may cost, at the deadline; in a straight line between.
type Schedule struct {
	// Start is offered at From and before, Budget at Deadline and after. A start above the
	// budget is the budget.
	Start, Budget  chain.Rate
	From, Deadline time.Time
	// Floor is the least that the node takes. It counts even above the budget: what to
	// offer then, the limit of the payment's fee refuses.
	Floor chain.Rate
}

// Rate is what to offer at a moment. It is pure and never falls as time goes on.
func (s Schedule) Rate(at time.Time) chain.Rate {
	return max(s.line(at), s.Floor)
}

func (s Schedule) line(at time.Time) chain.Rate {
	if s.Start >= s.Budget || !at.Before(s.Deadline) {
		return s.Budget
	}
	if !at.After(s.From) {
		return s.Start
	}
	// From < at < Deadline, so gone < whole and the quotient fits.
	gone, whole := uint64(at.Sub(s.From)), uint64(s.Deadline.Sub(s.From))
	high, low := bits.Mul64(uint64(s.Budget-s.Start), gone)
	risen, _ := bits.Div64(high, low, whole)
	return s.Start + chain.Rate(risen)
}

// Budget is the rate at which a transaction of a size (chain.Plan.Size) costs all that it
// may, rounded down.
func Budget(on asset.Chain, most asset.Units, size uint64) chain.Rate {
	if size == 0 {
		return 0
	}
	per := big.NewInt(1)
	if on.Family() == asset.UTXO {
		per = big.NewInt(1000)
	}
	rate, err := most.MulDiv(per, new(big.Int).SetUint64(size), asset.Down)
	if n, ok := rate.Uint64(); err == nil && ok {
		return chain.Rate(n)
	}
	return ^chain.Rate(0)
}
