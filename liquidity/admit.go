package liquidity

import (
	"math/big"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Measure is what a lock is measured against, just before it is booked.
type Measure struct {
	// Reserved is what other promises take of the payout's balance, Unconfirmed the part
	// of it whose deposits are not confirmed.
	Reserved, Unconfirmed asset.Units
	// OpenLocks is how many open locks the client has, ClientReserved what these take of
	// the payout's asset, with those it has accepted, and rates that were set at detection,
	// whose deposit is not confirmed.
	OpenLocks      int
	ClientReserved asset.Units
	// Risk is what the pair's unconfirmed locks have at risk, less what those of the
	// opposite direction have: base units of From × seconds. It may be negative.
	Risk *big.Int
}

// Stop is the bound that a lock did not fit into; "" if it did.
type Stop string

// The bounds, in the order they are looked at.
const (
	StopClient      Stop = "client"
	StopFunds       Stop = "funds"
	StopUnconfirmed Stop = "unconfirmed"
	StopShare       Stop = "share"
	StopRisk        Stop = "risk"
	StopLapsed      Stop = "lapsed"
)

// Admit decides whether a lock fits into its bounds at a time:
//
//	locks of the client         < MaxLocks
//	reserved + reserve          ≤ available × oversubscription
//	unconfirmed + reserve       ≤ available × unconfirmed share
//	reserved of client + reserve ≤ available × client share
//	risk + deposit × time       ≤ RiskMost × Length
//
// where reserve is payout and network fee, and time what is left until the deposit must
// be seen. It is pure; the store calls it where nobody else books.
func Admit(q swap.Quote, b Bounds, m Measure, now time.Time) (Stop, error) {
	reserve, err := Reserve(q)
	if err != nil {
		return "", err
	}
	if m.OpenLocks >= b.MaxLocks {
		return StopClient, nil
	}
	for _, bound := range []struct {
		stop Stop
		used asset.Units
		ppm  int64
	}{
		{StopFunds, m.Reserved, max(b.OversubscribePPM, ppmWhole)},
		{StopUnconfirmed, m.Unconfirmed, b.UnconfirmedPPM},
		{StopShare, m.ClientReserved, b.ClientPPM},
	} {
		if bound.ppm > 0 && leftOf(b.Available, bound.used, bound.ppm).Less(reserve) {
			return bound.stop, nil
		}
	}
	if !b.RiskMost.IsZero() && new(big.Int).Add(m.Risk, RiskOf(q, now)).Cmp(b.budget()) > 0 {
		return StopRisk, nil
	}
	if !q.AcceptBy.After(now) {
		return StopLapsed, nil
	}
	return "", nil
}

// Room is what a client may have before it asks for more: open locks, and of the asset
// what these reserve; nil for any amount.
type Room struct {
	Open     int
	Reserved *asset.Units
}

// ClientRoom is what a client may have so that n more locks fit, which reserve so much
// together; false where they would not fit beside nothing. It says of a client what Admit
// says of each of its locks in turn.
func (b Bounds) ClientRoom(n int, reserve asset.Units) (Room, bool) {
	r := Room{Open: b.MaxLocks - n}
	if b.ClientPPM > 0 {
		most := leftOf(b.Available, asset.Units{}, b.ClientPPM)
		if most.Less(reserve) {
			return r, false
		}
		left := minus(most, reserve)
		r.Reserved = &left
	}
	return r, r.Open >= 0
}

// Within is the smaller of two rooms in both.
func (r Room) Within(o Room) Room {
	if o.Reserved != nil && (r.Reserved == nil || o.Reserved.Less(*r.Reserved)) {
		r.Reserved = o.Reserved
	}
	r.Open = min(r.Open, o.Open)
	return r
}

// AdmitRate decides whether a rate for a deposit that is seen and not confirmed fits into
// its bounds, as Admit does for a lock: it promises as much, and the deposit may still be
// replaced. What is measured is beside earlier promises to pay the same order, of which this
// takes the place. That it fits into the balance is for the store to say, as of any requote.
func AdmitRate(r swap.Requote, b Bounds, m Measure) (Stop, error) {
	reserve, err := r.Payout.Units.Add(r.NetworkFee.Units)
	if err != nil {
		return "", err
	}
	if b.UnconfirmedPPM > 0 && leftOf(b.Available, m.Unconfirmed, b.UnconfirmedPPM).Less(reserve) {
		return StopUnconfirmed, nil
	}
	if b.ClientPPM > 0 && leftOf(b.Available, m.ClientReserved, b.ClientPPM).Less(reserve) {
		return StopShare, nil
	}
	risk := new(big.Int).Mul(r.Deposit.Units.Big(), big.NewInt(int64(confirming/time.Second)))
	if !b.RiskMost.IsZero() && risk.Add(risk, m.Risk).Cmp(b.budget()) > 0 {
		return StopRisk, nil
	}
	return "", nil
}

// confirming is how long a deposit that was seen is reckoned to take until it is confirmed:
// as measure_risk.sql has it.
const confirming = 10 * time.Minute

// Reserve is what a quote's lock takes of the payout's balance: payout and network fee, and
// nothing where no price is locked.
func Reserve(q swap.Quote) (asset.Units, error) {
	if q.Variable {
		return asset.Units{}, nil
	}
	return q.Payout.Units.Add(q.NetworkFee.Units)
}

// free is what of the balance may still be promised.
func (b Bounds) free(m Measure) asset.Units {
	left := leftOf(b.Available, m.Reserved, max(b.OversubscribePPM, ppmWhole))
	if b.UnconfirmedPPM > 0 {
		left = smaller(left, leftOf(b.Available, m.Unconfirmed, b.UnconfirmedPPM))
	}
	return left
}

// leftOf is what a share of what is available, in millionths, leaves beside what is used;
// nothing where more is used.
func leftOf(available, used asset.Units, ppm int64) asset.Units {
	most, err := available.MulDiv(big.NewInt(ppm), big.NewInt(ppmWhole), asset.Down)
	if err != nil {
		return asset.Units{} // beyond 256 bits there is no such balance
	}
	return minus(most, used)
}

// leftAtRisk is the deposit that the pair's budget still takes for all of Length.
func (b Bounds) leftAtRisk(used *big.Int) asset.Units {
	left := new(big.Int).Sub(b.budget(), used)
	if seconds := int64(b.Length / time.Second); left.Sign() > 0 && seconds > 0 {
		if units, err := asset.UnitsFromBig(left.Quo(left, big.NewInt(seconds))); err == nil {
			return units
		}
	}
	return asset.Units{}
}

// RiskOf is what a lock has at risk from a time on: its deposit × the seconds, counted
// up, until that must be seen; nothing where no price is locked.
func RiskOf(q swap.Quote, now time.Time) *big.Int {
	if q.Variable {
		return new(big.Int)
	}
	left := DepositBy(q).Sub(now)
	seconds := max(int64((left+time.Second-1)/time.Second), 0)
	return new(big.Int).Mul(q.Deposit.Units.Big(), big.NewInt(seconds))
}

// DepositBy is until when a deposit of a quote can be seen at the latest: its swap is made
// just before the quote lapses.
func DepositBy(q swap.Quote) time.Time {
	return q.AcceptBy.Add(time.Duration(q.DepositWindowSeconds) * time.Second)
}

// Stages of a lock: how sure it is that it will be paid for.
const (
	StagePromised  = 0
	StageSeen      = 1
	StageConfirmed = 2
)

// StageOf is the stage that a swap's state tells of; false where it tells nothing, as of a
// swap that is held, or over.
func StageOf(s swap.State) (int, bool) {
	switch s {
	case swap.AwaitingDeposit:
		return StagePromised, true
	case swap.DepositDetected:
		return StageSeen, true
	case swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast:
		return StageConfirmed, true
	case swap.Settled, swap.Expired, swap.RefundQueued, swap.RefundBroadcast, swap.Refunded, swap.Held:
	}
	return 0, false
}
