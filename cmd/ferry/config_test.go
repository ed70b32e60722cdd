package main

import (
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/liquidity/config"
	"ferry/liquidity/hedge"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/seed"
)

// configDefaultsJSON are the settings of a daemon with two pairs and three venues, that hedges ether.
func configDefaultsJSON(t *testing.T) string {
	t.Helper()
	one := []string{"ETH-BTC"}
	terms := liquidity.VenueTerms{SharePPM: 1_000_000}
	file := hedge.Policies{SlipBPS: 30, Assets: map[asset.ID]hedge.Policy{asset.ETH: {
		Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}, Target: new(big.Int), Band: asset.MustUnits("500000000000000000"),
		OrderMost: asset.MustUnits("20000000000000000000"), Early: asset.MustUnits("5000000000000000000"), UnconfirmedMost: asset.MustUnits("30000000000000000000")}}}
	state := config.State{Config: liquidity.Default(), Instruments: one, Venues: map[string]config.Venue{
		"binance": {On: true, Instruments: one, Terms: terms}, "kraken": {On: true, Instruments: one, Terms: terms}, "okx": {Instruments: one, Terms: terms}},
		Hedging: config.NewHedging(file, map[asset.ID]asset.Units{asset.ETH: asset.MustUnits("2000000000000000000")})}
	raw, err := json.Marshal(state.Document())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// runs has a daemon say what it runs, as of seed.Now.
func runs(t *testing.T, db *seed.Database, instance string, version any, wanted int, problem, pending string, ago time.Duration) {
	t.Helper()
	db.Exec(`INSERT INTO liquidity.config_daemon (instance, defaults, version, wanted, problem, pending, started_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (instance) DO UPDATE SET version = excluded.version, wanted = excluded.wanted, problem = excluded.problem, pending = excluded.pending, seen_at = excluded.seen_at`,
		instance, configDefaultsJSON(t), version, wanted, problem, pending, seed.Now.Add(-time.Hour), seed.Now.Add(-ago))
}

// obedient makes a running daemon take over whatever is set, in the same transaction.
func obedient(db *seed.Database) {
	db.Exec(`CREATE FUNCTION liquidity.obey() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		UPDATE liquidity.config_daemon SET version = NEW.version, wanted = NEW.version, problem = ''; RETURN NULL; END $$`)
	db.Exec("CREATE TRIGGER obey AFTER INSERT ON liquidity.config_version FOR EACH ROW EXECUTE FUNCTION liquidity.obey()")
}

// settled is the settings' times made those of the story, for golden files.
func settled(db *seed.Database) {
	db.Exec("ALTER TABLE liquidity.config_version DISABLE TRIGGER config_version_immutable")
	db.Exec("UPDATE liquidity.config_version SET at = $1::timestamptz - (10 - version) * interval '1 minute'", seed.Now)
	db.Exec("ALTER TABLE liquidity.config_version ENABLE TRIGGER config_version_immutable")
}

// Setup: a daemon that takes over what is set. Test: what people see when they set, look,
// compare and go back.
func TestConfigAsPeopleSeeIt(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	runs(t, db, "liquidityd", 0, 0, "", "", 2*time.Second)
	obedient(db)
	cli := func(args ...string) ran { return ferry(t, env, append([]string{"config"}, args...)...) }
	golden(t, "config_none.txt", cli("show").out)
	set := cli("set", "pairs.BTC-ETH.stopped=Maintenance until noon.", "pairs.*.spread_bps=030", "limits.lock_seconds=90", "--reason", "a drill")
	expect(t, set, 0, "Version 1, set as alice, on record.", "liquidityd runs it.")
	golden(t, "config_set.txt", set.out)
	expect(t, cli("set", "limits.lock_seconds=default", "pairs.BTC-ETH.stopped=", "--reason", "over", "--actor", "bob"), 0, "Version 2, set as bob")
	expect(t, cli("rollback", "1", "--reason", "not over", "--expect", "2"), 0, "Version 3")
	settled(db)
	golden(t, "config_show.txt", cli("show").out)
	golden(t, "config_diff.txt", cli("diff").out)
	golden(t, "config_history.txt", cli("history").out)
	for _, row := range []struct {
		args []string
		says string
	}{
		{[]string{"diff", "0"}, "From version 0 to 3: 4 settings"}, {[]string{"diff", "1", "3"}, "From version 1 to 3: 0 settings"},
		{[]string{"diff", "2", "1"}, "limits.lock_seconds"}, {[]string{"history", "--most", "1"}, "There are more, which are older."},
		{[]string{"show", "--all"}, "venues.okx.on"}, {[]string{"show", "--json"}, `"pairs.BTC-ETH.spread_bps": "30"`}, {[]string{"diff", "--json"}, `"to": "90"`},
		{[]string{"history", "--json"}, `"restores": 1`}, {[]string{"rollback", "0", "--reason", "all the way"}, "Version 4"},
	} {
		expect(t, cli(row.args...), 0, row.says)
	}
	if got := db.Text("SELECT settings::text FROM liquidity.config_version WHERE version = 4"); got != "{}" {
		t.Errorf("the defaults are %s", got)
	}
}

// Setup: a daemon that hedges. Test: what people see when they change by what, and go back; what
// the file does not allow is refused; and where nobody hedges nothing is set.
func TestHedgingAsPeopleSetIt(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	runs(t, db, "liquidityd", 0, 0, "", "", 2*time.Second)
	obedient(db)
	cli := func(args ...string) ran { return ferry(t, env, append([]string{"config"}, args...)...) }
	set := cli("set", "hedging.ETH.band=01.50", "hedging.ETH.early_from=none", "hedging.ETH.early_move_ppm=12000", "hedging.slip_bps=20", "--reason", "a lively night")
	expect(t, set, 0, "Version 1, set as alice, on record.")
	golden(t, "config_hedging_set.txt", set.out)
	for setting, says := range map[string]string{
		"hedging.ETH.band=2.5":   "hedging.ETH.band: 2.5 ETH is more than the deployment's file allows, 2 ETH",
		"hedging.ETH.band_max=9": "hedging.ETH.band_max: no version changes it", "hedging.ETH.lock_from=40": "the deployment's file says never", "hedging.slip_bps=31": "31 is more than the deployment's file allows, 30 basis points",
		"hedging.LTC.band=1": "LTC is not hedged by this deployment", "hedging.ETH.early_from=0": "write none for never",
	} {
		expect(t, cli("set", setting, "--reason", "r"), 1, "nothing was set", says)
	}
	expect(t, cli("rollback", "0", "--reason", "over"), 0, "Version 2")
	settled(db)
	golden(t, "config_hedging_diff.txt", cli("diff").out)
	all := cli("show", "--all")
	expect(t, all, 0, "hedging.ETH.band_max", "hedging.ETH.lock_from")
	db.Exec(`UPDATE liquidity.config_daemon SET defaults = (SELECT jsonb_object_agg(key, value) FROM jsonb_each(defaults) WHERE key NOT LIKE 'hedging.%')`)
	expect(t, cli("set", "hedging.ETH.band=1", "--reason", "r"), 1, "nothing was set: hedging.ETH.band: no liquidityd hedges, which FERRY_HEDGE turns on")
}

// Whatever is wrong is said, with what and which limit, and nothing is set.
func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	expect(t, ferry(t, env, "config", "set", "limits.lock_seconds=90", "--reason", "r"), 1, "no liquidityd has said yet which settings there are")
	runs(t, db, "liquidityd", 0, 0, "", "", 2*time.Second)
	for _, row := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"set", "--reason", "r"}, 2, "as <setting>=<value>"},
		{[]string{"set", "limits.lock_seconds", "--reason", "r"}, 2, `"limits.lock_seconds" is no <setting>=<value>`},
		{[]string{"set", "pairs.[=1", "--reason", "r"}, 2, "is no setting"},
		{[]string{"set", "limits.lock_seconds=90"}, 2, "--reason must say why"},
		{[]string{"set", "limits.lock_seconds=90", "--reason", "r", "--actor", strings.Repeat("x", 101)}, 2, "--actor must say who you are"},
		{[]string{"set", "limits.lock_seconds=900", "--reason", "r"}, 1, "limits.lock_seconds: \"900\" is no whole number of seconds from 1 to 600"},
		{[]string{"set", "limits.lock_second=9", "--reason", "r"}, 1, "limits.lock_second: there is no such setting"},
		{[]string{"set", "pears.*.spread_bps=9", "--reason", "r"}, 1, "pears.*.spread_bps stands for no setting"},
		{[]string{"set", "venues.kraken.on=false", "--reason", "r"}, 1, "ETH-BTC would be read at 1 of them, and needs 2"},
		{[]string{"set", "pairs.BTC-ETH.stopped=a\x1b[2J", "--reason", "r"}, 1, "printable"},
		{[]string{"set", "limits.lock_seconds=60", "--reason", "r", "--expect", "3"}, 1, "the newest version is 0"},
		{[]string{"set", "limits.lock_seconds=default", "--reason", "r"}, 1, "nothing was set: version 0 says all that already"},
		{[]string{"rollback", "7", "--reason", "r"}, 1, "there is no version 7"},
		{[]string{"rollback", "-1", "--reason", "r"}, 2, ""},
		{[]string{"rollback", "x", "--reason", "r"}, 2, `"x" is no version`},
		{[]string{"rollback", "--reason", "r"}, 2, "0 arguments where 1 belong"},
		{[]string{"diff", "1", "2", "3"}, 2, "at most 2"}, {[]string{"diff", "1.5"}, 2, "is no version"}, {[]string{"diff", "4"}, 1, "there is no version 4"},
		{[]string{"history", "--most", "0"}, 2, "--most must be 1 to 1000"},
		{[]string{"sow"}, 2, `no command "sow"; did you mean show?`},
	} {
		got := ferry(t, env, append([]string{"config"}, row.args...)...)
		expect(t, got, row.code, row.says)
		if strings.ContainsRune(got.out+got.errs, '\x1b') {
			t.Errorf("%v: the answer steers the terminal", row.args)
		}
	}
	expect(t, ferry(t, env, "config", "set", "limits.lock_seconds=90", "--reason", "r", "--dry-run"), 0, "limits.lock_seconds")
	if got := db.Text("SELECT (SELECT count(*) FROM liquidity.config_version) || ' ' || count(*) FROM liquidity.outbox"); got != "0 0" {
		t.Errorf("versions and messages stored: %s", got)
	}
}

// Setup: versions that nobody may write any more, daemons of before the upgrade, and a version
// that no daemon can run. Test: others can be set and old ones restored, pairs can always be
// stopped, and what is written now is refused.
func TestConfigAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	runs(t, db, "liquidityd", 0, 0, "", "", 2*time.Second)
	obedient(db)
	stored := func(newest int, settings string) {
		db.Exec("SELECT liquidity.config_set($1, $2, NULL, 'before the upgrade', 'alice')", newest, settings)
	}
	set := func(settings ...string) ran {
		return ferry(t, env, append([]string{"config", "set", "--reason", "r"}, settings...)...)
	}
	newest := func() string {
		return db.Text("SELECT settings::text FROM liquidity.config_version ORDER BY version DESC LIMIT 1")
	}
	expect(t, set("limits.client_ppm=0"), 1, "nothing was set: liquidityd could not run it", "limits.client_ppm: 0 would be no bound at all: write none")
	stored(0, `{"limits.client_ppm": "0", "pairs.BTC-ETH.risk_most": "0"}`)
	expect(t, set("pairs.BTC-ETH.stopped=An emergency."), 0, "Version 2", "liquidityd runs it.")
	if got := newest(); !strings.Contains(got, `"limits.client_ppm": "0"`) {
		t.Errorf("a daemon of before the upgrade could not run %s", got)
	}
	expect(t, set("limits.unconfirmed_ppm=0"), 1, "limits.unconfirmed_ppm: 0 would be")
	db.Exec(`UPDATE liquidity.config_daemon SET defaults = replace(defaults::text, '"none"', '"0"')::jsonb`)
	expect(t, set("limits.lock_seconds=90"), 0, "Version 3")
	expect(t, ferry(t, env, "config", "rollback", "1", "--reason", "r"), 0, "Version 4")

	stored(4, `{"venues.gone.on": "true"}`)
	expect(t, set("limits.lock_seconds=90"), 1, "nothing was set: liquidityd could not run it", `"gone" is none of the venues`)
	expect(t, set("pairs.BTC-ETH.stopped=An emergency.", "limits.lock_seconds=90"), 1, "nothing was set")
	expect(t, set("pairs.BTC-ETC.stopped=An emergency."), 1, "nothing was set", `"BTC-ETC" is no pair`)
	expect(t, set("pairs.*.stopped=An emergency."), 0, "the rest is to be mended", `"gone" is none of the venues`, "Version 6")
	if got := newest(); !strings.Contains(got, `"pairs.ETH-BTC.stopped": "An emergency."`) || !strings.Contains(got, "venues.gone.on") {
		t.Error(got)
	}
	db.Exec(`UPDATE liquidity.config_daemon SET defaults = defaults || '{"market.of_a_newer_daemon": "1"}'`)
	expect(t, set("pairs.BTC-ETH.stopped=Another emergency."), 0, "the settings of liquidityd can't be understood", "Version 7")
}

// Two who have seen the same version can't both change it.
func TestConfigSetAtOnce(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	runs(t, db, "liquidityd", 0, 0, "", "", 2*time.Second)
	obedient(db)
	var group sync.WaitGroup
	results := make([]ran, 4)
	for n := range results {
		group.Go(func() {
			results[n] = ferry(t, env, "config", "set", "limits.lock_seconds="+[]string{"70", "71", "72", "73"}[n], "--reason", "race", "--expect", "0")
		})
	}
	group.Wait()
	won := 0
	for _, got := range results {
		if got.code == 0 {
			won++
			continue
		}
		expect(t, got, 1, "nothing was set: the newest version is 1", "alice: race")
	}
	if versions := db.Text("SELECT count(*)::text FROM liquidity.config_version"); won != 1 || versions != "1" {
		t.Errorf("%d won, %s versions", won, versions)
	}
}

// A daemon that can't run a version is named with its reason, by the command that set it
// and by whoever looks; one that is gone is in nobody's way.
func TestConfigThatADaemonCannotRun(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	env := people(db)
	runs(t, db, "gone", 0, 0, "", "", time.Hour)
	expect(t, ferry(t, env, "config", "set", "limits.lock_seconds=90", "--reason", "nobody runs"), 0, "No liquidityd is running")
	runs(t, db, "liquidityd-1", 1, 1, "", "okx ETH-BTC begins", time.Second)
	runs(t, db, "liquidityd-2", nil, 1, "pairs.BTC-ETH: no such pair", "", time.Second)
	got := ferry(t, env, "config", "show")
	expect(t, got, 1, "liquidityd-2 can't run version 1: pairs.BTC-ETH: no such pair", "all its pairs are stopped", "liquidityd-1 is changing what it subscribes to: okx ETH-BTC begins", "gone")
	db.Exec(`CREATE FUNCTION liquidity.balk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		UPDATE liquidity.config_daemon SET wanted = NEW.version, problem = 'the venue has no such book'; RETURN NULL; END $$`)
	db.Exec("CREATE TRIGGER balk AFTER INSERT ON liquidity.config_version FOR EACH ROW EXECUTE FUNCTION liquidity.balk()")
	expect(t, ferry(t, env, "config", "set", "limits.lock_seconds=91", "--reason", "it balks"), 1, "Version 2, set as alice", "liquidityd-1 can't run version 2: the venue has no such book")
	db.Exec("DROP TRIGGER balk ON liquidity.config_version")
	var out, errs strings.Builder
	code := run(t.Context(), []string{"config", "set", "limits.lock_seconds=92", "--reason", "asleep"}, &app{out: &out, errs: &errs, now: func() time.Time { return seed.Now },
		patience: time.Millisecond, lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	expect(t, ran{code, out.String(), errs.String()}, 1, "Not taken over within 1ms")
}

// The daemon that runs configurations can't write one, nor support.
func TestOnlyOperatorsSetConfigurations(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	for _, role := range []string{"ferry_liquidity", "ferry_support"} {
		c, err := pgx.ParseConfig(db.SupportURL)
		if err != nil {
			t.Fatal(err)
		}
		c.User = role
		conn, err := pgx.ConnectConfig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{"SELECT liquidity.config_set(0, '{}', NULL, 'r', 'eve')", "INSERT INTO liquidity.config_version (version, settings, actor, reason) VALUES (1, '{}', 'a', 'b')",
			"DELETE FROM liquidity.config_version"} {
			if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "42501") {
				t.Errorf("%s as %s: %v", sql, role, err)
			}
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
