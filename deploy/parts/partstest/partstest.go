// Package partstest finds the programs that tests of real nodes run. It is imported
// by tests only, and imports the standard library only.
package partstest

import (
	"os"
	"path/filepath"
	"testing"
)

// Program is the path of a program that make has built, such as "btcd": in the
// folder FERRY_BIN, else in .ferry/bin of this module. One that is missing fails
// the test with what to run.
func Program(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(folder(t), name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: run `make .ferry/bin/%s`, or `make test`, which builds it first", path, name)
	}
	return path
}

func folder(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("FERRY_BIN"); named != "" {
		return named
	}
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, ".ferry", "bin")
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// litecoindPaths are where Debian's package and others put the program itself; the
// same as deploy/parts.FindLitecoind's, which is not imported here.
var litecoindPaths = []string{"/usr/lib/litecoin/litecoind", "/usr/local/bin/litecoind"}

// Litecoind is the path of litecoind, which make does not build: LITECOIND, or where
// packages put it. Where there is none, as on a system without Debian's packages, the
// test is skipped and says so.
func Litecoind(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("LITECOIND"); named != "" {
		return named
	}
	for _, path := range litecoindPaths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED without litecoind: nothing is tried on Litecoin's real node; run deploy/bootstrap.sh litecoin")
	return ""
}
