package report

import (
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Case lays out all that is known of one swap.
func Case(p *console.Page, c support.Case) {
	if c.Swap == nil {
		p.Title("%s  not known to the state machine", c.SwapID)
		p.Alarm("The state machine has not taken this swap; below is what others know of it.")
	} else {
		stand(p, c.SwapID, *c.Swap, c.Timeline)
		mismatches(p, *c.Swap, c.Deposits)
		approvals(p, c.SwapID, c.Swap.Staff)
		terms(p, *c.Swap)
	}
	if c.Issued != nil && c.Swap == nil {
		p.Section("Address issued by the hot wallet")
		p.Long(string(c.Issued.Chain), c.Issued.Address)
		p.Long("path", c.Issued.Path)
		p.Long("issued", p.When(orZero(c.Issued.At)))
	}
	p.Section("Deposits")
	for i, d := range c.Deposits {
		deposit(p, i+1, d)
	}
	none(p, len(c.Deposits))
	p.Section("Payments")
	for i, pay := range c.Payments {
		payment(p, i+1, pay, c.Swap)
	}
	none(p, len(c.Payments))
	timeline(p, c)
	staff(p, c)
	parked(p, "Parked facts", c.Parked)
	p.Section("What the swap is owed (state machine's book)")
	var lines [][]string
	for _, b := range c.Balances {
		lines = append(lines, []string{shortAccount(b.Account, c.SwapID), asset.Amount{Asset: b.Asset, Units: b.Units}.String()})
	}
	p.Table(lines, 1)
	none(p, len(lines))
}

func stand(p *console.Page, id string, s support.SwapView, timeline []support.Event) {
	p.Title("%s  %s", id, s.State)
	if s.Overdue {
		p.Alarm("Overdue: %s should have acted by %s.", s.Actor, p.When(s.ActBy))
	}
	by := ""
	if !s.ActBy.IsZero() {
		by = ", by " + p.When(s.ActBy)
	}
	if n := len(timeline); n > 0 {
		p.Field("Happened", "%s", timeline[n-1].Note)
	}
	p.Field("Must act", "%s%s", s.Actor, by)
	p.Field("Why", "%s", s.Waiting)
	p.Field("Reason", "%s", because(s.Reason))
	if !s.Missing.Units.IsZero() {
		p.Field("Missing", "%s, to be sent by %s", s.Missing, p.When(s.Receipt.DepositBy))
	}
	p.Field("Created", "%s", p.When(s.CreatedAt))
	p.Field("Last change", "%s, version %d", p.When(s.UpdatedAt), s.Version)
}

func terms(p *console.Page, s support.SwapView) {
	q, r := s.Quote, s.Receipt
	p.Section("Terms")
	if q.Variable {
		p.Field("Deposit", "one of %s to %s on %s, at the rate that is set when it is seen", q.DepositMin, q.DepositMax, r.DepositChain)
	} else {
		p.Field("Deposit", "%s on %s", q.Deposit, r.DepositChain)
	}
	p.Long("to", r.DepositAddress)
	p.Long("path", r.DepositPath)
	if q.Variable {
		p.Field("Payout", "estimated %s for %s", q.Payout, q.Deposit)
	} else {
		p.Field("Payout", "%s", q.Payout)
	}
	p.Long("to", r.PayoutAddress)
	p.Field("Refund", "less at most %s of fees", q.RefundFeeMax)
	p.Long("to", s.RefundAddress)
	switch {
	case s.RefundAddress == "":
		p.Note("The user left the refund address open and has not set one.")
	case r.RefundAddress == "":
		p.Note("The user set it after the receipt, with the swap's secret.")
	}
	p.Field("Rate", "%s %s per %s", q.Rate, q.Pair.To, q.Pair.From)
	p.Field("Service fee", "%s", q.ServiceFee)
	p.Field("Network fee", "%s", q.NetworkFee)
	p.Field("Quote", "%s", q.ID)
	p.Field("Deposit by", "%s", p.When(r.DepositBy))
	p.Field("Confirm by", "%s", p.When(r.ConfirmBy))
	p.Field("Mismatch", "%s", policy(r.Policy))
}

func deposit(p *console.Page, n int, d support.DepositView) {
	verdict := string(d.Verdict)
	if verdict == "" {
		verdict = "no verdict yet"
		if d.State == swap.DepositFinal {
			verdict = "a part, waits for the rest"
		}
	}
	state := fmt.Sprintf("%s, %d of %d confirmations", d.State, d.Confirmations, d.Needed)
	if !d.Told {
		verdict, state = "the state machine has not been told", string(d.State)
	}
	p.Item("%d. %s: %s, %s", n, d.Amount, state, verdict)
	p.Long("txid", d.TxID)
	p.Long("id", d.ID)
	p.Long("seen", p.When(d.FirstSeen))
	if d.Height > 0 {
		block := fmt.Sprintf("%d", d.Height)
		if !d.BlockTime.IsZero() {
			block += " of " + console.Clock(d.BlockTime) + " UTC"
		}
		p.Long("block", block)
	}
	if d.Told && d.Watched == "" {
		p.Note("The hot wallet has no such deposit.")
	} else if d.Told && d.Watched != string(d.State) {
		p.Note("The hot wallet has it as %s: a fact is in flight.", d.Watched)
	}
}

func payment(p *console.Page, n int, pay support.PaymentView, s *support.SwapView) {
	if pay.Purpose == "" {
		p.Item("%d. %s: only the hot wallet knows of it", n, pay.OrderID)
	} else {
		p.Item("%d. %s of %s: %s", n, pay.Purpose, pay.Amount, pay.State)
		p.Long("to", pay.Destination)
		p.Long("order", pay.OrderID)
		for _, id := range pay.Deposits {
			p.Long("deposit", id)
		}
		p.Long("txid", pay.TxID)
		repriced(p, pay.OrderID, s)
	}
	w := pay.Wallet
	if w == nil {
		p.Note("The order has not reached the hot wallet.")
		return
	}
	native, _ := w.Chain.Native() // a chain that is not known shows base units
	line := fmt.Sprintf("Hot wallet: %s since %s, queued %s", w.State, p.When(w.UpdatedAt), p.Ago(w.QueuedAt))
	if !w.Fee.IsZero() {
		line += ", fee " + asset.Amount{Asset: native.ID, Units: w.Fee}.String()
	}
	if w.Height > 0 {
		line += fmt.Sprintf(", block %d", w.Height)
	}
	p.Note("%s.", line)
	if w.Reason != "" {
		p.Note("Reason: %s", w.Reason)
	}
	for _, a := range w.Attempts {
		attempt(p, native.ID, a)
	}
}

// repriced says what a payout rests on that is not the quote's.
func repriced(p *console.Page, orderID string, s *support.SwapView) {
	if s == nil {
		return
	}
	for _, r := range s.Requotes {
		switch {
		case r.OrderID != orderID:
		case r.SignedConsent != "":
			p.Note("At a new price, which the user took with the swap's secret.")
		default:
			p.Note("At a new price, which the policy permits.")
		}
	}
}

func attempt(p *console.Page, fee asset.ID, a support.Attempt) {
	nonce := ""
	if a.Nonce != nil {
		nonce = fmt.Sprintf(", nonce %d", *a.Nonce)
	}
	p.Note("Attempt %d: %s, fee at most %s%s, planned %s", a.N, a.State, asset.Amount{Asset: fee, Units: a.Fee}, nonce, p.When(a.PlannedAt))
	p.Long("txid", a.TxID)
	p.Long("signed", whenSet(p, a.SignedAt))
	p.Long("last sent", whenSet(p, a.LastSentAt))
	if a.LastAnswer != "" {
		p.Note("The node last said: %s", a.LastAnswer)
	}
}

func timeline(p *console.Page, c support.Case) {
	p.Section("Timeline (UTC)")
	if c.Earlier {
		p.Note("Earlier events are left out; --events shows more.")
	}
	for _, e := range c.Timeline {
		move := string(e.To)
		if e.From != e.To && e.From != "" {
			move = fmt.Sprintf("%s → %s", e.From, e.To)
		}
		p.Text("%s  %s  %s", console.Clock(e.At), e.Fact, move)
		if e.Note != "" {
			p.Note("%s", e.Note)
		}
	}
	none(p, len(c.Timeline))
}

func parked(p *console.Page, heading string, facts []support.Parked) {
	if len(facts) == 0 {
		return
	}
	p.Section("%s", heading)
	for _, f := range facts {
		p.Text("%s  %s  from %s, number %d", console.Clock(f.At), f.Fact, f.Source, f.Seq)
		p.Note("%s (parked %s)", f.Reason, p.Ago(f.At))
	}
}

func none(p *console.Page, n int) {
	if n == 0 {
		p.Item("none")
	}
}

// shortAccount leaves out the swap's own id, which stands in the title.
func shortAccount(account, swapID string) string {
	for _, short := range []string{"deposit", "payout", "refund"} {
		if account == "swap:"+swapID+":"+short {
			return short
		}
	}
	return account
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func whenSet(p *console.Page, t *time.Time) string {
	if t == nil {
		return ""
	}
	return p.When(*t)
}

// stateOr is a swap's state, or a dash for what belongs to no known swap.
func stateOr(s swap.State) string {
	if s == "" {
		return "-"
	}
	return string(s)
}
