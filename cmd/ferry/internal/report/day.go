package report

import (
	"fmt"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// Day lays out what one day did to the books: each account from its opening to its
// closing balance, and each kind of entry.
func Day(p *console.Page, d support.DayBooks) {
	p.Title("Books of %s, 00:00 to 24:00 UTC; credits are negative", d.From.Format("2006-01-02"))
	if d.At.Before(d.To) {
		p.Item("The day is not over: as of %s UTC.", console.Clock(d.At))
	}
	for _, b := range d.Books {
		p.Section("%s, %s", b.Asset, b.Book)
		if len(b.Accounts) == 0 {
			p.Item("Nothing was ever booked.")
			continue
		}
		accounts(p, b)
		p.Text("")
		kinds(p, b)
	}
	p.Text("")
	for _, b := range d.Books {
		if len(b.Off) == 0 {
			p.Title("%s, %s: sums to zero", b.Asset, b.Book)
			continue
		}
		p.Alarm("%s, %s: DOES NOT SUM TO ZERO", b.Asset, b.Book)
		for _, off := range b.Off {
			p.Note("%s", off)
		}
	}
}

func accounts(p *console.Page, b support.DayBook) {
	table := [][]string{{"account", "", "amount"}}
	for _, a := range b.Accounts {
		table = append(table, []string{a.Account, "opening", a.Opening.String()})
		for _, m := range a.Movements {
			table = append(table, []string{"", m.Kind, m.Amount.String()})
		}
		table = append(table, []string{"", "closing", a.Closing.String()})
	}
	table = append(table, []string{"sum", "opening", b.Opening.String()}, []string{"", "closing", b.Closing.String()})
	p.Table(table, 2)
}

func kinds(p *console.Page, b support.DayBook) {
	if len(b.Kinds) == 0 {
		p.Item("No entry was booked on this day.")
		return
	}
	table := [][]string{{"entries of kind", "number", "moved", "sum"}}
	for _, k := range b.Kinds {
		table = append(table, []string{k.Kind, fmt.Sprint(k.Entries), k.Moved.String(), k.Total.String()})
	}
	p.Table(table, 1, 2, 3)
}
