package report

import (
	"fmt"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Hedges lays out positions, results and orders.
func Hedges(p *console.Page, h support.Hedges) {
	p.Title("Positions")
	if len(h.Positions) == 0 {
		p.Text("None: nothing was swapped, or hedging is off.")
		return
	}
	rows := [][]string{{"asset", "beyond capital", "open orders"}}
	for _, x := range h.Positions {
		rows = append(rows, []string{string(x.Position.Asset), x.Position.String(), fmt.Sprint(x.Open)})
	}
	p.Table(rows, 1, 2)
	p.Section("In the last day")
	p.Table([][]string{{"spread earned from swaps", h.Spread.String()}, {"hedges beyond the fair price", h.Cost.String()}, {"venues' fees", h.Fees.String()}}, 1)
	if len(h.Swaps) > 0 {
		p.Section("Of these, by swap")
		rows = [][]string{{"swap", "spread earned", "hedging cost"}}
		for _, x := range h.Swaps {
			rows = append(rows, []string{x.SwapID, x.Spread.String(), x.Cost.String()})
		}
		p.Table(rows, 1, 2)
	}
	if len(h.Proposals) > 0 {
		p.Section("Proposed to treasury")
		rows = [][]string{{"what", "amount", "since", "why"}}
		for _, x := range h.Proposals {
			rows = append(rows, []string{x.Direction + " at " + x.Venue, x.Amount.String(), p.Ago(x.ProposedAt), x.Reason})
		}
		p.Table(rows, 1)
	}
	p.Section("Orders")
	rows = [][]string{{"venue", "order", "size", "filled", "price", "state", "when"}}
	for _, o := range h.Orders {
		rows = append(rows, []string{o.Venue, o.Side + " " + o.Instrument, o.Size, o.Filled, o.Price, o.State, p.Ago(o.IntendedAt)})
	}
	p.Table(rows, 2, 3, 4)
	if h.More {
		p.Text("There are more, which are older.")
	}
}
