package parts

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// shell starts a script; it is killed at the end of the test if it still runs.
func shell(t *testing.T, script string, change func(*ProcessConfig)) *Process {
	t.Helper()
	cfg := ProcessConfig{Name: "worker", Path: "/bin/sh", Args: []string{"-c", script}, LogFile: filepath.Join(t.TempDir(), "log")}
	if change != nil {
		change(&cfg)
	}
	p, err := StartProcess(cfg)
	must(t, err)
	t.Cleanup(func() { _ = p.Kill() }) // the test has judged its end already
	return p
}

// fifo is how a script says that it is up, so that a test waits for it without polling.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, unix.Mkfifo(path, 0o600))
	return path
}

// said returns the first line that the script writes into the fifo.
func said(t *testing.T, path string) string {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0) // read-write does not block while the writer is not there yet
	must(t, err)
	defer file.Close()
	must(t, file.SetReadDeadline(time.Now().Add(testLimit)))
	line, err := bufio.NewReader(file).ReadString('\n')
	must(t, err)
	return strings.TrimSpace(line)
}

func wait(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-testContext(t).Done():
		t.Fatal("the process does not end")
	}
}

func TestEarlyDeathShowsTheEndOfTheLog(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(log, []byte("from an earlier run\n"), 0o600))
	p := shell(t, "for i in $(seq 30); do echo line $i; done; echo the port is taken >&2; exit 7", func(c *ProcessConfig) { c.LogFile = log })
	wait(t, p)
	err := p.Err()
	if err == nil {
		t.Fatal("an unasked end is no error")
	}
	for _, want := range []string{"worker stopped with exit status 7", "the last lines of its log", "line 30", "the port is taken"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	for _, unwanted := range []string{"earlier run", "line 5\n"} {
		if strings.Contains(err.Error(), unwanted) {
			t.Errorf("error shows %q: %v", unwanted, err)
		}
	}
}

func TestUnaskedEndWithStatusZeroIsAnError(t *testing.T) {
	t.Parallel()
	p := shell(t, "exit 0", nil)
	wait(t, p)
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "exit status 0; its log is empty") {
		t.Fatalf("got %v", err)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script string
		signal       syscall.Signal
		want         string // part of the error; empty: none
	}{
		{name: "a handler that ends with 0", script: `trap 'exit 0' TERM; echo up >$0; while :; do sleep 0.05; done`},
		{name: "no handler", script: `echo up >$0; exec sleep 600`},
		{name: "another signal", script: `trap 'exit 0' INT; trap 'exit 9' TERM; echo up >$0; while :; do sleep 0.05; done`, signal: syscall.SIGINT},
		{name: "a handler that fails", script: `trap 'echo cannot flush; exit 3' TERM; echo up >$0; while :; do sleep 0.05; done`, want: "exit status 3"},
		{name: "one that ignores it", script: `trap '' TERM; echo up >$0; while :; do sleep 0.05; done`, want: "did not stop within 100ms and was killed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			up := fifo(t)
			p := shell(t, test.script, func(c *ProcessConfig) {
				c.Args = append(c.Args, up)
				c.StopSignal = test.signal
				if strings.Contains(test.want, "100ms") {
					c.StopLimit = 100 * time.Millisecond
				}
			})
			said(t, up)
			err := p.Stop(testContext(t))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Fatalf("Stop: %v, want %q", err, test.want)
			}
			select {
			case <-p.Done():
			default:
				t.Fatal("Stop returned before the process was reaped")
			}
			if again := p.Stop(testContext(t)); again != nil && !errors.Is(err, again) && test.want == "" {
				t.Fatalf("a second Stop: %v", again)
			}
		})
	}
}

// TestNothingOfTheGroupSurvives checks that a child's own children are gone, both after Kill and after the child died alone.
func TestNothingOfTheGroupSurvives(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *Process){
		"killed": func(t *testing.T, p *Process) {
			t.Helper()
			must(t, p.Kill())
		},
		"the leader dies": func(t *testing.T, p *Process) {
			t.Helper()
			must(t, syscall.Kill(p.PID(), syscall.SIGKILL))
			wait(t, p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := fifo(t)
			p := shell(t, `sleep 600 & echo $! >$0; wait`, func(c *ProcessConfig) { c.Args = append(c.Args, up) })
			grandchild := pidfd(t, said(t, up))
			end(t, p)
			awaitGone(t, grandchild, 0) // not soon, but by the time that the process counts as ended
		})
	}
}

// TestChildIsToldWhenItsSupervisorIsKilled runs a supervisor of its own, kills it, and then starts a successor, which must
// find the field clear.
func TestChildIsToldWhenItsSupervisorIsKilled(t *testing.T) {
	t.Parallel()
	log, pidFile := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "pid")
	supervisor := exec.CommandContext(testContext(t), os.Args[0], "supervise", log, pidFile)
	out, err := supervisor.StdoutPipe()
	must(t, err)
	must(t, supervisor.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	child := pidfd(t, strings.TrimSpace(line))
	must(t, supervisor.Process.Kill())
	_ = supervisor.Wait() // "signal: killed"
	awaitGone(t, child, testLimit)
	must(t, waitForPredecessor("child", pidFile, testLimit))
}

func TestStartWaitsForItsPredecessor(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "pid")
	first := shell(t, "exec sleep 600", func(c *ProcessConfig) { c.PIDFile = pidFile })
	err := waitForPredecessor("worker", pidFile, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "kill "+strconv.Itoa(first.PID())) {
		t.Fatalf("while it runs: %v", err)
	}
	must(t, first.Kill())
	must(t, waitForPredecessor("worker", pidFile, testLimit))
	must(t, os.WriteFile(pidFile, []byte("12"), 0o600))
	must(t, waitForPredecessor("worker", pidFile, testLimit))
	// A pid that is used again is another process: same number, other start time.
	must(t, os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+" 1\n"), 0o600))
	must(t, waitForPredecessor("worker", pidFile, testLimit))
}

func TestEnvironmentIsPlainUnlessGiven(t *testing.T) {
	t.Setenv("FERRY_TEST_SECRET", "s3cret")
	up := fifo(t)
	shell(t, `echo "secret=$FERRY_TEST_SECRET" >$0; exec sleep 600`, func(c *ProcessConfig) { c.Args = append(c.Args, up) })
	if got := said(t, up); got != "secret=" {
		t.Fatalf("the child sees %q", got)
	}
}

func TestProcessConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := ProcessConfig{Name: "x", Path: "/bin/true", LogFile: "/tmp/x"}
	for want, spoil := range map[string]func(*ProcessConfig){
		"needs a name":                   func(c *ProcessConfig) { c.Name = "" },
		"program's path must be":         func(c *ProcessConfig) { c.Path = "true" },
		"log file's path must be":        func(c *ProcessConfig) { c.LogFile = "log" },
		"stop limit must not be negativ": func(c *ProcessConfig) { c.StopLimit = -1 },
		"no such file":                   func(c *ProcessConfig) { c.Path, c.LogFile = "/nowhere/x", filepath.Join(t.TempDir(), "log") },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := StartProcess(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestALongLogIsSetAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	must(t, os.WriteFile(path, make([]byte, maxLogBytes+1), 0o600))
	log, err := openLog(path)
	must(t, err)
	must(t, log.close())
	if !exists(path+".1") || log.start != 0 {
		t.Fatalf("the old log was not set aside (new one starts at %d)", log.start)
	}
}

// pidfd holds on to a process, so that its end can be awaited although it is not our child.
func pidfd(t *testing.T, text string) int {
	t.Helper()
	pid, err := strconv.Atoi(text)
	must(t, err)
	fd, err := unix.PidfdOpen(pid, 0)
	must(t, err)
	t.Cleanup(func() { must(t, unix.Close(fd)) })
	return fd
}

func awaitGone(t *testing.T, fd int, limit time.Duration) {
	t.Helper()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(limit.Milliseconds()))
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(limit.Milliseconds()))
	}
	must(t, err)
	if n == 0 {
		t.Fatal("the process still runs")
	}
}
