package report

import (
	"fmt"
	"time"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
	"ferry/swap/asset"
)

// Status lays out how Ferry stands: what needs a person first.
func Status(p *console.Page, s support.Status) {
	p.Title("Ferry at %s UTC", console.Clock(s.At))
	for _, need := range s.Needs {
		p.Alarm("%s", need)
	}
	if len(s.Needs) == 0 {
		p.Text("Nothing needs a person.")
	}
	daemons(p, s)
	chains(p, s)
	swaps(p, s)
	p.Section("Told and not yet published, per schema")
	table := [][]string{}
	for _, r := range s.Relays {
		table = append(table, []string{r.Schema, fmt.Sprint(r.Waiting), oldest(p, r.Oldest)})
	}
	p.Table(table, 1)
	facts(p, s)
	if len(s.Staff) > 0 {
		p.Section("Latest actions of staff and alarms")
		for _, a := range s.Staff {
			p.Text("%s  %s  %s %s", console.Clock(a.At), a.Actor, a.Action, a.Target)
			p.Note("%s", a.Reason)
		}
	}
}

func daemons(p *console.Page, s support.Status) {
	if len(s.Daemons) == 0 {
		return
	}
	p.Section("Daemons")
	table := [][]string{}
	for _, d := range s.Daemons {
		word := "ready"
		if !d.Ready {
			word = "not ready: " + d.Reason
		}
		table = append(table, []string{d.Name, word})
	}
	p.Table(table)
}

func chains(p *console.Page, s support.Status) {
	p.Section("Chains")
	for _, h := range s.Halts {
		halted(p, h)
	}
	for _, c := range s.Chains {
		p.Field(string(c.Chain), "block %d read %s, its time %s UTC, by %s", c.Height, p.Ago(c.SeenAt), console.Clock(c.Time), holder(c.Holder))
	}
	none(p, len(s.Chains))
	for _, c := range s.Chains {
		if native, ok := c.Chain.Native(); ok && c.DustThreshold != nil {
			p.Field("dust", "%s deposits below %s touch nothing", c.Chain, asset.Amount{Asset: native.ID, Units: *c.DustThreshold})
		}
	}
	for _, r := range s.Reconciliations {
		p.Field("reconciled", "%s %s", r.Chain, reconciled(p, r))
	}
	p.Section("Open payments")
	table := [][]string{}
	for _, pay := range s.Payments {
		table = append(table, []string{string(pay.Chain), pay.State, fmt.Sprint(pay.Payments), "oldest queued " + p.Ago(pay.Oldest)})
	}
	p.Table(table, 2)
	none(p, len(table))
	for _, stuck := range s.Stuck {
		whose := stuck.SwapID
		if whose == "" {
			whose = "the house's own"
		}
		p.Item("%s on %s, %s, queued %s", whose, stuck.Chain, stuck.State, p.Ago(stuck.QueuedAt))
		p.Long("order", stuck.OrderID)
		p.Note("%s", stuck.Reason)
	}
}

func swaps(p *console.Page, s support.Status) {
	p.Section("Swaps")
	table := [][]string{}
	for _, c := range s.Swaps {
		table = append(table, []string{string(c.State), fmt.Sprint(c.Swaps), "longest unchanged since " + console.Clock(c.Oldest) + " UTC"})
	}
	p.Table(table, 1)
	none(p, len(table))
	if s.OverdueCount == 0 {
		return
	}
	p.Section("Overdue swaps: %d", s.OverdueCount)
	for _, o := range s.Overdue {
		p.Item("%s  %s", o.SwapID, o.State)
		p.Note("%s should have acted by %s", o.Actor, p.When(o.ActBy))
	}
}

func facts(p *console.Page, s support.Status) {
	p.Section("Facts")
	p.Field("parked", "%d", s.ParkedCount)
	p.Field("malformed", "%d, the newest %s", s.Malformed.All, oldest(p, s.Malformed.Newest))
	for _, f := range s.Parked {
		p.Item("%s  %s, parked %s", f.SwapID, f.Fact, p.Ago(f.At))
		p.Note("%s", f.Reason)
	}
}

func oldest(p *console.Page, t *time.Time) string { return p.Ago(orZero(t)) }

func holder(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}
