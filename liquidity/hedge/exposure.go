package hedge

import (
	"math/big"
	"slices"

	"ferry/swap"
	"ferry/swap/asset"
)

// Stage says why a swap counts.
type Stage string

// The stages. What is confirmed counts always; what is not, from a size on and up to a cap.
const (
	StageNone      Stage = "none"
	StageLock      Stage = "lock"
	StageDetected  Stage = "detected"
	StageConfirmed Stage = "confirmed"
)

// Flows are what the house gets (positive) and gives, per asset in base units; none is zero.
type Flows map[asset.ID]*big.Int

func (f Flows) add(id asset.ID, n *big.Int) {
	if f[id] == nil {
		f[id] = new(big.Int)
	}
	if f[id].Add(f[id], n).Sign() == 0 {
		delete(f, id)
	}
}

// Minus is f less o.
func (f Flows) Minus(o Flows) Flows {
	d := Flows{}
	for id, n := range f {
		d.add(id, n)
	}
	for id, n := range o {
		d.add(id, new(big.Int).Neg(n))
	}
	return d
}

// Promise is what a swap's accepted lock says.
type Promise struct {
	Deposit, Payout asset.Amount
}

// Exposure is what one swap leaves the house with, as of one version of it.
type Exposure struct {
	SwapID  string
	Version int64
	Stage   Stage
	// Unconfirmed is the payout that would count before its deposit is confirmed, within
	// the cap; zero at other stages.
	Unconfirmed asset.Amount
	Flows       Flows
}

// Expose reads an exposure out of an update, which is whole. promise is the swap's lock,
// nil where it is not known: then nothing counts before it is exchanged. moves is each
// asset's standard deviation of a minute now, in millionths; nothing for one that is not in it.
//
//   - An exchange is there with its payout: its deposits less what is paid. So is a refund:
//     what is kept of it. Their fees count once they are final.
//   - An exchange that a reorganisation reversed counts for nothing until the deposits are
//     back; a deposit that is lost is not had, and what was paid for it is.
//   - Before that the lock's own amounts count, if the policy says so by the swap's size or
//     the market's moves (a mere lock, where moves are asked for, by both): while nothing was
//     paid yet, or exactly the lock's deposit is seen. A swap with a mismatch is not what
//     its lock says.
func (c Config) Expose(u swap.Update, promise *Promise, moves map[asset.ID]int64) Exposure {
	e := Exposure{SwapID: u.SwapID, Version: u.Version, Stage: StageNone, Flows: Flows{}}
	for _, p := range u.Payments {
		if exchanged(u, p, e.Flows) {
			e.Stage = StageConfirmed
		}
	}
	if promise == nil {
		promise = rateSet(u)
	}
	if e.Stage != StageNone || promise == nil || len(u.Mismatches) > 0 || len(u.Payments) > 0 {
		return e
	}
	policy := c.Assets[c.capped(promise)]
	stage, from, lively := StageNone, asset.Units{}, int64(0)
	switch u.State {
	case swap.AwaitingDeposit:
		stage, from, lively = StageLock, policy.AtLock, policy.LockMovePPM
	case swap.DepositDetected, swap.DepositConfirmed:
		if seen(u) == promise.Deposit {
			stage, from, lively = StageDetected, policy.Early, policy.EarlyMovePPM
		}
	default:
	}
	large := !from.IsZero() && !c.size(promise).Less(from)
	moving := lively > 0 && moves[c.capped(promise)] >= lively
	counts := large || moving
	if stage == StageLock && lively > 0 {
		// A lock costs nobody anything: whoever lets many lapse would have us cross the spread
		// for each, as long as the market is lively.
		counts = large && moving
	}
	if stage == StageNone || !counts {
		return e
	}
	e.Stage, e.Unconfirmed = stage, asset.Amount{Asset: c.capped(promise), Units: c.size(promise)}
	e.Flows.add(promise.Deposit.Asset, promise.Deposit.Units.Big())
	e.Flows.add(promise.Payout.Asset, new(big.Int).Neg(promise.Payout.Units.Big()))
	return e
}

// rateSet is what was promised when a variable swap's deposit was seen, nil if nothing was.
func rateSet(u swap.Update) *Promise {
	for _, r := range u.Rates {
		if r.SignedRequote != "" && !r.Gone {
			return &Promise{Deposit: r.Deposit, Payout: r.Payout}
		}
	}
	return nil
}

// capped is the asset whose thresholds and cap hold for a swap: the payout's, or the
// deposit's where the payout is the numeraire.
func (c Config) capped(p *Promise) asset.ID {
	if _, ok := c.Assets[p.Payout.Asset]; ok {
		return p.Payout.Asset
	}
	return p.Deposit.Asset
}

func (c Config) size(p *Promise) asset.Units {
	if c.capped(p) == p.Payout.Asset {
		return p.Payout.Units
	}
	return p.Deposit.Units
}

// seen is the sum of the deposits that are there, in the first one's asset; of several
// assets it is nothing.
func seen(u swap.Update) (sum asset.Amount) {
	for _, d := range u.Deposits {
		if d.State == swap.DepositReplaced || d.State == swap.DepositReorgedTo {
			continue
		}
		if sum.Asset != "" && sum.Asset != d.Amount.Asset {
			return asset.Amount{}
		}
		units, err := sum.Units.Add(d.Amount.Units)
		if err != nil {
			return asset.Amount{}
		}
		sum = asset.Amount{Asset: d.Amount.Asset, Units: units}
	}
	return sum
}

// exchanged adds what a payment and its deposits come to; false while it is reversed.
func exchanged(u swap.Update, p swap.Payment, flows Flows) bool {
	var used []swap.Deposit
	for _, d := range u.Deposits {
		if !slices.Contains(p.Deposits, d.ID) {
			continue
		}
		if d.State == swap.DepositReorgedTo && !d.Lost {
			return false
		}
		if !d.Lost {
			used = append(used, d)
		}
	}
	for _, d := range used {
		flows.add(d.Amount.Asset, d.Amount.Units.Big())
	}
	flows.add(p.Amount.Asset, new(big.Int).Neg(p.Amount.Units.Big()))
	if p.State == swap.PaymentFinal || p.State == swap.PaymentFailed {
		if a, ok := asset.Lookup(p.Amount.Asset); ok {
			flows.add(a.Chain.NativeID(), new(big.Int).Neg(p.Fee.Big()))
		}
	}
	return true
}
