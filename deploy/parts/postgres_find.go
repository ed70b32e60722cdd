package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// leastPostgres is the oldest major version that Ferry's migrations use.
const leastPostgres = 15

// FindPostgres answers the folder that holds initdb and postgres of version 15 or newer: dir if given, else the newest
// among the PATH and the places where Debian's and Red Hat's packages put them. The error names the package to install.
// deploy/bootstrap.sh looks in the same places.
func FindPostgres(ctx context.Context, dir string) (string, error) {
	candidates := []string{dir}
	if dir == "" {
		candidates = usualPostgresDirs()
	}
	best, bestVersion := "", 0
	var problems []error
	for _, candidate := range candidates {
		version, err := postgresVersion(ctx, candidate)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if version < leastPostgres {
			problems = append(problems, fmt.Errorf("%s holds version %d", candidate, version))
			continue
		}
		if version > bestVersion {
			best, bestVersion = candidate, version
		}
	}
	if best == "" {
		return "", fmt.Errorf("no PostgreSQL %d or newer was found (initdb and postgres on the PATH or under /usr/lib/postgresql); "+
			"run deploy/bootstrap.sh, or install the package: apt-get install --no-install-recommends postgresql%w",
			leastPostgres, because(problems))
	}
	return best, nil
}

func usualPostgresDirs() []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target)) // initdb and postgres' own files lie beside the real one
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		found, err := filepath.Glob(pattern)
		if err == nil { // the only error is a malformed pattern
			dirs = append(dirs, found...)
		}
	}
	return dirs
}

// postgresVersion is the major version of the programs in dir.
func postgresVersion(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, fmt.Errorf("looking for initdb: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("asking %s for its version: %w", filepath.Join(dir, "postgres"), err)
	}
	return parsePostgresVersion(string(out))
}

// parsePostgresVersion reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "… 17beta1" and the like.
func parsePostgresVersion(out string) (int, error) {
	_, after, found := strings.Cut(out, "(PostgreSQL) ")
	digits := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if found && digits > 0 {
		if version, err := strconv.Atoi(after[:digits]); err == nil {
			return version, nil
		}
	}
	return 0, fmt.Errorf("no version number in %q", out)
}

// because turns problems into the end of a sentence.
func because(problems []error) error {
	if len(problems) == 0 {
		return errors.New("")
	}
	return fmt.Errorf("; what was found cannot be used: %w", errors.Join(problems...))
}
