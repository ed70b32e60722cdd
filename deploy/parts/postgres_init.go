package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const initdbLimit = 2 * time.Minute

// initCluster runs initdb unless data exists. It works in a folder beside it and renames that at the end, so that a crash
// leaves either no cluster or a whole one.
func initCluster(ctx context.Context, binDir, data, logFile string, as *User) error {
	if _, err := os.Stat(data); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	unfinished := data + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("removing a half-made PostgreSQL cluster: %w", err)
	}
	err := runToEnd(ctx, initdbLimit, ProcessConfig{
		Name: "initdb",
		Path: filepath.Join(binDir, "initdb"),
		Args: []string{
			"-D", unfinished, "-U", Superuser, "-E", "UTF8", "--no-locale", "--no-instructions",
			"--auth-local=trust", "--auth-host=scram-sha-256",
		},
		Env:     postgresEnvironment(),
		Dir:     filepath.Dir(data),
		User:    as,
		LogFile: logFile,
	})
	if err != nil {
		return fmt.Errorf("making the PostgreSQL cluster in %s: %w", filepath.Dir(data), err)
	}
	if err := os.Rename(unfinished, data); err != nil {
		return fmt.Errorf("making the PostgreSQL cluster: %w", err)
	}
	return nil
}
