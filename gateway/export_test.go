package gateway

import (
	"context"

	"ferry/swap/bus"
)

// RunStreams runs the part of Run that tells connections of changes.
func (g *Gateway) RunStreams(ctx context.Context) error { return g.hub.Run(ctx) }

// HearRate and HearUpdate take a record as the followers of the topics do.
func (g *Gateway) HearRate(r bus.Record) { g.market.hearRate(r) }

// HearUpdate is a hint.
func (g *Gateway) HearUpdate(r bus.Record) { g.hearUpdate(r) }

// Statuses lets tests compare the table with the description.
func Statuses() map[string]int {
	table := map[string]int{}
	for code, status := range statuses {
		table[string(code)] = status
	}
	return table
}
