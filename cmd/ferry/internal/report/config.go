package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ferry/liquidity/config"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Config is the newest configuration and who runs it.
type Config struct {
	Newest config.Version `json:"newest"`
	// Defaults are all settings with their values in version 0, as the daemon that was heard
	// of last has them.
	Defaults config.Document        `json:"defaults"`
	Daemons  []support.ConfigDaemon `json:"daemons"`
}

// ShowConfig lays out what is set; with all, every setting there is.
func ShowConfig(p *console.Page, c Config, all bool) {
	p.Title("Configuration, version %d", c.Newest.Version)
	if c.Newest.Version > 0 {
		p.Field("set by", "%s at %s", c.Newest.Actor, p.When(c.Newest.At))
		p.Field("because", "%s", c.Newest.Reason)
	}
	if c.Newest.Restores != nil {
		p.Field("restores", "version %d", *c.Newest.Restores)
	}
	shown := c.Newest.Settings
	if all {
		shown = maps.Clone(c.Defaults)
		maps.Copy(shown, c.Newest.Settings)
	}
	if len(shown) == 0 {
		p.Text("Nothing is set: all is as the environment and the deployment's file say.")
	} else {
		p.Section("Settings")
		table := [][]string{{"setting", "version 0", "now"}}
		for _, path := range slices.Sorted(maps.Keys(shown)) {
			table = append(table, []string{path, shownAs(c.Defaults, path), settingText(shown[path])})
		}
		p.Table(table)
		settingUnits(p)
	}
	p.Section("Daemons")
	if len(c.Daemons) == 0 {
		p.Text("No liquidityd has said what it runs.")
		return
	}
	table := [][]string{{"instance", "runs", "heard"}}
	for _, d := range c.Daemons {
		runs := "none"
		if d.Version != nil {
			runs = strconv.FormatInt(*d.Version, 10)
		}
		heard := p.Ago(d.SeenAt)
		if d.Silent {
			heard += ", gone"
		}
		table = append(table, []string{d.Instance, runs, heard})
	}
	p.Table(table, 1)
	for _, d := range c.Daemons {
		if d.Silent {
			continue
		}
		ConfigOf(p, d, c.Newest.Version)
	}
}

// ConfigOf says what keeps a daemon from a version, and what it is still changing.
func ConfigOf(p *console.Page, d support.ConfigDaemon, version int64) {
	switch {
	case d.Problem != "":
		p.Alarm("%s can't run version %d: %s", d.Instance, d.Wanted, strings.ReplaceAll(d.Problem, "\n", "; "))
	case !d.Runs(version):
		p.Alarm("%s does not run version %d yet", d.Instance, version)
	}
	if d.Version == nil {
		p.Alarm("%s found no version to run when it began: all its pairs are stopped", d.Instance)
	}
	if d.Pending != "" {
		p.Item("%s is changing what it subscribes to: %s", d.Instance, d.Pending)
	}
}

// ConfigChanges lays out what differs, with version 0's values where nothing is set.
func ConfigChanges(p *console.Page, changes []config.Change, defaults config.Document) {
	table := [][]string{{"setting", "from", "to"}}
	for _, c := range changes {
		row := []string{c.Path, shownAs(defaults, c.Path), shownAs(defaults, c.Path)}
		if c.From != nil {
			row[1] = settingText(*c.From)
		}
		if c.To != nil {
			row[2] = settingText(*c.To)
		}
		table = append(table, row)
	}
	p.Table(table)
	settingUnits(p)
}

// settingUnits says what the numbers are of.
func settingUnits(p *console.Page) {
	p.Note("In brackets: version 0's. _bps: hundredths of a percent; _ppm: millionths; deposits and risk_most: coins of what is deposited; of hedging: coins of what is hedged.")
}

// ConfigHistory lays out versions, each with how many settings it changed.
func ConfigHistory(p *console.Page, list []config.Version, more bool) {
	p.Title("Configurations, the newest first")
	if len(list) == 0 {
		p.Text("Nothing was ever set.")
		return
	}
	for _, v := range list {
		p.Section("Version %d", v.Version)
		p.Field("set by", "%s at %s UTC", v.Actor, console.Clock(v.At))
		p.Field("because", "%s", v.Reason)
		if v.Restores != nil {
			p.Field("restores", "version %d", *v.Restores)
		}
		p.Field("settings", "%d that differ from version 0", len(v.Settings))
	}
	if more {
		p.Section("There are more, which are older.")
	}
}

// shownAs is a setting's value in version 0, as people read it.
func shownAs(defaults config.Document, path string) string {
	value, known := defaults[path]
	if !known {
		return "?"
	}
	return fmt.Sprintf("(%s)", settingText(value))
}

func settingText(value string) string {
	if value == "" {
		return "-"
	}
	return value
}
