package config_test

import (
	"maps"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/hedge"
	"ferry/swap/asset"
)

// hedged are the policies of a file that hedges ether early, and litecoin when it is confirmed.
func hedged() hedge.Policies {
	eth, ltc := liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}, liquidity.Instrument{Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	return hedge.Policies{SlipBPS: 30, Assets: map[asset.ID]hedge.Policy{
		asset.ETH: {Instrument: eth, Target: big.NewInt(-5), Band: asset.MustUnits("500000000000000000"), OrderMost: asset.MustUnits("20000000000000000000"),
			Early: asset.MustUnits("5000000000000000000"), AtLock: asset.MustUnits("30000000000000000000"), UnconfirmedMost: asset.MustUnits("60000000000000000000"),
			EarlyMovePPM: 10_000, LockMovePPM: 8000},
		asset.LTC: {Instrument: ltc, Target: new(big.Int), Band: asset.NewUnits(100), OrderMost: asset.NewUnits(10_000)}}}
}

// What is set is what is hedged by; targets and instruments are the file's.
func TestThresholdsThatAreSet(t *testing.T) {
	t.Parallel()
	if got := base().Hedging.Policies(); !reflect.DeepEqual(got, hedged()) {
		t.Errorf("version 0 hedges by %+v", got)
	}
	s, err := base().Written(nil, config.Document{"hedging.ETH.band": "2", "hedging.ETH.order_max": "1.5", "hedging.ETH.early_from": "none", "hedging.ETH.early_move_ppm": "none",
		"hedging.ETH.lock_from": "40", "hedging.ETH.lock_move_ppm": "9000", "hedging.ETH.unconfirmed_max": "50", "hedging.LTC.band": "0", "hedging.slip_bps": "7"})
	if err != nil {
		t.Fatal(err)
	}
	want := hedged()
	eth, ltc := want.Assets[asset.ETH], want.Assets[asset.LTC]
	eth.Band, eth.OrderMost, eth.Early, eth.EarlyMovePPM = asset.MustUnits("2000000000000000000"), asset.MustUnits("1500000000000000000"), asset.Units{}, 0
	eth.AtLock, eth.LockMovePPM, eth.UnconfirmedMost = asset.MustUnits("40000000000000000000"), 9000, asset.MustUnits("50000000000000000000")
	ltc.Band = asset.Units{}
	want.Assets[asset.ETH], want.Assets[asset.LTC], want.SlipBPS = eth, ltc, 7
	if got := s.Hedging.Policies(); !reflect.DeepEqual(got, want) {
		t.Errorf("it hedges by %+v, want %+v", got, want)
	}
	for path, value := range map[string]string{"hedging.ETH.early_from": "none", "hedging.ETH.band_max": "2", "hedging.LTC.band_max": "0.000001", "hedging.LTC.lock_from": "none", "hedging.slip_bps": "7"} {
		if got := s.Document()[path]; got != value {
			t.Errorf("%s reads %q, want %q", path, got, value)
		}
	}
	if len(s.Hedging.Beyond()) > 0 || !reflect.DeepEqual(base().Hedging.Policies(), hedged()) {
		t.Error("the state it began with was changed")
	}
	// The least order is a hundredth of the file's. What is stored is run, so that a file that allows
	// more stops no daemon, and it stands in the way of no other change.
	if _, err := base().Written(nil, config.Document{"hedging.ETH.order_max": "0.2"}); err != nil {
		t.Error(err)
	}
	small := config.Document{"hedging.ETH.order_max": "0.1"}
	if _, err := base().Written(small, config.Document{"hedging.ETH.order_max": "0.1", "hedging.ETH.band": "1"}); err != nil {
		t.Error(err)
	}
	// Who lets locks never count need not say from which market on they would.
	if s, err := base().Written(nil, config.Document{"hedging.ETH.lock_from": "none"}); err != nil || s.Hedging.Policies().Assets[asset.ETH].LockMovePPM != 0 {
		t.Errorf("locks that never count: %v", err)
	}
}

// Each mistake is told with its path and its limit.
func TestThresholdsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, value string
		want        string
	}{
		{"hedging.ETH.band", "2.000000000000000001", "hedging.ETH.band: 2.000000000000000001 ETH is more than the deployment's file allows, 2 ETH"},
		{"hedging.LTC.band", "0.00000101", "0.00000101 LTC is more than the deployment's file allows, 0.000001 LTC"},
		{"hedging.ETH.band_max", "9", "hedging.ETH.band_max: no version changes it"},
		{"hedging.ETH.band", "-1", "hedging.ETH.band"}, {"hedging.ETH.band", "none", "hedging.ETH.band"}, {"hedging.ETH.band", "1e3", "hedging.ETH.band"},
		{"hedging.ETH.order_max", "21", "21 ETH is more than the deployment's file allows, 20 ETH"}, {"hedging.ETH.order_max", "0", "0 would hedge nothing"},
		{"hedging.ETH.order_max", "0.199999999999999999", "hedging.ETH.order_max: 0.199999999999999999 ETH would hedge next to nothing: give at least 0.2 ETH, a hundredth of the deployment's file's 20 ETH"},
		{"hedging.LTC.order_max", "0.00000099", "give at least 0.000001 LTC, a hundredth"},
		{"hedging.ETH.unconfirmed_max", "61", "61 ETH is more than the deployment's file allows, 60 ETH"},
		{"hedging.ETH.unconfirmed_max", "0", "hedging.ETH: nothing is hedged before it is confirmed with unconfirmed_max at 0"},
		{"hedging.ETH.lock_from", "29", "29 ETH is less than the deployment's file allows, 30 ETH"}, {"hedging.ETH.lock_from", "0", "hedging.ETH.lock_from: 0 reads as if everything counted"},
		{"hedging.LTC.lock_from", "29", "hedging.LTC.lock_from: the deployment's file says never"}, {"hedging.LTC.lock_move_ppm", "100", "hedging.LTC.lock_move_ppm: locks never count"},
		{"hedging.LTC.early_from", "1", "hedging.LTC: nothing is hedged before it is confirmed with unconfirmed_max at 0"},
		{"hedging.ETH.lock_move_ppm", "7999", "7999 (none is 0) is less than the deployment's file allows, 8000 millionths"}, {"hedging.ETH.lock_move_ppm", "none", "0 (none is 0) is less"},
		{"hedging.ETH.early_move_ppm", "0", "0 reads as if any market were lively"}, {"hedging.ETH.early_move_ppm", "1000001", "from 1 to 1000000"},
		{"hedging.slip_bps", "31", "hedging.slip_bps: 31 is more than the deployment's file allows, 30 basis points"}, {"hedging.slip_bps", "501", "from 1 to 500"}, {"hedging.slip_bps", "0", "from 1 to 500"},
		{"hedging.ETH.target", "1", "hedging.ETH.target: there is no such setting"}, {"hedging.moon", "1", "no asset that could be hedged"}, {"hedging", "1", "no asset that could be hedged"},
		{"hedging.BCH.band", "1", "hedging.BCH.band: BCH is not hedged by this deployment"}, {"hedging.BTC.band", "1", `"BTC" is no asset that could be hedged`}, {"hedging.BCH.bond", "1", "there is no such setting"},
	} {
		for of, s := range map[string]config.State{"the daemon": base(), "its settings": parsed(t)} {
			if _, err := s.Written(nil, config.Document{c.path: c.value}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s=%s: %s says %v, want %q", c.path, c.value, of, err, c.want)
			}
		}
	}
}

// parsed is base as its settings tell it.
func parsed(t *testing.T) config.State {
	t.Helper()
	s, err := config.Parse(base().Document())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Setup: versions from when the file allowed more, or hedged more. Test: a daemon runs them, no
// further than its file, and they stand in the way of no other change.
func TestThresholdsFromBeforeTheFileWasChanged(t *testing.T) {
	t.Parallel()
	file := hedged()
	for name, stored := range map[string]config.Document{
		"bounds":         {"hedging.ETH.band": "9", "hedging.ETH.order_max": "99", "hedging.ETH.unconfirmed_max": "99", "hedging.ETH.lock_from": "1", "hedging.ETH.lock_move_ppm": "none", "hedging.slip_bps": "400"},
		"never":          {"hedging.LTC.early_from": "1", "hedging.LTC.lock_from": "1", "hedging.LTC.unconfirmed_max": "5", "hedging.LTC.lock_move_ppm": "7", "hedging.LTC.early_move_ppm": "7"},
		"not hedged now": {"hedging.BCH.band": "1", "hedging.BCH.lock_from": "5"},
		"0 is none":      {"hedging.LTC.early_from": "0", "hedging.LTC.lock_move_ppm": "0"},
	} {
		s, err := base().With(stored)
		if err != nil {
			t.Errorf("%s: a daemon can't run it: %v", name, err)
			continue
		}
		want := hedge.Policies{Assets: maps.Clone(file.Assets), SlipBPS: file.SlipBPS}
		if name == "bounds" {
			eth := want.Assets[asset.ETH]
			eth.Band = asset.MustUnits("2000000000000000000")
			want.Assets[asset.ETH] = eth
		}
		if got := s.Hedging.Policies(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it hedges by %+v, want %+v", name, got, want)
		}
		if beyond := s.Hedging.Beyond(); (name == "bounds" || name == "never") == (len(beyond) == 0) {
			t.Errorf("%s: beyond the file are %v", name, beyond)
		}
		next := maps.Clone(stored)
		next["limits.lock_seconds"], next["hedging.ETH.early_from"] = "90", "7"
		if _, err := base().Written(stored, next); err != nil {
			t.Errorf("%s: nothing else can be changed: %v", name, err)
		}
	}
}

// A daemon that does not hedge obeys a version that is about hedging, too; nobody writes one
// while none hedges.
func TestThresholdsWithoutHedging(t *testing.T) {
	t.Parallel()
	plain := base()
	plain.Hedging = config.Hedging{}
	set := config.Document{"hedging.ETH.band": "0.1", "hedging.slip_bps": "7", "limits.lock_seconds": "90"}
	s, err := plain.With(set)
	if err != nil || s.Config.LockFor.Seconds() != 90 || s.Document()["hedging.ETH.band"] != "" {
		t.Errorf("%v, %v", err, s.Document())
	}
	if _, err := plain.With(config.Document{"hedging.slip_bps": "x"}); err == nil {
		t.Error("what is no number is taken")
	}
	off, on := plain.Document(), base().Document()
	if err := config.Unheard(nil, set, []config.Document{off}); err == nil || !strings.Contains(err.Error(), "hedging.ETH.band: no liquidityd hedges") {
		t.Error(err)
	}
	for _, c := range []struct {
		newest, next config.Document
		daemons      []config.Document
	}{{nil, set, []config.Document{off, on}}, {set, nil, []config.Document{off}}, {set, set, []config.Document{off}}, {nil, config.Document{"limits.lock_seconds": "90"}, nil}} {
		if err := config.Unheard(c.newest, c.next, c.daemons); err != nil {
			t.Error(err)
		}
	}
}

// Setup: versions that can't be run. Test: what they say of hedging is hedged by all the same, and
// nothing else of them is taken; where that is wrong, only what is confirmed is hedged.
func TestThresholdsOfAVersionThatCannotBeRun(t *testing.T) {
	t.Parallel()
	narrow := config.Document{"hedging.ETH.order_max": "2", "hedging.ETH.unconfirmed_max": "9", "hedging.ETH.band": "2", "hedging.slip_bps": "7", "limits.lock_seconds": "a while", "venues.moon.on": "true"}
	s, err := base().Hedges(narrow)
	if err != nil {
		t.Fatal(err)
	}
	want := hedged()
	eth := want.Assets[asset.ETH]
	eth.OrderMost, eth.UnconfirmedMost, eth.Band = asset.MustUnits("2000000000000000000"), asset.MustUnits("9000000000000000000"), asset.MustUnits("2000000000000000000")
	want.Assets[asset.ETH], want.SlipBPS = eth, 7
	if got := s.Hedging.Policies(); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(s.Engine(), base().Engine()) {
		t.Errorf("it hedges by %+v, want %+v", got, want)
	}
	narrow = maps.Clone(narrow)
	narrow["hedging.ETH.band"] = "a lot"
	s, err = base().Hedges(narrow)
	if err == nil || !strings.Contains(err.Error(), "hedging.ETH.band") {
		t.Errorf("it does not say what is wrong: %v", err)
	}
	want = hedged()
	eth = want.Assets[asset.ETH]
	eth.Early, eth.AtLock, eth.UnconfirmedMost, eth.EarlyMovePPM, eth.LockMovePPM = asset.Units{}, asset.Units{}, asset.Units{}, 0, 0
	want.Assets[asset.ETH] = eth
	if got := s.Hedging.Policies(); !reflect.DeepEqual(got, want) || got.Validate() != nil {
		t.Errorf("it hedges by %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(base().Hedging.Policies(), hedged()) {
		t.Error("the state it began with was changed")
	}
}

// Property: whatever a version says, what is hedged by passes hedging's own check and goes no
// further than the file.
func TestNoVersionHedgesByMoreThanTheFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDocument(t)
		for _, name := range []string{"band", "order_max", "early_from", "lock_from", "lock_move_ppm", "early_move_ppm", "unconfirmed_max"} {
			if rapid.Bool().Draw(t, name) {
				d["hedging.ETH."+name] = rapid.SampledFrom([]string{"none", "0", "0.1", "1", "7", "39", "80", "9000"}).Draw(t, "value")
			}
		}
		s, err := base().With(d)
		if err != nil {
			return
		}
		p, file := s.Hedging.Policies(), hedged()
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		eth, of := p.Assets[asset.ETH], file.Assets[asset.ETH]
		if of.OrderMost.Less(eth.OrderMost) || of.UnconfirmedMost.Less(eth.UnconfirmedMost) || asset.MustUnits("2000000000000000000").Less(eth.Band) || p.SlipBPS > file.SlipBPS ||
			!eth.AtLock.IsZero() && (eth.AtLock.Less(of.AtLock) || eth.LockMovePPM < of.LockMovePPM) {
			t.Fatalf("%v: %+v", d, eth)
		}
		if _, err := base().Written(nil, d); err == nil && len(s.Hedging.Beyond()) > 0 {
			t.Fatalf("%v was written and goes beyond the file: %v", d, s.Hedging.Beyond())
		}
	})
}
