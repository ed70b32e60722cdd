package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// quorum is how many venues an instrument needs where that many have it in version 0: one
// alone could be wrong and nobody would know.
const quorum = 2

// names are the parts of a list of instruments.
func names(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func joined(list []string) string { return strings.Join(list, ",") }

// instruments reads a list: names with commas between, none for nothing.
func (s State) instruments(text string) ([]string, error) {
	wanted := names(text)
	for i, name := range wanted {
		if !slices.Contains(s.Instruments, name) {
			return nil, fmt.Errorf("%.20q is none of %s", name, joined(s.Instruments))
		}
		if slices.Contains(wanted[:i], name) {
			return nil, fmt.Errorf("%.20q is listed twice", name)
		}
	}
	var list []string
	for _, name := range s.Instruments {
		if slices.Contains(wanted, name) {
			list = append(list, name)
		}
	}
	return list, nil
}

// Subscription is a venue's instrument that is followed.
type Subscription struct {
	Venue, Instrument string
	Generation        int64
}

// Subscriptions are all that are wanted, by venue and instrument.
func (s State) Subscriptions() []Subscription {
	var list []Subscription
	for _, name := range slices.Sorted(maps.Keys(s.Venues)) {
		v := s.Venues[name]
		if !v.On {
			continue
		}
		for _, i := range v.Instruments {
			list = append(list, Subscription{name, i, v.Generation})
		}
	}
	return list
}

// venues counts those that an instrument is followed at.
func (s State) venues() map[string]int {
	n := map[string]int{}
	for _, x := range s.Subscriptions() {
		n[x.Instrument]++
	}
	return n
}

// served reports instruments with too few venues, and open pairs that nothing prices. base
// is version 0, which had enough of them.
func (s State) served(base State) error {
	var errs []error
	had, has := base.venues(), s.venues()
	for _, name := range s.Instruments {
		if need := min(quorum, had[name]); has[name] > 0 && has[name] < need {
			errs = append(errs, fmt.Errorf("venues: %s would be read at %d of them, and needs %d: leave another on, or take it off all", name, has[name], need))
		}
	}
	for _, p := range s.Config.Pairs {
		if p.Stopped == "" && !priced(string(p.Pair.From), string(p.Pair.To), has) {
			errs = append(errs, fmt.Errorf("pairs.%s: no venue would price it: leave its instruments at enough venues, or stop the pair", p.Pair))
		}
	}
	return errors.Join(errs...)
}

// priced reports whether instruments that some venue has lead from one asset to another, in
// one step or two, as liquidity.Market does.
func priced(from, to string, has map[string]int) bool {
	covers := func(a, b string) bool { return has[a+"-"+b] > 0 || has[b+"-"+a] > 0 }
	if covers(from, to) {
		return true
	}
	for name, n := range has {
		base, quote, _ := strings.Cut(name, "-")
		if n > 0 && (base == from && covers(quote, to) || quote == from && covers(base, to)) {
			return true
		}
	}
	return false
}
