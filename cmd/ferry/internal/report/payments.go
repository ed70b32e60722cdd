package report

import (
	"fmt"

	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Payments lists payments; those that somebody should look at come first.
func Payments(p *console.Page, found support.Payments) {
	stuck := 0
	for _, o := range found.Payments {
		if o.Stuck {
			stuck++
		}
	}
	p.Title("%s, %d to be looked at", counted(int64(len(found.Payments)), "payment"), stuck)
	for _, o := range found.Payments {
		p.Text("")
		outgoing(p, o)
	}
	if found.More {
		p.Text("")
		p.Note("There are more: narrow it with --chain, --purpose or --stuck.")
	}
}

// outgoing is what is said of a payment wherever it is shown.
func outgoing(p *console.Page, o support.Outgoing) {
	p.Item("%s of %s on %s: %s", o.Purpose, o.Paid(), o.Chain, o.State)
	if o.Stuck {
		p.Note("TO BE LOOKED AT")
	}
	p.Long("order", o.OrderID)
	p.Long("swap", o.SwapID)
	p.Long("to", o.Destination)
	p.Long("queued", p.When(o.QueuedAt))
	p.Long("txid", o.TxID)
	what := "fee at most"
	if o.Height > 0 {
		what = "fee"
	}
	if !o.Fee.IsZero() {
		p.Note("%s %s, %s made", what, o.FeePaid(), counted(o.Attempts, "transaction"))
	}
	if o.Retry > 0 {
		p.Note("Ordered again %s.", counted(int64(o.Retry), "time"))
	}
	if o.Reason != "" {
		p.Note("Reason: %s", o.Reason)
	}
	by := ""
	if !o.By.IsZero() {
		by = ", by " + p.When(o.By)
	}
	p.Note("Next: %s%s", o.Next, by)
	if o.LastAnswer != "" {
		p.Note("The node last said: %s", o.LastAnswer)
	}
}

// counted is a number of things, one or more.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Payment lays out one payment with every transaction that was made for it.
func Payment(p *console.Page, c support.PaymentCase) {
	p.Title("Payment %s", c.State)
	outgoing(p, c.Outgoing)
	p.Section("Transactions, in the order they were made")
	none(p, len(c.All))
	for i, a := range c.All {
		p.Item("%d. attempt %d of batch %s: %s", i+1, a.N, a.BatchID, a.State)
		p.Long("txid", a.TxID)
		p.Note("fee at most %s", asset.Amount{Asset: c.Chain.NativeID(), Units: a.Fee})
		if a.Rate != "" {
			p.Note("It offers %s for %s.", a.Rate, rateOf(c.Chain))
		}
		if a.Payments > 1 {
			p.Note("It pays %d payments.", a.Payments)
		}
		if a.Nonce != nil {
			p.Note("nonce %d", *a.Nonce)
			p.Long("sender", a.Sender)
		}
		p.Long("planned", p.When(a.PlannedAt))
		p.Long("signed", whenSet(p, a.SignedAt))
		p.Long("last sent", whenSet(p, a.LastSentAt))
		if a.LastAnswer != "" {
			p.Note("The node last said: %s", a.LastAnswer)
		}
		if a.N > 1 {
			p.Note("It takes the place of the attempt before it: %s", a.Reason)
		}
		if a.EndedBy != "" {
			p.Note("Ended by a transaction in block %d:", a.EndedAt)
			p.Long("spender", a.EndedBy)
		}
	}
}

// rateOf is what a rate on the chain is for.
func rateOf(chain asset.Chain) string {
	if chain.Family() == asset.Account {
		return "one unit of gas"
	}
	return "1,000 virtual bytes"
}
