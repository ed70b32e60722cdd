package main

import (
	"os"
	"testing"

	"ferry/deploy/acceptance/features"
	"ferry/deploy/acceptance/scenario"
)

// The document lists the scenarios that there are; each nasty case has one that is
// played, or waits for what is not built yet.
func TestDocument(t *testing.T) {
	t.Parallel()
	all, err := scenario.Load(features.Files)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../../docs/acceptance.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := listed(string(raw), all)
	if err != nil {
		t.Fatal(err)
	}
	if want != string(raw) {
		t.Error("docs/acceptance.md does not list the scenarios as they are: run go generate ./deploy/acceptance")
	}
	answered := map[string]bool{}
	for _, s := range all {
		for _, c := range s.Cases {
			answered[c] = true
		}
	}
	for _, c := range scenario.Cases() {
		if !answered[c.Name] {
			t.Errorf("no scenario answers %s: %s", c.Name, c.About)
		}
	}
}
