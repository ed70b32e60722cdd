package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ferry/hotwallet/signer"
	"ferry/swap/asset"
)

// From the command line: what is stopped is told with the reason, and a wrong use
// changes nothing.
func TestSwitchCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := filepath.Join(dir, "signer")
	if _, err := signer.Init(seed, filepath.Join(dir, "key", "k"), asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}); err != nil {
		t.Fatal(err)
	}
	said := func(want string, stopped bool, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := turn(&out, seed, stopped, args); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%q: %q, %v; want %q", args, out.String(), err, want)
		}
	}
	said(`stopped: everything, by "olga"`, true, "--reason", "a test", "--actor", "olga")
	said("stopped: bitcoin, by ", true, "bitcoin", "--reason=another")
	for _, args := range [][]string{{}, {"bitcoin"}, {"DOGE", "--reason", "r"}, {"bitcoin", "ethereum", "--reason", "r"}, {"--because", "r"}} {
		if err := turn(&bytes.Buffer{}, seed, true, args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	said(`"another"`, false, "--reason", "over")
	said("Nothing is stopped.", false, "bitcoin", "--reason", "over")
	var out bytes.Buffer
	if err := showSwitches(&out, seed); err != nil || out.String() != "Nothing is stopped.\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := os.Remove(filepath.Join(seed, "switches.json")); err != nil {
		t.Fatal(err)
	}
	if err := showSwitches(&out, seed); err == nil || !strings.Contains(err.Error(), "nothing is signed") {
		t.Errorf("without its file: %v", err)
	}
}

// The log is verified and shown from the command line.
func TestLogCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := filepath.Join(dir, "signer")
	networks := asset.Networks{Bitcoin: "simnet", EthereumChainID: 1337}
	if _, err := signer.Init(seed, filepath.Join(dir, "key", "k"), networks); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"show"}, {"verify", "many"}, {"verify", "-1"}, {"verify", "1", "2"}, {"anew"}, {"anew", "bitcoin", "--reason", "r"}} {
		if err := logCommand(&bytes.Buffer{}, seed, networks, args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	if err := logCommand(&bytes.Buffer{}, seed, networks, []string{"anew", "--reason", "the disk", "--actor", "olga"}); err != nil {
		t.Fatal(err)
	}
	// The new line waits in the memory for the signer to start.
	if err := logCommand(&bytes.Buffer{}, seed, networks, []string{"verify"}); err == nil || !strings.Contains(err.Error(), "start the signer") {
		t.Errorf("%v", err)
	}
}
