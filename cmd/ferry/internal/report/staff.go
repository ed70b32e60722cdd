package report

import (
	"strings"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// staff lays out what members of staff asked for; nothing where nobody did.
func staff(p *console.Page, c support.Case) {
	if len(c.Staff) == 0 {
		return
	}
	p.Section("Staff (UTC)")
	if c.EarlierStaff {
		p.Note("Earlier ones are left out.")
	}
	for _, s := range c.Staff {
		p.Text("%s  %s by %s", console.Clock(s.At), strings.ReplaceAll(string(s.Action), "_", "-"), s.Actor)
		p.Long("request", s.RequestID)
		p.Long("deposit", s.DepositID)
		p.Note("Reason: %s", s.Reason)
		if s.Outcome == "" {
			p.Note("The state machine has not decided on it yet.")
		} else {
			p.Note("%s", s.Outcome)
		}
		if s.ApprovedAt != nil {
			p.Note("Approved by %s, %s UTC. %s", s.ApprovedBy, console.Clock(*s.ApprovedAt), s.ApprovalReason)
			p.Note("%s", s.ApprovalOutcome)
		}
		if s.Pending {
			p.Note("It waits for another member of staff:")
			p.Long("", "ferry swap approve "+c.SwapID+" "+s.RequestID)
		}
	}
}
