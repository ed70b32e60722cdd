package deployment

import (
	"fmt"

	"ferry/swap/asset"
)

// Market is how venues' books become prices, and how much may be promised at them. What is
// left out adds, bounds and stops nothing. Parts are in millionths (ppm).
type Market struct {
	// Venues are what each venue is taken at, by name; one that is left out charges
	// nothing and counts whole.
	Venues map[string]VenueTerms `json:"venues,omitempty"`
	// DayMovePPM is how much prices are supposed to move in a day until they have told: a
	// standard deviation.
	DayMovePPM int64 `json:"day_move_ppm,omitempty"`
	// PremiumMostPPM bounds what a lock's length adds to the spread, SkewMostPPM what
	// inventory adds or takes off, LossMostPPM what missing venues add.
	PremiumMostPPM int64 `json:"premium_most_ppm,omitempty"`
	SkewMostPPM    int64 `json:"skew_most_ppm,omitempty"`
	LossMostPPM    int64 `json:"loss_most_ppm,omitempty"`
	// DrawdownMostPPM is what the day's losses add at most, once half of hedging's loss_max
	// is used up.
	DrawdownMostPPM int64 `json:"drawdown_most_ppm,omitempty"`
	// StopMovePPM stops the pairs of a price while its standard deviation of a minute is
	// above it.
	StopMovePPM int64 `json:"stop_move_ppm,omitempty"`
	// Targets are what the house wants to hold, by asset.
	Targets map[asset.ID]Target `json:"targets,omitempty"`
	// OversubscribePPM is how much of a balance may be promised while nobody has accepted
	// it, from 1000000 to 2000000. UnconfirmedPPM is how much of it may be promised for
	// deposits that are not confirmed, ClientPPM how much one client's open quotes take.
	OversubscribePPM int64 `json:"oversubscribe_ppm,omitempty"`
	UnconfirmedPPM   int64 `json:"unconfirmed_ppm,omitempty"`
	ClientPPM        int64 `json:"client_ppm,omitempty"`
}

// VenueTerms is what a venue is taken at.
type VenueTerms struct {
	// TakerPPM is its fee for taking a level, SharePPM how much of a level's size is
	// counted on; 0 for all of it.
	TakerPPM int64 `json:"taker_ppm,omitempty"`
	SharePPM int64 `json:"share_ppm,omitempty"`
}

// Target is what the house wants to hold of an asset, in coins: Aim, give or take Band, and
// never more than Most, if that is given.
type Target struct {
	Aim  string `json:"aim"`
	Band string `json:"band"`
	Most string `json:"most,omitempty"`
}

// TargetUnits are a target's amounts in base units, Most 0 where there is none.
type TargetUnits struct{ Aim, Band, Most asset.Units }

// TargetUnits parses Market.Targets.
func (m Market) TargetUnits() (map[asset.ID]TargetUnits, error) {
	list := make(map[asset.ID]TargetUnits, len(m.Targets))
	for id, t := range m.Targets {
		var u TargetUnits
		for _, part := range []struct {
			name, text string
			into       *asset.Units
		}{{"aim", t.Aim, &u.Aim}, {"band", t.Band, &u.Band}, {"most", t.Most, &u.Most}} {
			if part.name == "most" && part.text == "" {
				continue
			}
			a, err := asset.ParseDecimal(id, part.text)
			if err != nil {
				return nil, fmt.Errorf("market.targets.%.20s.%s: %w", id, part.name, err)
			}
			*part.into = a.Units
		}
		if u.Band.IsZero() {
			return nil, fmt.Errorf("market.targets.%.20s.band: it must be more than nothing", id)
		}
		list[id] = u
	}
	return list, nil
}
