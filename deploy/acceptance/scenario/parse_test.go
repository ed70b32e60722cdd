package scenario_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"ferry/deploy/acceptance/scenario"
)

const good = `Feature: one
  Background:
    Given the default policy

  @row:a @peer:dust
  Scenario Outline: paid, <from>→<to>
    Given a locked <from>→<to> quote
    When the user pays 60 %
    And pays the rest after 5 minutes
    Then the swap settles in full

    Examples:
      | from | to  |
      | BTC  | ETH |
      | ETH  | BTC |

  @pending
  Scenario: shaken
    Given a locked BTC→ETH quote
    When swapd is killed
`

func load(t *testing.T, text string) ([]scenario.Scenario, error) {
	t.Helper()
	return scenario.Load(fstest.MapFS{"one.feature": {Data: []byte(text)}})
}

// An outline is a scenario for each example, with its background and tags.
func TestLoad(t *testing.T) {
	t.Parallel()
	all, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 || all[0].Name != "paid, BTC→ETH" || all[1].Name != "paid, ETH→BTC" {
		t.Fatalf("loaded %+v", all)
	}
	first, last := all[0], all[2]
	if strings.Join(first.Steps, "|") != "the default policy|a locked BTC→ETH quote|the user pays 60 %|pays the rest after 5 minutes|the swap settles in full" {
		t.Errorf("steps %q", first.Steps)
	}
	if first.Exclusive || first.Pending || first.Rows[0] != "a" || first.Cases[0] != "dust" {
		t.Errorf("the first is %+v", first)
	}
	if !last.Exclusive || !last.Pending || last.Feature != "one" {
		t.Errorf("the last is %+v", last)
	}
}

// What is not of the language is refused, with its place.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(string) string{
		"no such step":                func(s string) string { return strings.Replace(s, "pays 60 %", "pays some", 1) },
		"tag @later is not known":     func(s string) string { return strings.Replace(s, "@pending", "@later", 1) },
		"tag @peer:x is not known":    func(s string) string { return strings.Replace(s, "@peer:dust", "@peer:x", 1) },
		"another scenario is called":  func(s string) string { return strings.Replace(s, "paid, <from>→<to>", "paid", 1) },
		"one.feature":                 func(s string) string { return strings.Replace(s, "Scenario: shaken", "Scenery: shaken", 1) },
		"there are 0 scenarios":       func(string) string { return "Feature: none\n" },
		"a step with a table is none": func(s string) string { return s + "      | a |\n" },
	} {
		_, err := load(t, change(good))
		if err == nil || says != "a step with a table is none" && !strings.Contains(err.Error(), says) {
			t.Errorf("loading what should say %q: %v", says, err)
		}
	}
}

// A driver that can't open a world, or says that it can't, is reported as such.
func TestRunReports(t *testing.T) {
	t.Parallel()
	all, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	results := scenario.Run(t.Context(), closed{}, all, func(scenario.Result) { told++ })
	want := []scenario.Outcome{scenario.Skipped, scenario.Skipped, scenario.Waiting}
	for i, r := range results {
		if r.Outcome != want[i] || r.Scenario.Name != all[i].Name || r.Driver != "closed" {
			t.Errorf("result %d is %+v, want %s", i, r, want[i])
		}
	}
	if told != len(all) || results[0].Reason != "closed for 2 reasons" {
		t.Errorf("told %d results; the reason is %q", told, results[0].Reason)
	}
}

type closed struct{}

func (closed) Name() string { return "closed" }
func (closed) Lanes() int   { return 2 }
func (closed) Open(context.Context, scenario.Scenario) (scenario.World, error) {
	return nil, scenario.Cannot("closed for %d reasons", 2)
}
