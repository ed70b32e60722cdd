package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"ferry/hotwallet/signer"
	"ferry/swap/asset"
)

// Entries of the log that are shown unless another number is given, and the most.
const (
	entriesShown = 10
	entriesMost  = 10_000
)

var errLogUse = errors.New(`it is used as: signerd log verify [how many of the newest entries to show], or signerd log anew --reason "…"`)

// logCommand verifies the log, or has it begun anew after it was lost.
func logCommand(out io.Writer, seed string, n asset.Networks, args []string) error {
	switch {
	case len(args) >= 1 && args[0] == "anew":
		c, err := change(args[1:])
		if err != nil || c.Scope != signer.Everything {
			return errors.Join(err, errLogUse)
		}
		return signer.BeginLogAnew(seed, n, c)
	case len(args) == 0 || args[0] != "verify" || len(args) > 2:
		return errLogUse
	}
	newest := entriesShown
	if len(args) == 2 {
		var err error
		if newest, err = strconv.Atoi(args[1]); err != nil || newest < 0 || newest > entriesMost {
			return fmt.Errorf("%.20q is no number from 0 to %d", args[1], entriesMost)
		}
	}
	report, err := signer.VerifyLog(seed, n, newest)
	if err != nil {
		return err
	}
	for _, e := range report.Newest {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("print entry %d: %w", e.Number, err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	}
	end := "as the memory has it"
	if !report.Compared {
		end = "where it ends the running signer watches"
	}
	_, err = fmt.Fprintf(out, "The log is whole: entries %d to %d in %d files, %s; the last has SHA-256 %s.\n",
		report.First, report.Last, report.Files, end, report.Hash)
	return err
}
