// Command diagram writes the state machine's table as statemachine/diagram.md.
// Run it through go generate in the package's folder.
package main

import (
	"fmt"
	"os"

	"ferry/statemachine"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func run() error {
	page, err := statemachine.DiagramPage()
	if err != nil {
		return err
	}
	return os.WriteFile("diagram.md", []byte(page), 0o644)
}
