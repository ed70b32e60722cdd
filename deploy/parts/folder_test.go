package parts

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestOneSupervisorPerFolder(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), ".ferry")
	first, err := OpenDir(root)
	must(t, err)
	_, err = OpenDir(root)
	if err == nil || !strings.Contains(err.Error(), "pid "+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), root) {
		t.Fatalf("a second supervisor: %v", err)
	}
	must(t, first.Close())
	second, err := OpenDir(root)
	must(t, err)
	must(t, second.Close())
}

func TestFoldersCanBeEnteredWhateverTheUmask(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), ".ferry")
	must(t, os.MkdirAll(filepath.Join(root, "run"), 0o700))
	dir, err := OpenDir(root)
	must(t, err)
	defer func() { must(t, dir.Close()) }()
	for _, path := range []string{dir.Root(), filepath.Dir(dir.Bin("x")), filepath.Dir(dir.Run("x")), filepath.Dir(dir.Log("x"))} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o755 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
	}
}

func TestPortsAreKeptWhileTheyAreFree(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ports.json")
	first, err := keepPorts(file, map[string]int{"rpc": 0, "peer": 0})
	must(t, err)
	if first["rpc"] == first["peer"] {
		t.Fatalf("both names have port %d", first["rpc"])
	}
	second, err := keepPorts(file, map[string]int{"rpc": 0, "peer": 0})
	must(t, err)
	if second["rpc"] != first["rpc"] || second["peer"] != first["peer"] {
		t.Fatalf("ports moved from %v to %v", first, second)
	}
	taken, err := net.Listen("tcp4", loopback(first["rpc"]))
	must(t, err)
	defer taken.Close()
	third, err := keepPorts(file, map[string]int{"rpc": 0, "peer": 0})
	must(t, err)
	if third["rpc"] == first["rpc"] || third["peer"] != first["peer"] {
		t.Fatalf("with rpc's port taken: %v after %v", third, first)
	}
	if _, err := keepPorts(file, map[string]int{"rpc": first["rpc"]}); err == nil || !strings.Contains(err.Error(), "is not free") {
		t.Fatalf("a given port that is taken: %v", err)
	}
	for _, spoiled := range []string{"", "{", `{"rpc":0}`, `{"rpc":-4}`, `{"rpc":70000}`, `[]`} {
		must(t, os.WriteFile(file, []byte(spoiled), 0o600))
		if got, err := keepPorts(file, map[string]int{"rpc": 0}); err != nil || got["rpc"] == 0 {
			t.Errorf("after %q: %v, %v", spoiled, got, err)
		}
	}
}

func TestCanEnter(t *testing.T) {
	t.Parallel()
	root := openTempDir(t)
	me, err := owner(root)
	must(t, err)
	groupmate := &User{UID: me.UID + 1000, GID: me.GID}
	stranger := &User{UID: me.UID + 1000, GID: me.GID + 1000}
	for _, test := range []struct {
		mode                    os.FileMode
		owner, group, otherwise bool
	}{
		{0o700, true, false, false},
		{0o710, true, true, false},
		{0o711, true, true, true},
		{0o701, true, false, true}, // the group's bits count for its members, not the others'
		{0o077, false, true, true},
		{0o644, false, false, false},
	} {
		folder := filepath.Join(root, strconv.FormatUint(uint64(test.mode), 8))
		must(t, os.Mkdir(folder, 0o700))
		must(t, os.Chmod(folder, test.mode))
		missing := filepath.Join(folder, "missing")
		path := folder
		if test.owner { // others could not even look for it, unless they are root
			path = missing
		}
		for u, want := range map[*User]bool{me: test.owner, groupmate: test.group, stranger: test.otherwise} {
			if got, err := canEnter(u, path); err != nil || got != want {
				t.Errorf("mode %o, uid %d gid %d: %v, %v; want %v", test.mode, u.UID, u.GID, got, err, want)
			}
		}
		must(t, os.Chmod(folder, 0o700))
	}
}

func TestUnprivilegedUser(t *testing.T) {
	t.Parallel()
	u, err := UnprivilegedUser("no-such-user-of-ferry", "nobody")
	must(t, err)
	if u.Name != "nobody" || u.UID == 0 {
		t.Fatalf("got %+v", u)
	}
	if _, err := UnprivilegedUser("no-such-user-of-ferry"); err == nil || !strings.Contains(err.Error(), "useradd") {
		t.Fatalf("got %v", err)
	}
}
