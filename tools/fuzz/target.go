package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// pkg is a package with fuzz targets. Its path is relative to the module.
type pkg struct {
	path    string
	targets []string
}

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// find looks for targets in the sources: asking go for them would build every package's tests.
func (s settings) find() ([]pkg, error) {
	found := map[string][]string{}
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != s.root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path) //nolint:gosec // our own sources
		if err != nil {
			return err
		}
		at, err := filepath.Rel(s.root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			if name := string(match[1]); s.only.MatchString(at + " " + name) {
				found[at] = append(found[at], name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for fuzzers: %w", err)
	}
	var all []pkg
	for path, targets := range found {
		slices.Sort(targets)
		all = append(all, pkg{path, targets})
	}
	slices.SortFunc(all, func(a, b pkg) int { return strings.Compare(a.path, b.path) })
	return all, nil
}

// folder is where a package's test program and inputs are kept.
func (s settings) folder(p pkg) string { return filepath.Join(s.cache, filepath.FromSlash(p.path)) }

func (s settings) program(p pkg) string { return filepath.Join(s.folder(p), "fuzz.test") }

// build makes the package's test program with the instrumentation that fuzzing needs.
func (s settings) build(ctx context.Context, p pkg) error {
	if err := os.MkdirAll(s.folder(p), 0o700); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-fuzz=.", "-o", s.program(p), "./"+p.path)
	cmd.Dir = s.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", p.path, err, out)
	}
	return nil
}

// minimise is how long an input that is new is made shorter. Go's minute would be most of the time.
const minimise = "1s"

// tailMost bounds what is kept of a target's output for the case that it fails.
const tailMost = 200

var progress = regexp.MustCompile(`execs: (\d+)`)

// fuzz runs one target and returns how many inputs were tried. An error has the end of its output.
func (s settings) fuzz(ctx context.Context, p pkg, target string) (int64, error) {
	cmd := exec.CommandContext(ctx, s.program(p), "-test.run=^$", "-test.fuzz=^"+target+"$", "-test.fuzztime="+s.each.String(), "-test.fuzzminimizetime="+minimise,
		"-test.fuzzcachedir="+s.folder(p), "-test.parallel="+strconv.Itoa(s.workers), "-test.timeout=0")
	cmd.Dir = filepath.Join(s.root, filepath.FromSlash(p.path))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) } // its workers end with it
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		ended <- errors.Join(err, write.Close())
	}()
	var executions int64
	var tail []string
	for lines := bufio.NewReader(read); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // the end: the program's own error is below
		}
		line = strings.TrimSuffix(line, "\n")
		tail = append(tail, line)
		tail = tail[max(0, len(tail)-tailMost):]
		if m := progress.FindStringSubmatch(line); m != nil {
			n, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return executions, err
			}
			executions = n
		}
	}
	if err := <-ended; err != nil {
		return executions, fmt.Errorf("%w\n%s", err, strings.Join(tail, "\n"))
	}
	if executions == 0 {
		return 0, errors.New("no input was tried: give it more time")
	}
	return executions, nil
}
