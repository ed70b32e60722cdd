package report

import (
	"fmt"
	"slices"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// mismatches says of each deposit that does not match the terms what happened, who
// must act by when, and what happens otherwise.
func mismatches(p *console.Page, s support.SwapView, deposits []support.DepositView) {
	if len(s.Mismatches) == 0 {
		return
	}
	p.Section("Does not match the terms")
	for i, m := range s.Mismatches {
		main := "beside the swap"
		if m.Main {
			main = "it decides the swap"
		}
		p.Item("%d. %s%s, %s", i+1, total(deposits, m), m.Verdict, main)
		for _, id := range m.Deposits {
			p.Long("deposit", id)
		}
		p.Field("  must act", "%s%s", waiting(m), until(p, m))
		p.Field("  why", "%s", why(m))
		if !m.Offer.Units.IsZero() {
			p.Field("  last price", "would have paid %s", m.Offer)
		}
		if m.SignedConsent != "" {
			p.Field("  answered", "the user took a new price")
		}
		p.Field("  otherwise", "%s", otherwise(m, s))
	}
}

// total is what the deposits are together, "" where one is not there.
func total(deposits []support.DepositView, m swap.Mismatch) string {
	var sum asset.Amount
	for _, id := range m.Deposits {
		i := slices.IndexFunc(deposits, func(d support.DepositView) bool { return d.ID == id })
		if i < 0 {
			return ""
		}
		units, err := sum.Units.Add(deposits[i].Amount.Units)
		if err != nil {
			return ""
		}
		sum = asset.Amount{Asset: deposits[i].Amount.Asset, Units: units}
	}
	return sum.String() + ": "
}

func waiting(m swap.Mismatch) string {
	switch m.Wait {
	case swap.WaitPrice:
		return "ferry (liquidityd): name a price"
	case swap.WaitAnswer:
		return "user: answer with the swap's secret, a new price or a refund"
	case swap.WaitAddress:
		return "user: set a refund address with the swap's secret"
	case swap.WaitOwner:
		return "user: say yes to the refund with the swap's secret, at a fee of " + m.Fee.String()
	default:
		return string(m.Wait)
	}
}

func why(m swap.Mismatch) string {
	switch {
	case m.Wait == swap.WaitOwner:
		return "it came in another asset than the swap's, and nobody has agreed on what its refund costs"
	case m.Reason == "" && m.Wait == swap.WaitPrice:
		return "it is to be swapped at today's price"
	}
	return because(m.Reason)
}

func until(p *console.Page, m swap.Mismatch) string {
	if m.By.IsZero() || m.Wait == swap.WaitAddress || m.Wait == swap.WaitOwner {
		return ""
	}
	return ", by " + p.When(m.By)
}

// otherwise is what happens if nobody acts.
func otherwise(m swap.Mismatch, s support.SwapView) string {
	refunded := "it is refunded"
	if s.RefundAddress == "" {
		refunded = "it is to be refunded, and waits for a refund address"
	}
	switch m.Wait {
	case swap.WaitPrice:
		return refunded + fmt.Sprintf("; price asked for: %s", times(m.Asked))
	case swap.WaitAnswer:
		return refunded
	case swap.WaitOwner:
		back := "; staff can send all of it to the refund address, and the house carries the fee"
		if (swap.Terms{Receipt: s.Receipt}).RefundsWrongAssetTo(m.Fee.Asset, s.RefundAddress) == "" {
			back = "; there is no refund address on its chain, so it needs the user's yes"
		}
		return "it stays where it is; the user was reminded " + times(m.Reminded) + nextReminder(m) + back
	case swap.WaitAddress:
		return "it stays where it is; the user was reminded " + times(m.Reminded) + nextReminder(m)
	default:
		return ""
	}
}

func nextReminder(m swap.Mismatch) string {
	if m.By.IsZero() {
		return ""
	}
	return ", next at " + console.Clock(m.By) + " UTC"
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

// approvals are the staff's requests that wait for a second pair of eyes.
func approvals(p *console.Page, id string, staff []swap.StaffRequest) {
	if len(staff) == 0 {
		return
	}
	p.Section("Waits for a second pair of eyes")
	for i, r := range staff {
		p.Item("%d. %s wants: %s", i+1, r.Actor, strings.ReplaceAll(string(r.Action), "_", " "))
		p.Long("deposit", r.DepositID)
		p.Field("  why", "%s", r.Reason)
		p.Field("  must act", "support: somebody else than %s, by %s", r.Actor, p.When(r.By))
		p.Field("  otherwise", "it lapses")
		p.Long("request", r.RequestID)
		p.Long("command", "ferry swap approve "+id)
	}
}
