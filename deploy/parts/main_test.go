package parts

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// testLimit bounds each wait of a test on a real part; it is only reached when something is broken.
const testLimit = 2 * time.Minute

// TestMain lets the test binary stand in for two programs: `ferry kafka`, and a supervisor that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "kafka":
			exit(kafkaMain(os.Args[2:]))
		case "supervise":
			exit(superviseMain(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func kafkaMain(args []string) error {
	flags := flag.NewFlagSet("kafka", flag.ContinueOnError)
	dir := flags.String("dir", "", "")
	port := flags.Int("port", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return RunKafka(ctx, KafkaConfig{Dir: *dir, Port: *port})
}

// superviseMain starts a child, prints its pid and waits to be killed.
func superviseMain(args []string) error {
	p, err := StartProcess(ProcessConfig{Name: "child", Path: "/bin/sleep", Args: []string{"600"}, LogFile: args[0], PIDFile: args[1]})
	if err != nil {
		return err
	}
	fmt.Println(p.PID())
	<-p.Done()
	return p.Err()
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testLimit)
	t.Cleanup(cancel)
	return ctx
}

// openTempDir is a temporary folder that other users may enter: t.TempDir's parent is closed to them, and PostgreSQL runs
// as another user when the tests run as root. Its path is short enough for a socket.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ferry-parts-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
