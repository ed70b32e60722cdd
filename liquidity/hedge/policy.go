package hedge

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

// Numeraire is what everything is valued in and traded against.
const Numeraire = asset.BTC

// Config is how the book is kept.
type Config struct {
	Assets map[asset.ID]Policy
	// Every is the time between two looks at the position.
	Every time.Duration
	// OrderFor is how long an order may be on its way: its deadline.
	OrderFor time.Duration
	// Grace is how much later than the deadline, by our clock, a venue's word that there is
	// no such order counts: more than the clocks differ.
	Grace time.Duration
	// SlipBPS bounds the price of an order: so far beyond the fair price, in basis points.
	SlipBPS int64
	// PauseFor is how long a venue is left alone after it refused an order.
	PauseFor time.Duration
	// VenueBands are what each account at a venue should hold; assets without one are not
	// proposed to be moved. ProposeEvery is the time between two looks, needed with bands.
	VenueBands   map[asset.ID]VenueBand
	ProposeEvery time.Duration
	// LossMost is how much may be lost in a day, in base units of the numeraire, by what
	// swaps and hedges left the house with at today's prices; 0 for no limit. See Drawdown.
	LossMost asset.Units
}

// Policy is an asset's, in its base units. Zero Early or AtLock means never.
type Policy struct {
	// Instrument is its book against the numeraire.
	Instrument liquidity.Instrument
	// Target is what the house wants to hold more than at the start; Band is how far from it
	// the position may be before it is brought back to the target.
	Target *big.Int
	Band   asset.Units
	// OrderMost bounds what is traded at a time.
	OrderMost asset.Units
	// Early is the payout from which a swap counts as soon as its deposit is seen, AtLock
	// that from which it counts when its lock is accepted. All such swaps together count
	// for UnconfirmedMost: a deposit that can be replaced must not have us trade for free.
	Early, AtLock, UnconfirmedMost asset.Units
	// EarlyMovePPM is the same for a lively market: while its minute's standard deviation, in
	// millionths, is at least that, a swap of any size counts when its deposit is seen. Zero
	// means never. LockMovePPM lets locks of AtLock, which it needs, count only while the
	// market is that lively; zero, always.
	EarlyMovePPM, LockMovePPM int64
}

// Limits of a configuration: beyond them it is a typing error. SlipMost is in basis points,
// MovePPMMost in millionths.
const (
	SlipMost    = 500
	MovePPMMost = 1_000_000
	deadlineMax = 45 * time.Second
)

// Validate reports everything that is wrong, with what to set.
func (c Config) Validate() error {
	errs := []error{c.Policies().Validate()}
	if c.Every < time.Millisecond || c.Every > time.Minute || c.Grace < time.Second || c.PauseFor <= 0 {
		errs = append(errs, fmt.Errorf("a look each %s, a grace of %s and a pause of %s: a minute at most, a second at least, and above 0", c.Every, c.Grace, c.PauseFor))
	}
	if c.OrderFor < 3*time.Second || c.OrderFor > deadlineMax {
		errs = append(errs, fmt.Errorf("orders for %s are not from 3 s to %s, which all venues take", c.OrderFor, deadlineMax))
	}
	for id, b := range c.VenueBands {
		if _, known := asset.Lookup(id); !known || b.Most.IsZero() || b.Most.Less(b.Least) {
			errs = append(errs, fmt.Errorf("accounts of %.20s should have from %s to %s base units, which is no band", id, b.Least, b.Most))
		}
	}
	if len(c.VenueBands) > 0 && c.ProposeEvery < time.Second {
		errs = append(errs, fmt.Errorf("accounts are looked at each %s, which is less than a second", c.ProposeEvery))
	}
	return errors.Join(errs...)
}

func (p Policy) validate(id asset.ID) error {
	if err := p.Instrument.Validate(); err != nil {
		return err
	}
	switch {
	case id == Numeraire || !p.Instrument.Covers(asset.Pair{From: id, To: Numeraire}):
		return fmt.Errorf("%s can't be hedged by %s", id, p.Instrument)
	case p.Target == nil || p.OrderMost.IsZero():
		return fmt.Errorf("%s has no target, or no size of orders", id)
	case p.EarlyMovePPM < 0 || p.LockMovePPM < 0 || max(p.EarlyMovePPM, p.LockMovePPM) > MovePPMMost:
		return fmt.Errorf("%s: moves of %d and %d a minute are not from 0 to %d millionths", id, p.EarlyMovePPM, p.LockMovePPM, MovePPMMost)
	case p.LockMovePPM > 0 && p.AtLock.IsZero():
		return fmt.Errorf("%s: locks are to count in a lively market, and from no size on: a lock costs nothing, so name one", id)
	case (!p.Early.IsZero() || !p.AtLock.IsZero() || p.EarlyMovePPM+p.LockMovePPM > 0) && p.UnconfirmedMost.IsZero():
		return fmt.Errorf("%s is hedged before confirmation without a cap", id)
	}
	return nil
}

// Excess is what is to be traded away of a position: nothing within the band, else the
// whole way to the target, at most OrderMost. Positive is too much.
func (p Policy) Excess(position *big.Int) *big.Int {
	excess := new(big.Int).Sub(position, p.Target)
	if excess.CmpAbs(p.Band.Big()) <= 0 {
		return new(big.Int)
	}
	if most := p.OrderMost.Big(); excess.CmpAbs(most) > 0 {
		if excess.Sign() < 0 {
			most.Neg(most)
		}
		return most
	}
	return excess
}
