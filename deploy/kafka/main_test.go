package main

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-root", "x", "-port", "9092", "go", "test", "-count=1"})
	if err != nil || o.root != "x" || o.port != 9092 || o.controller != 0 || !slices.Equal(o.command, []string{"go", "test", "-count=1"}) {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse(nil); err != nil || o.root != ".ferry" || len(o.command) != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// Without the jars it says how to get them and starts nothing.
func TestRunNeedsTheJars(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	status, err := run(t.Context(), options{root: root, command: []string{"true"}})
	if err == nil || status != 0 || !strings.Contains(err.Error(), "make .ferry/bin/apache-kafka") {
		t.Errorf("status %d, %v", status, err)
	}
}
