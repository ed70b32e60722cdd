package sweep

import (
	"errors"
	"fmt"

	"ferry/swap/asset"
)

// Settings are what an operator decides about one chain, in base units. The zero value
// moves nothing.
type Settings struct {
	// Multiple is how often a sweep's cost what is swept has to be worth; DefaultMultiple
	// if zero.
	Multiple uint32
	// PerHour is how many sweeps, and top-ups for them, begin in an hour; 0 is none.
	PerHour int
	// Floor: while the address that pays holds less than this of the chain's own asset,
	// sweeps of it don't wait for fees to fall.
	Floor asset.Units
	// TokenLeast is the least of each token that is swept. A token that is missing is
	// not: the wallet knows no price, and so not what it is worth.
	TokenLeast map[asset.ID]asset.Units
	// TopUpMax is the most gas one top-up brings, TopUpAddressDay what one address gets
	// in 24 hours and TopUpDay what all get.
	TopUpMax, TopUpAddressDay, TopUpDay asset.Units
	// CoinsMost is how many coins a wallet keeps without bringing them together, and
	// ConsolidatePerDay how often it does; 0 is never (chains of coins).
	CoinsMost         int
	ConsolidatePerDay int
}

// DefaultMultiple is Settings.Multiple's.
const DefaultMultiple = 20

// Most of what settings may say.
const (
	multipleMost = 10_000
	perHourMost  = 1_000
)

// Validate names what is wrong, with its limit.
func (s Settings) Validate() error {
	switch {
	case s.Multiple > multipleMost:
		return fmt.Errorf("sweep: multiple %d is above %d", s.Multiple, multipleMost)
	case s.PerHour < 0 || s.PerHour > perHourMost:
		return fmt.Errorf("sweep: per_hour %d is not within 0 and %d", s.PerHour, perHourMost)
	case s.ConsolidatePerDay < 0 || s.ConsolidatePerDay > perHourMost || s.CoinsMost < 0:
		return fmt.Errorf("sweep: consolidate_per_day %d is not within 0 and %d, or coins_most %d is negative",
			s.ConsolidatePerDay, perHourMost, s.CoinsMost)
	case s.TopUpAddressDay.Less(s.TopUpMax) || s.TopUpDay.Less(s.TopUpAddressDay):
		return errors.New("sweep: a top-up may not be more than an address gets in a day, nor that more than all get")
	}
	for id, least := range s.TokenLeast {
		if least.IsZero() {
			return fmt.Errorf("sweep: the least amount of %.20s is 0: sweeping nothing costs as much as a fortune", id)
		}
	}
	return nil
}

// multiple is how often its cost a sweep has to be worth.
func (s Settings) multiple() int64 {
	if s.Multiple == 0 {
		return DefaultMultiple
	}
	return int64(s.Multiple)
}
