package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"ferry/hotwallet/attest"
	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

var errUsage = errors.New("use attestd, attestd init, attestd marks, or attestd raise <chain> <highest issued index>")

// command does one thing to the store and ends. The store is locked while attestd
// answers, so that all but answering needs it stopped.
func command(args []string, store string, public keys.Accounts, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "init":
		if err := attest.Create(store, public); !errors.Is(err, attest.ErrExists) {
			return err
		}
		return nil
	case len(args) == 1 && args[0] == "marks":
		return marks(store, public, out)
	case len(args) == 3 && args[0] == "raise":
		return raise(store, public, asset.Chain(args[1]), args[2], out)
	}
	return errUsage
}

// marks prints a line for each chain: its name, and its highest index or "none".
func marks(store string, public keys.Accounts, out io.Writer) error {
	found, err := attest.Marks(store, public)
	if err != nil {
		return err
	}
	for _, m := range found {
		highest := "none"
		if m.Next > 0 {
			highest = strconv.FormatUint(uint64(m.Next)-1, 10)
		}
		if _, err := fmt.Fprintf(out, "%s %s\n", m.Chain, highest); err != nil {
			return err
		}
	}
	return nil
}

func raise(store string, public keys.Accounts, chain asset.Chain, text string, out io.Writer) error {
	highest, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("index %.20q: %w", text, errUsage)
	}
	next, err := attest.Raise(store, public, chain, uint32(highest))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: nothing is attested below index %d\n", chain, next)
	return err
}
