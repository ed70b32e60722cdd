package parts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// predecessorLimit is how long a start waits for the process of a killed supervisor, which the kernel has told to stop.
const predecessorLimit = 20 * time.Second

// pollInterval paces waits for what sends no event: another's process, a server that is not listening yet.
const pollInterval = 20 * time.Millisecond

// writePIDFile stores "pid start-time"; together they name one process, since a pid alone is used again.
func writePIDFile(path string, pid int) error {
	if path == "" {
		return nil
	}
	began, err := startTime(pid)
	if err != nil {
		return nil //nolint:nilerr // it has ended already, so there is nothing to remember
	}
	return os.WriteFile(path, fmt.Appendf(nil, "%d %s\n", pid, began), 0o600)
}

// waitForPredecessor returns when the process named in the file, if any, is gone, and fails after the limit.
func waitForPredecessor(name, path string, limit time.Duration) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the process file of %s: %w", name, err)
	}
	var pid int
	var began string
	if _, err := fmt.Sscanf(string(text), "%d %s", &pid, &began); err != nil {
		return nil // cut short by a crash: it names nobody
	}
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		if now, err := startTime(pid); err != nil || now != began {
			return nil // an error means that there is no such process
		}
		select {
		case <-poll.C:
		case <-deadline.C:
			return fmt.Errorf("%s of an earlier run (pid %d) still runs on the same folder; stop it with: kill %d", name, pid, pid)
		}
	}
}

// startTime answers when a process began; a zombie counts as gone.
func startTime(pid int) (string, error) {
	fields, err := processFields(pid)
	if err != nil {
		return "", err
	}
	if fields.dead {
		return "", fs.ErrNotExist
	}
	return fields.began, nil
}

// process is what /proc/<pid>/stat says about one (proc(5)).
type process struct {
	dead  bool   // field 3: a zombie, or being removed
	group int    // field 5
	began string // field 22: clock ticks between boot and its start
}

func processFields(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// Field 2 is a name in parentheses that may hold anything, so count from the last one.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return process{}, fmt.Errorf("unexpected form of /proc/%d/stat", pid)
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return process{}, fmt.Errorf("unexpected form of /proc/%d/stat: %w", pid, err)
	}
	return process{dead: fields[0] == "Z" || fields[0] == "X", group: group, began: fields[19]}, nil
}
