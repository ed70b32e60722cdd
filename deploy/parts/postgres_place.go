package parts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocketPath is the length of sockaddr_un.sun_path without its final zero (unix(7)).
const maxSocketPath = 107

// place is where a cluster lives and who runs it.
type place struct {
	dir   string // holds data/ and the socket; belongs to user, 0700
	user  *User  // nil: the supervisor's own
	moved string // why dir is not the folder asked for
}

// Elsewhere is the folder that takes the place of dir when PostgreSQL cannot work there: it follows from dir's absolute
// path without symbolic links, so a second start finds the same one (and `make clean` as well).
func Elsewhere(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return "/var/tmp/ferry-" + hex.EncodeToString(sum[:8])
}

// placePostgres chooses and makes the cluster's folder.
func placePostgres(dir string, port int) (place, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return place{}, fmt.Errorf("making the folder above PostgreSQL's: %w", err)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return place{}, fmt.Errorf("finding the folder of PostgreSQL: %w", err)
	}
	dir = filepath.Join(parent, filepath.Base(dir))
	chosen := place{dir: dir}
	if os.Geteuid() == 0 {
		if chosen.user, err = clusterUser(dir); err != nil {
			return place{}, err
		}
		reachable, err := canEnter(chosen.user, parent)
		if err != nil {
			return place{}, err
		}
		if !reachable {
			chosen.moved = fmt.Sprintf("PostgreSQL's data are in %s: its user %s may not enter a folder above %s", Elsewhere(dir), chosen.user.Name, dir)
		}
	}
	if socket := socketPath(dir, port); chosen.moved == "" && len(socket) > maxSocketPath {
		chosen.moved = fmt.Sprintf("PostgreSQL's data are in %s: %s is too long a path for a socket (%d bytes at most)", Elsewhere(dir), socket, maxSocketPath)
	}
	if chosen.moved != "" {
		chosen.dir = Elsewhere(dir)
	}
	return chosen, makePrivate(chosen.dir, chosen.user)
}

// clusterUser is who owns the cluster already, so that one made by an ordinary user is not lost to root, and else who
// should.
func clusterUser(dir string) (*User, error) {
	made, err := owner(filepath.Join(dir, "data"))
	if err == nil && made.UID != 0 {
		return made, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return UnprivilegedUser("postgres", "nobody")
}

// makePrivate makes the folder for the user alone. The name under /var/tmp can be foretold, so one that exists must be a
// real folder of that user that nobody else can write to: otherwise its maker could read or plant data.
func makePrivate(dir string, u *User) error {
	uid := uint32(os.Geteuid())
	if u != nil {
		uid = u.UID
	}
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	if err == nil && u != nil {
		if err := os.Lchown(dir, int(u.UID), int(u.GID)); err != nil {
			return fmt.Errorf("giving the folder of PostgreSQL to %s: %w", u.Name, err)
		}
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("checking the folder of PostgreSQL: %w", err)
	}
	stat := info.Sys().(*syscall.Stat_t) // always, on Linux
	if !info.IsDir() || stat.Uid != uid || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s exists and is not a private folder (0700) of user id %d; move it away", dir, uid)
	}
	return nil
}

// socketPath is the name that PostgreSQL gives its socket in dir.
func socketPath(dir string, port int) string {
	return filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(port))
}
