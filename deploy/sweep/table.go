package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ferry/swap"
)

// table is a line for each daemon and point, with the deaths in each direction.
func (r *report) table(partial bool) []string {
	lines := []string{"", "Deaths of each daemon at each point, by direction of the swaps under way (– no death is possible there):", "",
		fmt.Sprintf("  %-20s%-26s%9s%9s", "daemon", "point", arrow(toEther), arrow(toCoins))}
	reasons := map[string]bool{}
	cells := r.cells()
	for i := 0; i < len(cells); i += 2 {
		forth, back := cells[i], cells[i+1]
		if partial && r.shown[forth]+r.shown[back] == 0 {
			continue
		}
		lines = append(lines, fmt.Sprintf("  %-20s%-26s%9s%9s", forth.daemon, forth.point, r.mark(forth, partial), r.mark(back, partial)))
		reasons[impossible(forth)], reasons[impossible(back)] = true, true
	}
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		if reason != "" {
			lines = append(lines, "  – "+reason)
		}
	}
	return lines
}

func (r *report) mark(c cell, partial bool) string {
	switch {
	case r.shown[c] > 0:
		return fmt.Sprint(r.shown[c])
	case impossible(c) != "":
		return "–"
	case partial:
		return "·"
	}
	return "none"
}

// statesLine lists every state with the deaths that met a swap in it.
func (r *report) statesLine() string {
	states := []swap.State{notMade, swap.AwaitingDeposit, swap.DepositDetected, swap.DepositConfirmed, swap.PayoutQueued, swap.PayoutBroadcast,
		swap.Settled, swap.Expired, swap.RefundQueued, swap.RefundBroadcast, swap.Refunded, swap.Held}
	met := 0
	var texts []string
	for _, state := range states {
		if r.states[state] > 0 {
			met++
		}
		texts = append(texts, fmt.Sprintf("%s %d", state, r.states[state]))
	}
	return fmt.Sprintf("%d of %d (%s)", met, len(states), strings.Join(texts, ", "))
}
