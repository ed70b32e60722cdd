package config

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// State is a policy as a whole.
type State struct {
	// Config is what the engine takes, but for Venues.
	Config liquidity.Config
	// Venues are all there are, by name, those that are off too.
	Venues map[string]Venue
	// Instruments are those that the pairs are priced from, by name.
	Instruments []string
	// Hedging is how the book is brought back to its targets.
	Hedging Hedging
}

// Venue is what is read at a venue.
type Venue struct {
	On bool
	// Instruments are the names of those subscribed to, in State.Instruments' order.
	Instruments []string
	// Generation counts how often its connections were to be made anew.
	Generation int64
	// Terms are what it is taken at: its share is its weight.
	Terms liquidity.VenueTerms
}

// Kinds of settings, as paths begin.
const (
	kindPairs   = "pairs"
	kindVenues  = "venues"
	kindMarket  = "market"
	kindLimits  = "limits"
	kindHedging = "hedging"
)

// Document is every setting there is, with its value.
func (s State) Document() Document {
	d := Document{}
	for _, p := range s.Config.Pairs {
		for _, x := range pairSettings {
			d[path(kindPairs, p.Pair.String(), x.name)] = x.read(p)
		}
	}
	for name, v := range s.Venues {
		for _, x := range venueSettings {
			d[path(kindVenues, name, x.name)] = x.read(v)
		}
	}
	for _, x := range houseSettings {
		d[x.name] = x.read(s.Config)
	}
	s.Hedging.document(d)
	return d
}

func path(parts ...string) string { return strings.Join(parts, ".") }

// With is the state with a document's settings in place of its own. An error names every
// setting that is wrong, and the state is then as it was.
func (s State) With(d Document) (State, error) {
	if err := d.Validate(); err != nil {
		return s, err
	}
	next := s.clone()
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(d)) {
		if err := next.change(path, d[path]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	if len(errs) > 0 {
		return s, errors.Join(errs...)
	}
	if err := errors.Join(next.Engine().Validate(), next.served(s), next.Hedging.validate()); err != nil {
		return s, err
	}
	return next, nil
}

// Stops is the state with those pairs stopped that a document stops, whatever else is in it:
// for a document that can't be taken over. Nothing is opened by it.
func (s State) Stops(d Document) State {
	next := s.clone()
	for i, p := range next.Config.Pairs {
		if why := d[path(kindPairs, p.Pair.String(), settingStopped)]; why != "" {
			// A reason that users can't be shown stops the pair all the same.
			if printable(why) && setIn(pairSettings, &p, settingStopped, why) == nil {
				next.Config.Pairs[i] = p
			} else {
				next.Config.Pairs[i].Stopped = "Maintenance."
			}
		}
	}
	return next
}

// Hedges is the state with a document's settings of hedging alone, whatever else is in it: for
// a document that can't be taken over. Where these can't be either, which the error says, the
// state hedges only what is confirmed: the file is written for the boldest day.
func (s State) Hedges(d Document) (State, error) {
	only := maps.Clone(d)
	maps.DeleteFunc(only, func(path, _ string) bool { return !strings.HasPrefix(path, kindHedging+".") })
	next, err := s.With(only)
	if err != nil {
		next = s.clone()
		next.Hedging = next.Hedging.confirmed()
	}
	return next, err
}

func (s State) clone() State {
	s.Config.Pairs, s.Venues, s.Hedging = slices.Clone(s.Config.Pairs), maps.Clone(s.Venues), s.Hedging.clone()
	return s
}

// change is set for what a version may change.
func (s *State) change(path, value string) error {
	if strings.HasPrefix(path, kindPairs+".") && strings.HasSuffix(path, "."+settingFloor) {
		return errors.New("no version changes it: it is floor_basis_points of the deployment's file")
	}
	if strings.HasPrefix(path, kindHedging+".") && strings.HasSuffix(path, "."+settingBandMost) {
		return errors.New("no version changes it: it is band_max of the file that FERRY_HEDGE names")
	}
	return s.set(path, value)
}

// set changes one setting of a clone.
func (s *State) set(path, value string) error {
	for _, x := range houseSettings {
		if x.name == path {
			return x.write(&s.Config, value)
		}
	}
	kind, rest, _ := strings.Cut(path, ".")
	of, name, _ := strings.Cut(rest, ".")
	switch kind {
	case kindPairs:
		for i, p := range s.Config.Pairs {
			if p.Pair.String() == of {
				return setIn(pairSettings, &s.Config.Pairs[i], name, value)
			}
		}
		return fmt.Errorf("%.20q is no pair of this deployment", of)
	case kindVenues:
		v, ok := s.Venues[of]
		if !ok {
			return fmt.Errorf("%.40q is none of the venues %s", of, strings.Join(slices.Sorted(maps.Keys(s.Venues)), ", "))
		}
		if name == settingInstruments {
			list, err := s.instruments(value)
			v.Instruments = list
			s.Venues[of] = v
			return err
		}
		err := setIn(venueSettings, &v, name, value)
		s.Venues[of] = v
		return err
	}
	if kind == kindHedging {
		return s.Hedging.set(rest, value)
	}
	return errors.New("there is no such setting")
}

// Engine is the configuration that the engine takes.
func (s State) Engine() liquidity.Config {
	c := s.Config
	c.Market.Venues = make(map[string]liquidity.VenueTerms, len(s.Venues))
	for name, v := range s.Venues {
		c.Market.Venues[name] = v.Terms
	}
	return c
}

// Parse makes a state of all settings there are, as Document lists them, without what they
// say nothing of: fees, windows and the like are such that they stand in nobody's way. It
// serves to judge a document where only a daemon's settings are known.
func Parse(all Document) (State, error) {
	if err := all.Validate(); err != nil {
		return State{}, err
	}
	s := State{Config: liquidity.Default(), Venues: map[string]Venue{}}
	s.Config.Pairs, s.Config.Fees = nil, map[asset.ID]liquidity.Fees{}
	for _, a := range asset.All() {
		none := asset.Amount{Asset: a.ID}
		s.Config.Fees[a.ID] = liquidity.Fees{Network: none, RefundMax: none}
	}
	hedges := hedge.Policies{Assets: map[asset.ID]hedge.Policy{}}
	for _, p := range slices.Sorted(maps.Keys(all)) {
		kind, rest, _ := strings.Cut(p, ".")
		of, name, _ := strings.Cut(rest, ".")
		switch {
		case kind == kindPairs && name == pairSettings[0].name:
			from, to, _ := strings.Cut(of, "-")
			s.Config.Pairs = append(s.Config.Pairs, liquidity.PairConfig{Pair: asset.Pair{From: asset.ID(from), To: asset.ID(to)}})
		case kind == kindVenues && name == settingInstruments:
			s.Venues[of] = Venue{}
			s.Instruments = append(s.Instruments, names(all[p])...)
		case kind == kindHedging && name == hedgeSettings[0].name:
			hedges.Assets[asset.ID(of)] = hedge.Policy{Instrument: hedgeBook(asset.ID(of)), Target: new(big.Int)}
		}
	}
	slices.Sort(s.Instruments)
	s.Instruments = slices.Compact(s.Instruments)
	s.Hedging = NewHedging(hedges, nil)
	next := s.clone()
	for _, p := range slices.Sorted(maps.Keys(all)) {
		if err := next.set(p, all[p]); err != nil {
			return State{}, fmt.Errorf("%s: %w", p, err)
		}
	}
	next.Hedging = next.Hedging.sealed()
	return next, errors.Join(next.Engine().Validate(), next.Hedging.validate())
}
