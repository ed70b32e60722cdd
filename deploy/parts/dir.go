package parts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Dir is the folder that holds everything of one supervisor's parts, ".ferry" in a checkout:
//
//	bin/    programs (built by make)
//	pg/ kafka/ btcd/ bchd/ litecoind/ geth/    data, each its part's own
//	run/    sockets of the daemons, and the supervisor's lock
//	log/    one file for each process
type Dir struct {
	root string
	lock *lockFile
}

// OpenDir makes the folders and becomes their one supervisor. It fails with a sentence that names the other's pid if there
// is one already. Root, bin, run and log can be entered by any user, because parts run as other users when the supervisor
// is root; data folders cannot.
func OpenDir(root string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of the parts: %w", err)
	}
	for _, folder := range []string{root, filepath.Join(root, "bin"), filepath.Join(root, "run"), filepath.Join(root, "log")} {
		if err := makeFolder(folder, 0o755); err != nil {
			return nil, err
		}
	}
	lock, err := takeLock(filepath.Join(root, "run", "supervisor.lock"))
	if held := (heldError{}); errors.As(err, &held) {
		return nil, fmt.Errorf("another ferry is running on %s (%w); stop it first, or choose another folder", root, held)
	}
	if err != nil {
		return nil, fmt.Errorf("becoming the supervisor of %s: %w", root, err)
	}
	return &Dir{root: root, lock: lock}, nil
}

// Close lets another supervisor in. Stop the parts first.
func (d *Dir) Close() error { return d.lock.release() }

// Root is the folder itself, absolute.
func (d *Dir) Root() string { return d.root }

// Bin is the path of a built program.
func (d *Dir) Bin(name string) string { return filepath.Join(d.root, "bin", name) }

// Part is the data folder of a part ("pg", "kafka", "btcd", "bchd", "litecoind", "geth" or another's); whoever uses it makes it.
func (d *Dir) Part(name string) string { return filepath.Join(d.root, name) }

// Run is the path of a socket or another file that lives as long as its process.
func (d *Dir) Run(name string) string { return filepath.Join(d.root, "run", name) }

// Log is the path of a process's log.
func (d *Dir) Log(name string) string { return filepath.Join(d.root, "log", name+".log") }

// makeFolder makes a folder with these permissions whatever the umask is, and gives them back to one that lost them.
func makeFolder(path string, mode os.FileMode) error {
	if err := os.MkdirAll(path, mode); err != nil {
		return fmt.Errorf("making the folder %s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("making the folder %s: %w", path, err)
	}
	if info.Mode().Perm() == mode {
		return nil
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("opening the folder %s to its users: %w", path, err)
	}
	return nil
}
