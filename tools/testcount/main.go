package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
		os.Exit(2)
	}
	os.Exit(status)
}

// run runs go test with args and answers its exit status. Ctrl-C reaches go and the tests by themselves, since they share
// the terminal's process group; here it is only kept from ending us before the count.
func run(args []string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	cmd := exec.CommandContext(context.Background(), "go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("preparing go test: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting go test: %w", err)
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM { // is sent to us alone
				_ = cmd.Process.Signal(s) // fails only when go has ended already
			}
		}
	}()
	t := newTally(os.Stdout)
	readErr := t.read(events)
	waitErr := cmd.Wait()
	fmt.Println(t.summary())
	if readErr != nil {
		return 0, readErr
	}
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) {
		return max(exit.ExitCode(), 1), nil // -1 when a signal ended it
	}
	if waitErr != nil {
		return 0, fmt.Errorf("waiting for go test: %w", waitErr)
	}
	return 0, nil
}
