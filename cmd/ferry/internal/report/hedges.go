package report

import (
	"fmt"
	"math/big"
	"strings"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Hedges lays out positions, results, proposals and orders. Lines are short, for a telephone.
func Hedges(p *console.Page, h support.Hedges) {
	p.Title("Positions: what is held beyond the house's capital")
	if len(h.Positions) == 0 {
		p.Text("None: nothing was swapped, or hedging is off.")
		return
	}
	for _, x := range h.Positions {
		p.Item("%s%s", position(x.Position), openOrders(x.Open))
	}
	// The target is the daemon's file's alone: the database doesn't know it.
	p.Note("Hedging brings each back to its target, which FERRY_HEDGE's file says and which need not be 0.")
	results(p, h)
	if len(h.Proposals) > 0 {
		p.Section("Proposed to treasury; nothing is moved by itself")
		for _, x := range h.Proposals {
			p.Item("%s", proposed(x))
			p.Note("%s; proposed %s", x.Reason, p.When(x.ProposedAt))
		}
	}
	orders(p, h)
}

// position says in words which way it is off, beside the sign.
func position(s support.Sum) string {
	switch s.Units.Sign() {
	case 1:
		return "+" + s.String() + ", more than the capital"
	case -1:
		return s.String() + ", less than the capital"
	}
	return s.String()
}

func openOrders(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 order's outcome is not known"
	}
	return fmt.Sprintf("; %d orders' outcomes are not known", n)
}

// results are what the last day brought, and swap by swap.
func results(p *console.Page, h support.Hedges) {
	p.Section("In the last 24 hours")
	p.Table([][]string{{"spread earned from swaps", h.Spread.String()}, {"less hedges' cost", h.Cost.String()}, {"less venues' fees", h.Fees.String()},
		{"left of spread", left(h.Spread, h.Cost, h.Fees).String()}}, 1)
	p.Note("Hedges' cost is what they were dearer than the fair price; below 0 they were cheaper.")
	p.Note("What the market gave or took since each swap and hedge is not in it: this is not the day's result.")
	if len(h.Swaps) == 0 {
		return
	}
	p.Section("Of these, the newest swaps")
	for _, x := range h.Swaps {
		p.Long("", x.SwapID)
		p.Note("earned %s, its part of cost and fees %s, left of spread %s", x.Spread, x.Cost, left(x.Spread, x.Cost))
	}
}

// left is an amount less others of the same asset.
func left(of support.Sum, less ...support.Sum) support.Sum {
	sum := new(big.Int).Set(of.Units)
	for _, l := range less {
		sum.Sub(sum, l.Units)
	}
	return support.Sum{Asset: of.Asset, Units: sum}
}

// proposed says what is to be sent from where to where.
func proposed(x support.HedgeProposal) string {
	if x.Direction == "withdrawal" {
		return fmt.Sprintf("send %s from %s to the hot wallet", x.Amount, x.Venue)
	}
	return fmt.Sprintf("send %s from the hot wallet to %s", x.Amount, x.Venue)
}

func orders(p *console.Page, h support.Hedges) {
	p.Section("Orders at venues, the open ones first")
	none(p, len(h.Orders))
	for _, o := range h.Orders {
		base, quote, _ := strings.Cut(o.Instrument, "-")
		p.Item("%s %s %s at %s: %s", o.Side, o.Size, base, o.Venue, ending(o, base))
		bound := "at most"
		if o.Side == "sell" {
			bound = "at least"
		}
		p.Note("for %s %s %s each; %s", bound, o.Price, quote, p.When(o.IntendedAt))
		if o.Reason != "" {
			p.Note("%s", o.Reason)
		}
	}
	if h.More {
		p.Text("There are more, which are older.")
	}
}

// ending says what became of an order: one that is over may have found nothing.
func ending(o support.HedgeOrder, base string) string {
	switch {
	case o.State == "open":
		return "open, its outcome is not known"
	case o.State == "void":
		return "void, it was not placed"
	case o.Filled == o.Size:
		return "filled"
	case o.Filled == "0":
		return "over, nothing was filled"
	}
	return fmt.Sprintf("over, %s %s filled", o.Filled, base)
}
