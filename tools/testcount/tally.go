package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits: a test's output is kept until the test ends, so a test that prints without end must not eat the machine.
const (
	maxLineBytes   = 4 << 20
	maxOutputLines = 5000 // per test; the first are dropped, since the end tells why it failed
)

// event is one line of `go test -json` (go doc test2json; the build actions are of `go build -json`).
type event struct {
	Action  string  `json:"Action"`
	Package string  `json:"Package"`
	Test    string  `json:"Test"`
	Elapsed float64 `json:"Elapsed"` // seconds
	Output  string  `json:"Output"`
}

// key names one test of one package; an empty Test is the package itself.
type key struct{ pkg, test string }

// tally folds events into counts and prints what a person wants to see as it happens.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[key][]string
	running                 map[key]bool
	failedTests             map[string]bool // packages with a failed test, which explains the package's own failure
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, output: map[key][]string{}, running: map[key]bool{}, failedTests: map[string]bool{}}
}

// read folds events until r ends. A line that is no event (go prints some errors plainly) is shown as it is.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLineBytes)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(t.out, lines.Text())
			continue
		}
		t.add(e)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading go test's events: %w", err)
	}
	return nil
}

func (t *tally) add(e event) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "run":
		t.running[k] = true
	case "output":
		t.keep(k, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
			return
		}
		t.endTest(k, e.Action)
	}
}

func (t *tally) keep(k key, line string) {
	lines := append(t.output[k], line)
	if len(lines) > maxOutputLines {
		lines = slices.Delete(lines, 0, len(lines)-maxOutputLines)
	}
	t.output[k] = lines
}

func (t *tally) endTest(k key, action string) {
	delete(t.running, k)
	switch action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		t.show("SKIP", k)
	case "fail":
		t.failed++
		t.failedTests[k.pkg] = true
		t.show("FAIL", k)
	}
	delete(t.output, k)
}

func (t *tally) endPackage(e event) {
	t.endUnfinished(e.Package)
	k := key{e.Package, ""}
	switch e.Action {
	case "fail":
		if !t.failedTests[e.Package] {
			t.failed++ // it did not build, or TestMain, init or the run as a whole failed
		}
		fmt.Fprintf(t.out, "FAIL  %s (%.1fs)\n", e.Package, e.Elapsed)
		t.show("FAIL", k)
	case "skip":
		fmt.Fprintf(t.out, "none  %s (no test files)\n", e.Package)
	default:
		fmt.Fprintf(t.out, "ok    %s (%.1fs)\n", e.Package, e.Elapsed)
	}
	delete(t.output, k)
}

// endUnfinished counts the tests of a package that began and never ended: a panic, a timeout or an exit took them down.
func (t *tally) endUnfinished(pkg string) {
	var unfinished []key
	for k := range t.running {
		if k.pkg == pkg {
			unfinished = append(unfinished, k)
		}
	}
	slices.SortFunc(unfinished, func(a, b key) int { return strings.Compare(a.test, b.test) })
	for _, k := range unfinished {
		t.endTest(k, "fail")
	}
}

func (t *tally) show(what string, k key) {
	name := k.pkg
	if k.test != "" {
		name += " " + k.test
	}
	fmt.Fprintf(t.out, "----- %s: %s\n", what, name)
	for _, line := range t.output[k] {
		fmt.Fprint(t.out, "      "+line)
	}
}

// summary is the line that scripts read.
func (t *tally) summary() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed, t.skipped)
}
