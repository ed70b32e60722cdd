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

// Program finds a built node, such as "btcd".
func Program(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("FERRY_BIN") //nolint:forbidigo // only tests use this package, and they have no cmd
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

// Start runs a node until the test ends, and waits until ready answers nil. The
// node is stopped with SIGTERM: killed ones lose blocks.
func Start(t testing.TB, path string, args []string, ready func(context.Context) error) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
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
			_ = cmd.Wait() // after a cancelled context it is an error in any case
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", filepath.Base(path), err)
	}
	t.Cleanup(func() {
		<-ended // the test's context has ended before: the node has its SIGTERM
		if !cmd.ProcessState.Exited() {
			t.Errorf("%s did not stop within %s", filepath.Base(path), stopLimit)
		}
	})
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

// FreePort asks the system for a port that nobody uses now.
func FreePort(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}
