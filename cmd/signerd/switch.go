package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"time"

	"ferry/hotwallet/signer"
)

// turn stops a chain, an asset or everything, or lets it go on: from the signer's next
// decision on, whether it runs or not.
func turn(out io.Writer, seed string, stopped bool, args []string) error {
	c, err := change(args)
	if err != nil {
		return err
	}
	c.Stopped = stopped
	switches, err := signer.Turn(seed, c)
	if err != nil {
		return err
	}
	return printSwitches(out, switches)
}

// change reads what is changed, by whom and why.
func change(args []string) (signer.Change, error) {
	flags := flag.NewFlagSet("signerd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	reason := flags.String("reason", "", "why, for the record")
	actor := flags.String("actor", userName(), "who, for the record")
	scope := signer.Everything
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		scope, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return signer.Change{}, errors.Join(err, errors.New(`it is used as: signerd stop|go [chain or asset] --reason "…"`))
	}
	return signer.Change{Scope: scope, Reason: *reason, By: *actor, At: time.Now()}, nil
}

// showSwitches prints what is stopped.
func showSwitches(out io.Writer, seed string) error {
	switches, err := signer.ReadSwitches(seed)
	if err != nil {
		return fmt.Errorf("nothing is signed: %w", err)
	}
	return printSwitches(out, switches)
}

func printSwitches(out io.Writer, s signer.Switches) error {
	if len(s.Stopped) == 0 {
		_, err := fmt.Fprintln(out, "Nothing is stopped.")
		return err
	}
	for _, c := range s.Stopped {
		scope := c.Scope
		if scope == signer.Everything {
			scope = "everything"
		}
		if _, err := fmt.Fprintf(out, "stopped: %s, by %q at %s: %q\n", scope, c.By, c.At.Format(time.RFC3339), c.Reason); err != nil {
			return err
		}
	}
	return nil
}

// userName is what the system calls the user, or the user's number.
func userName() string {
	current, err := user.Current()
	if err != nil {
		return strconv.Itoa(os.Getuid())
	}
	return current.Username
}
