package statemachine

import (
	"fmt"
	"strings"

	"github.com/looplab/fsm"

	"ferry/swap"
)

// DiagramPage is diagram.md: the table as a Mermaid state diagram and each state
// with what it waits for. It is the same text for the same table.
func DiagramPage() (string, error) {
	machine := fsm.NewFSM(string(swap.AwaitingDeposit), table(), nil)
	drawing, err := fsm.VisualizeForMermaidWithGraphType(machine, fsm.StateDiagram)
	if err != nil {
		return "", fmt.Errorf("draw the table: %w", err)
	}
	var b strings.Builder
	b.WriteString("# The states of a swap\n\nGenerated from table.go by `go generate`; do not edit.\n\n```mermaid\n")
	b.WriteString(strings.TrimSpace(drawing))
	b.WriteString("\n```\n\n| state | waits for | who acts next | within |\n|---|---|---|---|\n")
	for _, s := range Stages() {
		within := "the terms' deadline"
		if s.Within > 0 {
			within = s.Within.String()
		}
		if s.Final {
			within = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.State, s.Waiting, s.Actor, within)
	}
	return b.String(), nil
}
