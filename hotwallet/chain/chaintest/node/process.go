package node

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 20 * time.Second
)

// program finds a built node.
func program(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("FERRY_BIN")
	if dir == "" {
		dir = filepath.Join(moduleRoot(t), ".ferry", "bin")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not built: run make, or go -C tools/%s build, or set FERRY_BIN (%v)", name, name, err)
	}
	return path
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// start runs a node until the test ends, and waits until ready answers nil.
func start(t testing.TB, path string, args []string, ready func(context.Context) error) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	// If the test process dies, so does the node. The signal follows the thread
	// that started it, so that thread stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its exit status after SIGTERM says nothing
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", filepath.Base(path), err)
	}
	t.Cleanup(func() { stop(t, cmd, ended) })
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended at once:\n%s", filepath.Base(path), output.Bytes())
		case <-ctx.Done():
			t.Fatalf("%s is not ready: %v", filepath.Base(path), err)
		case <-tick.C:
		}
	}
}

func stop(t testing.TB, cmd *exec.Cmd, ended <-chan struct{}) {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Logf("stop %s: %v", filepath.Base(cmd.Path), err)
	}
	limit := time.NewTimer(stopLimit)
	defer limit.Stop()
	select {
	case <-ended:
	case <-limit.C:
		_ = cmd.Process.Kill() // it is reported below, and by name
		t.Errorf("%s did not stop within %s", filepath.Base(cmd.Path), stopLimit)
		<-ended
	}
}

// freePort asks the system for a port that nobody uses now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
