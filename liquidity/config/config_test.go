package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/swap/asset"
)

// base is a deployment of four pairs and three venues, of which one is off, that hedges two assets.
func base() config.State {
	c := liquidity.Default()
	litecoin := asset.Amount{Asset: asset.LTC, Units: asset.NewUnits(1)}
	c.Fees[asset.LTC] = liquidity.Fees{Network: litecoin, RefundMax: litecoin}
	for _, p := range []asset.Pair{{From: asset.LTC, To: asset.ETH}, {From: asset.LTC, To: asset.BTC}} {
		c.Pairs = append(c.Pairs, liquidity.PairConfig{Pair: p, SpreadBPS: 20, Min: asset.Amount{Asset: asset.LTC, Units: asset.NewUnits(1000)},
			Max: asset.Amount{Asset: asset.LTC, Units: asset.NewUnits(1_000_000)}})
	}
	c.Pairs[0].FloorBPS = 30
	both := []string{"ETH-BTC", "LTC-BTC"}
	terms := liquidity.VenueTerms{SharePPM: 1_000_000}
	return config.State{Config: c, Instruments: both, Venues: map[string]config.Venue{
		"binance": {On: true, Instruments: both, Terms: terms}, "kraken": {On: true, Instruments: both, Terms: terms}, "okx": {Instruments: both, Terms: terms}},
		Hedging: config.NewHedging(hedged(), map[asset.ID]asset.Units{asset.ETH: asset.MustUnits("2000000000000000000")})}
}

func TestWhatIsSetIsWhatTheEngineTakes(t *testing.T) {
	t.Parallel()
	next, err := base().With(config.Document{"pairs.BTC-ETH.stopped": "Bitcoin is slow.", "pairs.ETH-BTC.spread_bps": "35", "pairs.ETH-BTC.min_deposit": "0.5",
		"pairs.LTC-ETH.risk_most": "12", "venues.okx.on": "true", "venues.kraken.instruments": "LTC-BTC", "venues.binance.share_ppm": "500000",
		"venues.binance.generation": "3", "market.stop_move_ppm": "30000", "limits.lock_seconds": "90", "limits.locks_per_client": "7"})
	if err != nil {
		t.Fatal(err)
	}
	c := next.Engine()
	if c.Pairs[0].Stopped != "Bitcoin is slow." || c.Pairs[1].SpreadBPS != 35 || c.Pairs[1].Min.String() != "0.5 ETH" || c.Pairs[2].RiskMost.String() != "1200000000" ||
		c.Market.Venues["binance"].SharePPM != 500_000 || c.Market.StopMovePPM != 30_000 || c.LockFor.Seconds() != 90 || c.MaxLocksPerClient != 7 {
		t.Errorf("%+v", c)
	}
	want := []config.Subscription{{"binance", "ETH-BTC", 3}, {"binance", "LTC-BTC", 3}, {"kraken", "LTC-BTC", 0}, {"okx", "ETH-BTC", 0}, {"okx", "LTC-BTC", 0}}
	if got := next.Subscriptions(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if before := base(); !reflect.DeepEqual(before.Config.Pairs, base().Config.Pairs) || before.Config.Pairs[0].Stopped != "" {
		t.Error("the state it began with was changed")
	}
}

// Each mistake is told with its path and its limit, all of them at once.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  config.Document
		want []string
	}{
		{config.Document{"pairs.BTC-ETH.spread_bps": "1001"}, []string{"pairs.BTC-ETH.spread_bps", "from 0 to 1000"}},
		{config.Document{"pairs.BTC-ETH.floor_bps": "0"}, []string{"pairs.BTC-ETH.floor_bps: no version changes it", "deployment's file"}},
		{config.Document{"limits.client_ppm": "-1"}, []string{"from 1 to 1000000"}},
		{config.Document{"pairs.BTC-ETH.spread_bps": "1e1"}, []string{"pairs.BTC-ETH.spread_bps", "no whole number"}},
		{config.Document{"pairs.BTC-ETH.spread": "1"}, []string{"pairs.BTC-ETH.spread: there is no such setting"}},
		{config.Document{"pairs.BTC-DOGE.spread_bps": "1"}, []string{`"BTC-DOGE" is no pair`}},
		{config.Document{"pairs.BTC-ETH.min_deposit": "2"}, []string{"pair BTC-ETH", "in order"}},
		{config.Document{"pairs.BTC-ETH.min_deposit": "0.000000001"}, []string{"pairs.BTC-ETH.min_deposit"}},
		{config.Document{"pairs.BTC-ETH.stopped": strings.Repeat("x", 201)}, []string{"at most 200 bytes"}},
		{config.Document{"pairs.BTC-ETH.stopped": "a\x1b[2J"}, []string{"printable"}},
		{config.Document{"venues.mtgox.on": "true"}, []string{`"mtgox" is none of the venues binance, kraken, okx`}},
		{config.Document{"venues.okx.on": "yes"}, []string{"venues.okx.on", "neither true nor false"}},
		{config.Document{"venues.okx.share_ppm": "0"}, []string{"from 1 to 1000000"}},
		{config.Document{"venues.okx.instruments": "BTC-USDT"}, []string{`"BTC-USDT" is none of ETH-BTC,LTC-BTC`}},
		{config.Document{"venues.okx.instruments": "ETH-BTC,ETH-BTC"}, []string{"listed twice"}},
		{config.Document{"venues.kraken.on": "false"}, []string{"ETH-BTC would be read at 1 of them, and needs 2", "LTC-BTC would be read at 1"}},
		{config.Document{"venues.kraken.instruments": "ETH-BTC", "venues.binance.instruments": "ETH-BTC"}, []string{"pairs.LTC-BTC: no venue would price it"}},
		{config.Document{"limits.oversubscribe_ppm": "5"}, []string{"oversubscription of 5", "from 1000000 to 2000000"}},
		{config.Document{"limits.lock_seconds": "0"}, []string{"limits.lock_seconds", "from 1 to 600"}},
		{config.Document{"limits.locks_per_client": "0"}, []string{"limits.locks_per_client", "from 1"}},
		{config.Document{"limits": "0", "": "1"}, []string{"no path"}},
		{config.Document{"pairs.BTC-ETH.fee_bps": "-1", "venues.okx.on": "", "moon": "1"}, []string{"pairs.BTC-ETH.fee_bps", "venues.okx.on", "moon: there is no such setting"}},
	} {
		_, err := base().With(c.set)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", c.set, err, want)
			}
		}
	}
	stopped := config.Document{"venues.kraken.instruments": "ETH-BTC", "venues.binance.instruments": "ETH-BTC", "pairs.LTC-BTC.stopped": "No venue.", "pairs.LTC-ETH.stopped": "No venue."}
	if _, err := base().With(stopped); err != nil {
		t.Errorf("an instrument that only stopped pairs need: %v", err)
	}
}

// Bounds read none where there are none, and the floor stands however low one goes above it.
func TestBoundsThatAreNone(t *testing.T) {
	t.Parallel()
	set := config.Document{"pairs.BTC-ETH.risk_most": "3", "market.stop_move_ppm": "5", "limits.client_ppm": "7", "limits.unconfirmed_ppm": "9", "pairs.BTC-ETH.spread_bps": "0", "pairs.BTC-ETH.fee_bps": "30"}
	bounded, err := base().With(set)
	if err != nil {
		t.Fatal(err)
	}
	free, err := bounded.With(config.Document{"pairs.BTC-ETH.risk_most": "none", "market.stop_move_ppm": "none", "limits.client_ppm": "none", "limits.unconfirmed_ppm": "none"})
	if err != nil {
		t.Fatal(err)
	}
	c := free.Engine()
	if !c.Pairs[0].RiskMost.IsZero() || c.Market.StopMovePPM+c.ClientPPM+c.UnconfirmedPPM != 0 {
		t.Errorf("%+v", c)
	}
	for path, want := range map[string]string{"pairs.BTC-ETH.risk_most": "none", "market.stop_move_ppm": "none", "limits.client_ppm": "none", "limits.unconfirmed_ppm": "none", "pairs.BTC-ETH.floor_bps": "30"} {
		if got := free.Document()[path]; got != want {
			t.Errorf("%s reads %q, want %q", path, got, want)
		}
	}
	if got := bounded.Document()["limits.client_ppm"]; got != "7" {
		t.Errorf("a bound of 7 reads %q", got)
	}
}

// A document that can't be taken over still stops what it stops, and opens nothing.
func TestStopsOfWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	running, err := base().With(config.Document{"pairs.ETH-BTC.stopped": "As before."})
	if err != nil {
		t.Fatal(err)
	}
	d := config.Document{"pairs.BTC-ETH.stopped": "An emergency.", "pairs.ETH-BTC.stopped": "", "pairs.LTC-ETH.stopped": strings.Repeat("x", 201), "pairs.BTC-ETH.spread_bps": "x"}
	if _, err := base().With(d); err == nil {
		t.Fatal("it was taken over")
	}
	want := []string{"An emergency.", "As before.", "Maintenance.", ""}
	for i, p := range running.Stops(d).Config.Pairs {
		if p.Stopped != want[i] || p.SpreadBPS != running.Config.Pairs[i].SpreadBPS {
			t.Errorf("%s: %+v", p.Pair, p)
		}
	}
	if running.Config.Pairs[0].Stopped != "" {
		t.Error("the state it began with was changed")
	}
}

// What a daemon's settings say is enough to judge a document as the daemon itself does.
func TestSettingsAloneJudgeTheSame(t *testing.T) {
	t.Parallel()
	parsed, err := config.Parse(base().Document())
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(parsed.Document(), base().Document()) {
		t.Errorf("%v", config.Diff(base().Document(), parsed.Document()))
	}
	rapid.Check(t, func(t *rapid.T) {
		d := anyDocument(t)
		at, here := base().With(d)
		judged, there := parsed.With(d)
		if (here == nil) != (there == nil) {
			t.Fatalf("%v: the daemon says %v, the settings %v", d, here, there)
		}
		if here == nil && !maps.Equal(at.Document(), judged.Document()) {
			t.Fatalf("%v: %v", d, config.Diff(at.Document(), judged.Document()))
		}
	})
}

// anyDocument draws settings, of which some are wrong.
func anyDocument(t *rapid.T) config.Document {
	paths := slices.Sorted(maps.Keys(base().Document()))
	values := []string{"0", "none", "1", "7", "250", "1000000", "0.01", "true", "false", "", "ETH-BTC", "ETH-BTC,LTC-BTC", "Why not."}
	d := config.Document{}
	for range rapid.IntRange(0, 6).Draw(t, "settings") {
		d[rapid.SampledFrom(paths).Draw(t, "path")] = rapid.SampledFrom(values).Draw(t, "value")
	}
	return d
}

// Setup: any sequence of settings, some of them refused, and of rollbacks. Test: each
// version is the one before with the difference applied; a rollback equals what it
// restores, in its document and in what the engine gets; what is refused changes nothing.
func TestVersionsFollowFromOneAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		versions := []config.Document{{}}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			newest := versions[len(versions)-1]
			var next config.Document
			if rapid.Bool().Draw(t, "rollback") {
				next = versions[rapid.IntRange(0, len(versions)-1).Draw(t, "to")]
			} else {
				next = maps.Clone(newest)
				maps.Copy(next, anyDocument(t))
			}
			before := base()
			state, err := before.With(next)
			if err != nil {
				if !maps.Equal(state.Document(), base().Document()) {
					t.Fatal("a refused document has changed the state")
				}
				continue
			}
			applied, err := newest.Apply(config.Diff(newest, next))
			if err != nil || !maps.Equal(applied, next) {
				t.Fatalf("%v with %v applied is %v, %v; want %v", newest, config.Diff(newest, next), applied, err, next)
			}
			again, err := base().With(applied)
			if err != nil || !reflect.DeepEqual(again.Engine(), state.Engine()) || !reflect.DeepEqual(again.Hedging, state.Hedging) || !slices.Equal(again.Subscriptions(), state.Subscriptions()) {
				t.Fatalf("the same document is another configuration: %v", err)
			}
			for path, value := range next {
				if all := state.Document(); all[path] == "" && value != "" {
					t.Fatalf("%s was set to %q and is nothing", path, value)
				}
			}
			versions = append(versions, next)
		}
	})
}

// A change is for the document it was made of.
func TestApplyRefusesAnotherBeginning(t *testing.T) {
	t.Parallel()
	one, two := config.Document{"a": "1"}, config.Document{"a": "2", "b": "3"}
	for _, d := range []config.Document{nil, {"a": "2"}, {"a": "1", "b": "2"}} {
		if _, err := d.Apply(config.Diff(one, two)); err == nil {
			t.Errorf("%v took a change that begins elsewhere", d)
		}
	}
	if got := fmt.Sprint(len(config.Diff(two, two)), len(config.Diff(nil, two))); got != "0 2" {
		t.Error(got)
	}
}

func TestDocumentsThatAreNone(t *testing.T) {
	t.Parallel()
	many := config.Document{}
	for n := range config.SettingsMost + 1 {
		many[fmt.Sprint("pairs.x", n)] = "1"
	}
	tooMany, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"": "JSON object", "[]": "JSON object", `{"a":1}`: "texts only", `{"a":{}}`: "texts only", `{"a":"1","a":"2"}`: "set twice", `{"a":"1"} x`: "follows",
		`{"a":"1"`: "JSON object", `{"":"1"}`: "no path", `{"a":"\u001b"}`: "printable", string(tooMany): "at most 2000", strings.Repeat(" ", config.DocumentMost+1): "at most 65536",
	} {
		if _, err := config.ParseDocument([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", raw, err, want)
		}
	}
}

// Whatever is read is printable, within the limits, and reads the same again; whatever a
// state takes over passes the engine's own check.
func FuzzParseDocument(f *testing.F) {
	for _, raw := range []string{`{}`, `{"pairs.BTC-ETH.spread_bps":"30"}`, `{"venues.okx.on":"true","venues.okx.instruments":"ETH-BTC"}`, `{"a":"1","a":"2"}`, `{"limits.lock_seconds":"-1"}`, `{"pairs.LTC-ETH.min_deposit":"1e9"}`,
		`{"hedging.ETH.band":"0.1","hedging.slip_bps":"7"}`, `{"hedging.LTC.lock_from":"none","hedging.BCH.band":"0"}`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := config.ParseDocument(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		same, err := config.ParseDocument(again)
		if err != nil || !maps.Equal(same, d) {
			t.Fatalf("%q is read as %v, %v", again, same, err)
		}
		if s, err := base().With(d); err == nil {
			if err := errors.Join(s.Engine().Validate(), s.Hedging.Policies().Validate()); err != nil {
				t.Fatal(err)
			}
		}
		// Settings that somebody else says a daemon has are read without harm.
		_, _ = config.Parse(d)
	})
}
