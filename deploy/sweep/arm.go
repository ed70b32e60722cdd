package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// arms are the folders through which running daemons are told where to die, and
// tell which points they passed; see package crash.
type arms struct{ root string }

func (a arms) folder(daemon string) string { return filepath.Join(a.root, daemon) }

// prepare makes a daemon's folder, which it may enter under whatever user it runs.
func (a arms) prepare(daemon string) error {
	if err := os.MkdirAll(a.folder(daemon), 0o755); err != nil {
		return fmt.Errorf("make the folder that arms %s: %w", daemon, err)
	}
	if err := os.Chmod(a.folder(daemon), 0o777); err != nil {
		return fmt.Errorf("open the folder that arms %s: %w", daemon, err)
	}
	return nil
}

// arm makes a daemon die at the first pass of a point from now on.
func (a arms) arm(daemon, point string) error {
	file := filepath.Join(a.folder(daemon), "arm")
	if err := os.WriteFile(file+".new", []byte(point+":1"), 0o644); err != nil {
		return fmt.Errorf("arm %s: %w", daemon, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("arm %s: %w", daemon, err)
	}
	return nil
}

func (a arms) disarm(daemon string) error {
	err := os.Remove(filepath.Join(a.folder(daemon), "arm"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("disarm %s: %w", daemon, err)
	}
	return nil
}

// died counts how often a daemon died at a point.
func (a arms) died(daemon, point string) (int, error) {
	lines, err := a.lines(daemon, "hit")
	count := 0
	for _, line := range lines {
		if strings.HasPrefix(line, point+":") {
			count++
		}
	}
	return count, err
}

// passed lists the points a daemon has passed since forget.
func (a arms) passed(daemon string) (map[string]int, error) {
	lines, err := a.lines(daemon, "trace")
	counts := map[string]int{}
	for _, line := range lines {
		counts[line]++
	}
	return counts, err
}

// way lists the points a daemon has passed since forget, each once, in the order of their
// first passes.
func (a arms) way(daemon string) ([]string, error) {
	lines, err := a.lines(daemon, "trace")
	var points []string
	for _, line := range lines {
		if !slices.Contains(points, line) {
			points = append(points, line)
		}
	}
	return points, err
}

// forget empties every trace.
func (a arms) forget() error {
	for _, daemons := range programs {
		for _, daemon := range daemons {
			err := os.Remove(filepath.Join(a.folder(daemon), "trace"))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("forget what %s passed: %w", daemon, err)
			}
		}
	}
	return nil
}

func (a arms) lines(daemon, file string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(a.folder(daemon), file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what %s told: %w", daemon, err)
	}
	return strings.Fields(string(raw)), nil
}
