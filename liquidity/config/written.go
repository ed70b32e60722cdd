package config

import (
	"errors"
	"fmt"
	"strings"

	"ferry/liquidity"
)

// Written is With for a document that somebody writes now, in place of the newest one. What
// it changes is held to more than what is stored: a bound is not written as 0, and where it
// changes spread or fee of a pair, both come to the pair's floor. What was stored before there
// were these rules is understood as it was meant, so that it never stands in the way of
// another change; whatever it says, no price is below the floor.
func (s State) Written(newest, next Document) (State, error) {
	state, err := s.With(next)
	if err != nil {
		return s, err
	}
	all, priced, changes := state.Document(), map[string]bool{}, Diff(newest, next)
	errs := state.Hedging.written(changes)
	for _, c := range changes {
		if c.To != nil && *c.To != none && all[c.Path] == none {
			errs = append(errs, fmt.Errorf("%s: %w", c.Path, zeroOf(c.Path)))
		}
		if pair, name, ok := pairSetting(c.Path); ok && (name == settingSpread || name == settingFee) {
			priced[pair] = true
		}
	}
	for _, p := range state.Config.Pairs {
		if both := p.SpreadBPS + p.FeeBPS; priced[p.Pair.String()] && both < p.FloorBPS {
			errs = append(errs, fmt.Errorf("pair %s: spread %d and fee %d come to %d basis points, and its floor is %d", p.Pair, p.SpreadBPS, p.FeeBPS, both, p.FloorBPS))
		}
	}
	if len(errs) > 0 {
		return s, errors.Join(errs...)
	}
	return state, nil
}

// OnlyStops reports that all a document changes is that pairs are stopped, which exist by
// the settings that a daemon says it has. Daemons stop these pairs even where they can't run
// the document (State.Stops), so it is never refused for what else is in it.
func OnlyStops(newest, next, known Document) bool {
	changes := Diff(newest, next)
	for _, c := range changes {
		_, name, ok := pairSetting(c.Path)
		if _, exists := known[c.Path]; !ok || name != settingStopped || !exists || c.To == nil || *c.To == "" {
			return false
		}
		if setIn(pairSettings, &liquidity.PairConfig{}, name, *c.To) != nil {
			return false
		}
	}
	return len(changes) > 0 && next.Validate() == nil
}

// pairSetting takes the path of a pair's setting apart.
func pairSetting(path string) (pair, name string, ok bool) {
	rest, ok := strings.CutPrefix(path, kindPairs+".")
	pair, name, found := strings.Cut(rest, ".")
	return pair, name, ok && found
}
