package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The command must be told of the database, and its exit status must come back.
func TestCommandRunsWithADatabase(t *testing.T) {
	t.Setenv(urlVariable, "")
	dir, err := os.MkdirTemp("", "ferry-with-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // best effort, in the system's temporary folder
	seen := filepath.Join(dir, "seen")
	status, err := run([]string{filepath.Join(dir, "root"), "/bin/sh", "-c", `printf %s "$FERRY_TEST_DATABASE_URL" >$0; exit 3`, seen})
	if err != nil || status != 3 {
		t.Fatalf("status %d, %v", status, err)
	}
	url, err := os.ReadFile(seen)
	if err != nil || len(url) == 0 {
		t.Fatalf("the command saw %q, %v", url, err)
	}
}

func TestAGivenDatabaseIsUsed(t *testing.T) {
	t.Setenv(urlVariable, "postgres://given/x")
	dir := filepath.Join(t.TempDir(), "root")
	status, err := run([]string{dir, "/bin/sh", "-c", `test "$FERRY_TEST_DATABASE_URL" = postgres://given/x`})
	if err != nil || status != 0 {
		t.Fatalf("status %d, %v", status, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a folder was made although no database was needed: %v", err)
	}
}
