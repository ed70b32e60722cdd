package main

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, events, summary string
		shows, hides          []string
	}{
		{
			name: "tests and subtests count once each and a passing test's output stays hidden",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":0.1}`,
			summary: "2 passed, 0 failed, 0 skipped",
			shows:   []string{"ok    p (0.1s)"},
			hides:   []string{"chatter"},
		},
		{
			name: "a failed test shows its output and its package's failure is not counted again",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"want 1, got 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			summary: "0 passed, 1 failed, 0 skipped",
			shows:   []string{"FAIL: p TestA", "want 1, got 2"},
		},
		{
			name: "a skip is loud",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"no such binary\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}`,
			summary: "0 passed, 0 failed, 1 skipped",
			shows:   []string{"SKIP: p TestA", "no such binary"},
		},
		{
			name: "a test that never ended has failed",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`,
			summary: "0 passed, 1 failed, 0 skipped",
			shows:   []string{"panic: boom"},
		},
		{
			name: "a package that does not build has failed",
			events: `{"Action":"build-output","ImportPath":"p","Output":"p.go:1: syntax error\n"}
{"Action":"build-fail","ImportPath":"p"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			summary: "0 passed, 1 failed, 0 skipped",
			shows:   []string{"syntax error", "FAIL  p"},
		},
		{
			name:    "a package without tests counts nothing and a plain line is passed on",
			events:  "go: something odd\n" + `{"Action":"skip","Package":"p"}`,
			summary: "0 passed, 0 failed, 0 skipped",
			shows:   []string{"go: something odd", "none  p"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			tally := newTally(&out)
			if err := tally.read(strings.NewReader(test.events)); err != nil {
				t.Fatal(err)
			}
			if got := tally.summary(); got != test.summary {
				t.Errorf("summary %q, want %q", got, test.summary)
			}
			for _, want := range test.shows {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, out.String())
				}
			}
			for _, unwanted := range test.hides {
				if strings.Contains(out.String(), unwanted) {
					t.Errorf("output shows %q:\n%s", unwanted, out.String())
				}
			}
		})
	}
}

func TestTallyKeepsTheEndOfALongOutput(t *testing.T) {
	t.Parallel()
	tally := newTally(&strings.Builder{})
	for range maxOutputLines {
		tally.keep(key{"p", "T"}, "early\n")
	}
	tally.keep(key{"p", "T"}, "last\n")
	lines := tally.output[key{"p", "T"}]
	if len(lines) != maxOutputLines || lines[len(lines)-1] != "last\n" {
		t.Fatalf("kept %d lines, last %q", len(lines), lines[len(lines)-1])
	}
}
