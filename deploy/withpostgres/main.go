// Command withpostgres runs a command with a fresh private PostgreSQL beside it, whose superuser URL is in
// FERRY_TEST_DATABASE_URL, and answers the command's exit status. `make test` runs all tests so. If the variable is set
// already it starts nothing, so that tests can run on any server.
//
//	withpostgres <folder> <command> [arguments]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"ferry/deploy/parts"
)

const (
	urlVariable = "FERRY_TEST_DATABASE_URL"
	database    = "ferry_test"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func run(args []string) (status int, err error) {
	if len(args) < 2 {
		return 0, errors.New("usage: withpostgres <folder> <command> [arguments]")
	}
	if os.Getenv(urlVariable) != "" {
		return runCommand(args[1:])
	}
	dir, err := parts.OpenDir(args[0])
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := os.RemoveAll(dir.Part("pg")); err != nil { // of a run that was killed
		return 0, fmt.Errorf("removing the last run's database: %w", err)
	}
	ctx := context.Background()
	pg, err := parts.StartPostgres(ctx, parts.PostgresConfig{Dir: dir.Part("pg"), LogFile: dir.Log("postgres"), Discard: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, pg.Stop(ctx), os.RemoveAll(filepath.Dir(pg.DataDir()))) }()
	if err := pg.CreateDatabase(ctx, database); err != nil {
		return 0, err
	}
	if err := os.Setenv(urlVariable, pg.URL(parts.Superuser, database)); err != nil {
		return 0, fmt.Errorf("naming the database to the command: %w", err)
	}
	return runCommand(args[1:])
}

// runCommand runs it in the foreground. Ctrl-C reaches it by itself, as it shares the terminal's process group; SIGTERM,
// sent to us alone, is passed on. Either way the database is stopped only after the command has ended.
func runCommand(args []string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting %s: %w", args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				if err := cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
					return 0, fmt.Errorf("passing on the signal: %w", err)
				}
			}
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil // -1 when a signal ended it
			}
			if err != nil {
				return 0, fmt.Errorf("waiting for %s: %w", args[0], err)
			}
			return 0, nil
		}
	}
}
