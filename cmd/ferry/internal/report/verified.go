package report

import (
	"fmt"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
)

// Asked is what a person said of a request; "" and nil were not said.
type Asked struct {
	Payout, Secret string
	// Refund is "" where the address was left open.
	Refund *string
	Policy *swap.Policy
}

// Quote says what a verified quote promises.
func Quote(p *console.Page, q swap.Quote) {
	p.Title("The quote verifies: a pinned key signed it, and it holds now.")
	p.Long("quote", q.ID)
	quoted(p, q)
	p.Field("accept by", "%s", p.When(q.AcceptBy))
	p.Field("then", "%s to be seen paying, %s to be confirmed, from the swap's creation",
		console.Span(seconds(q.DepositWindowSeconds)), console.Span(seconds(q.ConfirmWindowSeconds)))
}

func quoted(p *console.Page, q swap.Quote) {
	if q.Variable {
		p.Field("you pay", "one deposit from %s to %s on %s", exact(q.DepositMin), exact(q.DepositMax), q.DepositChain())
		p.Field("you get", "what the rate pays that is set when the deposit is seen: now %s for %s", exact(q.Payout), exact(q.Deposit))
		p.Field("estimate", "%s %s per %s before fees; a rate of more than a tenth less is not taken without your answer", q.Rate, q.Pair.To, q.Pair.From)
		p.Field("fees", "about %s service and %s network, taken off already", q.ServiceFee, q.NetworkFee)
		p.Field("refund costs", "at most %s", exact(q.RefundFeeMax))
		return
	}
	p.Field("you pay", "exactly %s on %s", exact(q.Deposit), q.DepositChain())
	p.Field("you get", "exactly %s on %s", exact(q.Payout), q.PayoutChain())
	p.Field("price", "%s %s per %s before fees", q.Rate, q.Pair.To, q.Pair.From)
	p.Field("fees", "%s service and %s network, taken off already", q.ServiceFee, q.NetworkFee)
	p.Field("refund costs", "at most %s", exact(q.RefundFeeMax))
}

// Receipt says what a verified receipt promises, and what nobody has compared.
func Receipt(p *console.Page, t swap.Terms, asked Asked) {
	r := t.Receipt
	p.Title("The receipt verifies: pinned keys signed it, and there is time to pay.")
	p.Long("swap", r.SwapID)
	p.Long("quote", r.QuoteID)
	quoted(p, t.Quote)
	p.Section("Pay to")
	p.Long("", r.DepositAddress)
	p.Field("seen by", "%s", p.When(r.DepositBy))
	p.Field("confirmed by", "%s", p.When(r.ConfirmBy))
	p.Section("Paid to")
	p.Long("payout", r.PayoutAddress)
	if r.RefundAddress == "" {
		p.Field("refund", "left open: set it later with the swap's secret")
	}
	p.Long("refund", r.RefundAddress)
	p.Field("policy", "%s", policy(r.Policy))
	var compared, open []string
	for _, part := range []struct {
		name, flag string
		said       bool
	}{{"payout address", "--payout", asked.Payout != ""}, {"refund address", "--refund", asked.Refund != nil},
		{"policy", "--policy", asked.Policy != nil}, {"secret", "--secret", asked.Secret != ""}} {
		if part.said {
			compared = append(compared, part.name)
		} else {
			open = append(open, part.name+" ("+part.flag+")")
		}
	}
	p.Section("Compared with your request")
	if len(compared) > 0 {
		p.Item("These are what you asked for: %s.", strings.Join(compared, ", "))
	}
	if len(open) > 0 {
		p.Alarm("Not compared, since you did not name it: %s. Compare it yourself before you pay.", strings.Join(open, ", "))
	}
}

// policy is what becomes of a deposit that does not match, on a line.
func policy(p swap.Policy) string {
	return fmt.Sprintf("short: %s, over: %s, late: %s, extra: %s, within %s", p.OnShort, p.OnOver, p.OnLate, p.OnExtra, percent(p.ToleranceBPS))
}

// percent writes basis points as a percentage.
func percent(bps int64) string {
	return asset.FormatUnits(asset.NewUnits(uint64(max(bps, 0))), 2) + " %"
}

// exact is an amount in coins and in base units.
func exact(a asset.Amount) string {
	return fmt.Sprintf("%s (%s %s)", a, a.Units, asset.MustLookup(a.Asset).Unit)
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
