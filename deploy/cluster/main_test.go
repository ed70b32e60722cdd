package cluster_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs is the folder of the daemons as they are in this checkout, with the
// nodes that make has built linked beside them; empty under -short.
var programs string

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("SKIPPED under -short: no swap is made end to end on real nodes, and no daemon is killed")
		os.Exit(m.Run())
	}
	folder, err := openFolder("ferry-bin-")
	if err == nil {
		programs = folder
		err = build(folder)
	}
	status := 1
	if err == nil {
		status = m.Run()
	}
	if err = errors.Join(err, os.RemoveAll(folder)); err != nil {
		fmt.Fprintln(os.Stderr, "the programs of the end-to-end test:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// openFolder is a temporary folder that other users may enter, as t.TempDir is
// not: Postgres and the daemons with keys run as users of their own under root.
// Its path is short enough for sockets.
func openFolder(name string) (string, error) {
	folder, err := os.MkdirTemp("", name)
	if err != nil {
		return "", err
	}
	return folder, os.Chmod(folder, 0o755)
}

// build makes every daemon, and links what `make test` has built or fetched:
// in FERRY_BIN, else in .ferry/bin of this checkout.
func build(folder string) error {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", folder+"/", "./cmd/...")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/...: %w\n%s", err, output)
	}
	built := os.Getenv("FERRY_BIN")
	if built == "" {
		built = filepath.Join(root, ".ferry", "bin")
	}
	needed := []string{"btcd", "geth"}
	if os.Getenv("KAFKA") == "apache" {
		needed = append(needed, "apache-kafka")
	}
	for _, name := range needed {
		path := filepath.Join(built, name)
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%s is missing: run `make test` or `make test-kafka`, which make what they need first", path)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// long skips, loudly, what takes minutes on real nodes unless it is asked for:
// `make test-long` runs it.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() || os.Getenv("FERRY_TEST_LONG") == "" {
		t.Skip("SKIPPED: minutes on real nodes; make test-long runs it")
	}
}
