//go:build crashpoints

package crash_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ferry/swap/crash"
)

// TestMain is a victim where FERRY_VICTIM says so: it passes two points, twice each.
func TestMain(m *testing.M) {
	if os.Getenv("FERRY_VICTIM") == "" {
		os.Exit(m.Run())
	}
	for range 2 {
		crash.Point("test.store.before")
		crash.Point("test.store.after")
	}
	os.Exit(7)
}

// victim runs the test's own program as one, and reports whether SIGKILL ended it
// and what it told.
func victim(t *testing.T, dir, fixed string) (killed bool, trace string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{"FERRY_VICTIM=1", "FERRY_CRASH=" + fixed, "FERRY_CRASH_DIR=" + dir}
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) {
		t.Fatalf("the victim ended with %v", err)
	}
	ended, ok := exit.Sys().(syscall.WaitStatus)
	killed = ok && ended.Signaled() && ended.Signal() == syscall.SIGKILL
	if !killed && exit.ExitCode() != 7 {
		t.Fatalf("the victim ended with %v", exit)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "trace"))
	if err != nil && dir != "" {
		t.Fatal(err)
	}
	return killed, strings.Join(strings.Fields(string(raw)), " ")
}

func TestDiesAtTheGivenPass(t *testing.T) {
	t.Parallel()
	const before, after = "test.store.before", "test.store.after"
	for _, test := range []struct {
		name, fixed, file string
		killed            bool
		trace             string
	}{
		{"not armed", "", "", false, before + " " + after + " " + before + " " + after},
		{"first pass", "", before + ":1", true, before},
		{"after", "", after + ":1", true, before + " " + after},
		{"second pass", "", before + ":2", true, before + " " + after + " " + before},
		{"more passes than there are", "", before + ":3", false, before + " " + after + " " + before + " " + after},
		{"another point", "", "test.other:1", false, before + " " + after + " " + before + " " + after},
		{"by the environment", after + ":1", "", true, before + " " + after},
		{"no number", "", before, false, before + " " + after + " " + before + " " + after},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if test.file != "" {
				if err := os.WriteFile(filepath.Join(dir, "arm"), []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			killed, trace := victim(t, dir, test.fixed)
			if killed != test.killed || trace != test.trace {
				t.Errorf("killed %t after %q, not %t after %q", killed, trace, test.killed, test.trace)
			}
			_, err := os.Stat(filepath.Join(dir, "hit"))
			if (err == nil) != test.killed {
				t.Errorf("the death was told: %v", err)
			}
		})
	}
	if killed, _ := victim(t, "", before+":1"); !killed {
		t.Error("it needs no folder to die by the environment")
	}
}
