//go:build crashpoints

package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Enabled tells whether points are compiled in.
const Enabled = true

var (
	fixed  = os.Getenv("FERRY_CRASH")     //nolint:forbidigo // a build for tests only, armed from outside
	folder = os.Getenv("FERRY_CRASH_DIR") //nolint:forbidigo // likewise

	mu     sync.Mutex
	passes = map[string]int{} // since this process started, or since it was armed anew
	armed  string
)

// Point kills the process if it is armed for this pass of the point.
func Point(name string) {
	if fixed == "" && folder == "" {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	if folder != "" {
		write("trace", name)
	}
	arm := fixed
	if text, err := os.ReadFile(filepath.Join(folder, "arm")); folder != "" && err == nil {
		arm = strings.TrimSpace(string(text))
	}
	if arm != armed {
		armed = arm
		clear(passes)
	}
	passes[name]++
	at, count, _ := strings.Cut(arm, ":")
	if n, err := strconv.Atoi(count); at != name || err != nil || n != passes[name] {
		return
	}
	if folder != "" {
		write("hit", arm)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(fmt.Sprintf("crash point %s: %v", name, err))
	}
	select {} // the signal is on its way: nothing may happen after the point
}

// write appends a line. What can't be written is a broken sweep, not a pass.
func write(file, line string) {
	f, err := os.OpenFile(filepath.Join(folder, file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = f.WriteString(line + "\n")
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		panic(fmt.Sprintf("crash point %s: %v", line, err))
	}
}
