package config_test

import (
	"maps"
	"strings"
	"testing"

	"ferry/liquidity/config"
)

// Setup: versions from before 0 was refused and before there was a floor. Test: a daemon runs
// them as they were meant, and they stand in the way of no other change, nor of going back to
// them; whoever writes the same now is refused.
func TestWhatWasStoredBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stored config.Document
		reads  string // where the state reads none or what was stored
		want   []string
	}{
		"a share of 0":  {config.Document{"limits.client_ppm": "0", "limits.unconfirmed_ppm": "0"}, "none", []string{"limits.client_ppm: 0 would be no bound at all: write none", "limits.unconfirmed_ppm: 0 would"}},
		"a move of 0":   {config.Document{"market.stop_move_ppm": "0"}, "none", []string{"market.stop_move_ppm: 0 would be no bound"}},
		"a risk of 0":   {config.Document{"pairs.BTC-ETH.risk_most": "0.00"}, "none", []string{"pairs.BTC-ETH.risk_most: 0 would be no bound"}},
		"a low spread":  {config.Document{"pairs.BTC-ETH.spread_bps": "0", "pairs.BTC-ETH.fee_bps": "0"}, "0", []string{"pair BTC-ETH: spread 0 and fee 0 come to 0 basis points, and its floor is 30"}},
		"just below it": {config.Document{"pairs.BTC-ETH.spread_bps": "0", "pairs.BTC-ETH.fee_bps": "29"}, "", []string{"spread 0 and fee 29 come to 29"}},
	} {
		state, err := base().With(c.stored)
		if err != nil {
			t.Errorf("%s: a daemon can't run it: %v", name, err)
			continue
		}
		for path := range c.stored {
			if got := state.Document()[path]; c.reads != "" && got != c.reads {
				t.Errorf("%s: %s reads %q", name, path, got)
			}
		}
		next := maps.Clone(c.stored)
		next["pairs.BTC-ETH.stopped"] = "An emergency."
		next["limits.lock_seconds"] = "90"
		if s, err := base().Written(c.stored, next); err != nil || s.Config.Pairs[0].Stopped == "" || s.Config.LockFor.Seconds() != 90 {
			t.Errorf("%s: nothing else can be changed: %v", name, err)
		}
		_, err = base().Written(config.Document{}, c.stored)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, written now: %v, want %q", name, err, want)
			}
		}
	}
	low := config.Document{"pairs.BTC-ETH.spread_bps": "0", "pairs.BTC-ETH.fee_bps": "0"}
	if _, err := base().Written(low, config.Document{"pairs.BTC-ETH.spread_bps": "29", "pairs.BTC-ETH.fee_bps": "0"}); err == nil {
		t.Error("a spread was written that stays below the floor")
	}
	if _, err := base().Written(low, config.Document{}); err != nil {
		t.Errorf("back to the file: %v", err)
	}
	if _, err := base().Written(nil, config.Document{"limits.client_ppm": "none", "pairs.BTC-ETH.stopped": "none"}); err != nil {
		t.Errorf("none, written now: %v", err)
	}
}

// A daemon of before the upgrade reports 0 where there is no bound, and no floor.
func TestWhatAnOlderDaemonReports(t *testing.T) {
	t.Parallel()
	all := base().Document()
	for path, value := range all {
		switch {
		case strings.HasSuffix(path, ".floor_bps"):
			delete(all, path)
		case value == "none":
			all[path] = "0"
		}
	}
	if all["pairs.BTC-ETH.risk_most"] != "0" || all["limits.client_ppm"] != "0" {
		t.Fatalf("it bounds something: %v", all)
	}
	parsed, err := config.Parse(all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Written(nil, config.Document{"limits.lock_seconds": "90"}); err != nil {
		t.Error(err)
	}
}

// What only stops pairs is told from everything else.
func TestOnlyStops(t *testing.T) {
	t.Parallel()
	newest, known := config.Document{"venues.gone.on": "true", "pairs.ETH-BTC.stopped": "As before."}, base().Document()
	with := func(path, value string) config.Document {
		next := maps.Clone(newest)
		next[path] = value
		return next
	}
	for _, c := range []struct {
		next config.Document
		want bool
	}{
		{with("pairs.BTC-ETH.stopped", "An emergency."), true}, {with("pairs.ETH-BTC.stopped", "Another reason."), true},
		{newest, false}, {with("pairs.ETH-BTC.stopped", ""), false}, {config.Document{"venues.gone.on": "true"}, false},
		{with("pairs.BTC-ETC.stopped", "No such pair."), false}, {with("pairs.BTC-ETH.stopped", strings.Repeat("x", 201)), false},
		{with("pairs.BTC-ETH.stopped", "a\x1b[2J"), false}, {with("pairs.BTC-ETH.spread_bps", "30"), false}, {with("venues.kraken.on", "false"), false},
	} {
		if got := config.OnlyStops(newest, c.next, known); got != c.want {
			t.Errorf("%v: %t", config.Diff(newest, c.next), got)
		}
	}
}
