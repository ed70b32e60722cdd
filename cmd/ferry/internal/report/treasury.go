package report

import (
	"fmt"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Balances lays out treasury's balances, halts first. assumed says that it is not
// known how deep a coin must be, so that one confirmation was taken.
func Balances(p *console.Page, all []support.Balance, assumed bool) {
	for i, b := range all {
		if i > 0 {
			p.Text("")
		}
		p.Title("%s on %s", b.OnChain.Asset, b.Chain)
		if b.Halt != nil {
			halted(p, *b.Halt)
		}
		p.Table([][]string{
			{"on chain, as booked", b.OnChain.String()},
			{"available", b.Available.String()},
			{"reserved for payments", b.Reserved.String()},
			{"in flight", b.InFlight.String()},
			{"confirming in", b.ConfirmingIn.String()},
			{"confirming out", b.ConfirmingOut.String()},
			{"on the address that pays", b.OnSender.String()},
			{"on deposit addresses, unswept", b.Unswept.String()},
			{"suspense", b.Suspense.String()},
			{"house capital", b.HouseCapital.String()},
			{"network fees paid", b.NetworkFees.String()},
		}, 1)
		if b.Height == nil || b.SeenAt == nil {
			p.Field("Chain read", "no block yet")
		} else {
			p.Field("Chain read", "to block %d, %s", *b.Height, p.Ago(*b.SeenAt))
		}
		if b.Reconciled == nil {
			p.Field("Reconciled", "never")
		} else {
			p.Field("Reconciled", "%s", reconciled(p, *b.Reconciled))
		}
	}
	if assumed {
		p.Section("No deployment is known here: available counts coins from one confirmation on.")
	}
}

func halted(p *console.Page, h support.Halt) {
	p.Alarm("HALTED: no payment is made on %s since %s, by %s: %s", h.Chain, p.When(h.Since), h.Actor, h.Reason)
}

func reconciled(p *console.Page, r support.Reconciliation) string {
	agree := "equal"
	if r.Off() {
		agree = "DIFFERENT"
	}
	return fmt.Sprintf("at block %d, %s: books %s, node %s: %s", r.Height, p.Ago(r.At), r.Book, r.Node, agree)
}
