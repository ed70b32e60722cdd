package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// clockTick is how long one unit of /proc's CPU times is: USER_HZ is 100 on every
// architecture that Linux has in user space.
const clockTick = 10 * time.Millisecond

// usage is CPU time used so far, in seconds.
type usage struct{ self, postgres, kafka float64 }

func (u usage) total() float64 { return u.self + u.postgres + u.kafka }

func (u usage) minus(before usage) usage {
	return usage{self: u.self - before.self, postgres: u.postgres - before.postgres, kafka: u.kafka - before.kafka}
}

// cpu reads what this process with its waited-for children (pgbench), PostgreSQL
// with its processes, and Kafka have used.
func (e *Env) cpu() (usage, error) {
	var u usage
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if err := syscall.Getrusage(who, &r); err != nil {
			return u, fmt.Errorf("read our CPU time: %w", err)
		}
		u.self += time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
	}
	all, err := processes()
	if err != nil {
		return u, err
	}
	for _, p := range all {
		switch {
		case p.pid == e.postgresPID:
			u.postgres += p.own + p.waited // what has ended is in waited
		case p.parent == e.postgresPID:
			u.postgres += p.own
		case p.pid == e.kafkaPID:
			u.kafka += p.own
		}
	}
	return u, nil
}

// process is a line of /proc.
type process struct {
	pid, parent int
	own, waited float64 // seconds
}

func processes() ([]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []process
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("read a process's CPU time: %w", err)
		}
		p, err := parseStat(raw)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// parseStat reads /proc/<pid>/stat (proc(5)). The name may hold anything, so the
// fields are counted from its closing bracket.
func parseStat(raw []byte) (process, error) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 1 || end < open {
		return process{}, fmt.Errorf("no process name in %.80q", raw)
	}
	fields := bytes.Fields(raw[end+1:])
	const parent, utime, cstime = 1, 11, 14 // fields 4, 14 and 17 of the whole line
	if len(fields) <= cstime {
		return process{}, fmt.Errorf("%d fields in %.80q", len(fields), raw)
	}
	var p process
	var ticks [4]int64 // utime, stime, cutime, cstime
	var err error
	if p.pid, err = strconv.Atoi(string(bytes.TrimSpace(raw[:open]))); err != nil {
		return process{}, fmt.Errorf("process id: %w", err)
	}
	if p.parent, err = strconv.Atoi(string(fields[parent])); err != nil {
		return process{}, fmt.Errorf("parent of %d: %w", p.pid, err)
	}
	for i := range ticks {
		if ticks[i], err = strconv.ParseInt(string(fields[utime+i]), 10, 64); err != nil {
			return process{}, fmt.Errorf("CPU time of %d: %w", p.pid, err)
		}
	}
	seconds := func(n int64) float64 { return (time.Duration(n) * clockTick).Seconds() }
	p.own, p.waited = seconds(ticks[0]+ticks[1]), seconds(ticks[2]+ticks[3])
	return p, nil
}
