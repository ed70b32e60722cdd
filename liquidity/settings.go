package liquidity

import (
	"fmt"

	"ferry/swap/asset"
)

// MarketConfig is how venues' books become a price. The zero value takes no fees, counts
// on whole books, and adds and stops nothing.
type MarketConfig struct {
	// Venues are what each venue is taken at, by name; one that is left out charges
	// nothing and counts whole.
	Venues map[string]VenueTerms
	// DayMovePPM is how much prices are supposed to move in a day until they have told:
	// a standard deviation in millionths.
	DayMovePPM int64
	// PremiumMostPPM bounds what a lock's length adds, SkewMostPPM what inventory adds or
	// takes off, LossMostPPM what missing venues add, all in millionths.
	PremiumMostPPM, SkewMostPPM, LossMostPPM int64
	// DrawdownMostPPM is what the day's losses add at most, in millionths: nothing up to half
	// of their limit, from there on in proportion. At the limit nothing is priced.
	DrawdownMostPPM int64
	// StopMovePPM stops an instrument's pairs while a minute's standard deviation is
	// above it, in millionths; 0 never.
	StopMovePPM int64
	// Targets are what the house wants to hold, by asset; one that is left out has no
	// influence on prices.
	Targets map[asset.ID]Target
}

// VenueTerms is what a venue is taken at.
type VenueTerms struct {
	// TakerPPM is the fee for taking a level, SharePPM how much of a level's size is
	// counted on, both in millionths.
	TakerPPM, SharePPM int64
}

// terms are a venue's.
func (c MarketConfig) terms(venue string) VenueTerms {
	if t, ok := c.Venues[venue]; ok {
		return t
	}
	return VenueTerms{SharePPM: ppmWhole}
}

// Limits of a market's configuration: beyond them it is a typing error.
const (
	maxTakerPPM = 50_000
	maxPartPPM  = 100_000
)

// validate reports the first setting that is wrong.
func (c MarketConfig) validate() error {
	for name, t := range c.Venues {
		if name == "" || t.TakerPPM < 0 || t.TakerPPM > maxTakerPPM || t.SharePPM <= 0 || t.SharePPM > ppmWhole {
			return fmt.Errorf("venue %q: a fee of %d is not from 0 to %d millionths, or a share of %d not from 1 to a whole", name, t.TakerPPM, maxTakerPPM, t.SharePPM)
		}
	}
	for what, ppm := range map[string]int64{"premium": c.PremiumMostPPM, "skew": c.SkewMostPPM, "loss of venues": c.LossMostPPM, "drawdown": c.DrawdownMostPPM} {
		if ppm < 0 || ppm > maxPartPPM {
			return fmt.Errorf("market: a %s of %d is not from 0 to %d millionths", what, ppm, maxPartPPM)
		}
	}
	if c.DayMovePPM < 0 || c.DayMovePPM > ppmWhole || c.StopMovePPM < 0 || c.StopMovePPM > ppmWhole {
		return fmt.Errorf("market: moves of %d a day and %d a minute are not from 0 to a whole, in millionths", c.DayMovePPM, c.StopMovePPM)
	}
	for id, t := range c.Targets {
		if _, ok := asset.Lookup(id); !ok || t.Band.IsZero() {
			return fmt.Errorf("target of %.20q: the asset must be known and its band positive", id)
		}
	}
	return nil
}
