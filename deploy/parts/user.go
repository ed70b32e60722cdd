package parts

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// User is an operating-system user that a part runs as.
type User struct {
	Name     string
	UID, GID uint32
}

// UnprivilegedUser is the first of the names that this system has; PostgreSQL refuses root and needs a user with a passwd
// entry. "nobody" exists everywhere and is a good last name.
func UnprivilegedUser(names ...string) (*User, error) {
	for _, name := range names {
		entry, err := user.Lookup(name)
		if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking up user %s: %w", name, err)
		}
		return parseUser(entry)
	}
	return nil, fmt.Errorf("this system has none of the users %q; make one with: useradd --system --no-create-home %s", names, names[0])
}

func parseUser(entry *user.User) (*User, error) {
	uid, uidErr := strconv.ParseUint(entry.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(entry.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("reading the passwd entry of %s: %w", entry.Username, err)
	}
	return &User{Name: entry.Username, UID: uint32(uid), GID: uint32(gid)}, nil
}

// owner answers who owns a file, with the name from its passwd entry.
func owner(path string) (*User, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	stat := info.Sys().(*syscall.Stat_t) // always, on Linux
	entry, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
	if err != nil {
		return nil, fmt.Errorf("finding the owner of %s: %w", path, err)
	}
	return parseUser(entry)
}

// canEnter tells whether the permission bits let u enter every folder from / down to path, path itself included. Folders
// that do not exist yet are left out: they will be made for u.
func canEnter(u *User, path string) (bool, error) {
	for folder := path; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err == nil && !enterable(u, info) {
			return false, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, fmt.Errorf("looking at %s: %w", folder, err)
		}
		if folder == filepath.Dir(folder) {
			return true, nil
		}
	}
}

func enterable(u *User, info os.FileInfo) bool {
	stat := info.Sys().(*syscall.Stat_t) // always, on Linux
	bit := os.FileMode(0o001)
	switch {
	case stat.Uid == u.UID:
		bit = 0o100
	case stat.Gid == u.GID:
		bit = 0o010
	}
	return info.IsDir() && info.Mode()&bit != 0
}
