package report

import (
	"math/big"
	"strings"

	"ferry/cmd/ferry/internal/console"
	"ferry/cmd/ferry/internal/support"
)

// openShown is how many facts in flight are listed.
const openShown = 20

// Books lays out the trial balance of both books and its verdict.
func Books(p *console.Page, b support.Books) {
	p.Title("Trial balance of both books, %s UTC", console.Clock(b.At))
	for _, a := range b.Assets {
		p.Section("%s", a.Asset)
		table := [][]string{{"book", "account", "debit", "credit"}}
		for _, l := range a.Lines {
			table = append(table, line(l.Book, l.Account, l.Balance))
		}
		table = append(table, []string{support.WalletBook, "sum", a.WalletTotal.String(), ""},
			[]string{support.MachineBook, "sum", a.MachineTotal.String(), ""})
		p.Table(table, 2, 3)
		clearing(p, a)
		if a.Reconciled != nil {
			p.Field("Chain", "%s", reconciled(p, *a.Reconciled))
		}
	}
	p.Text("")
	for _, a := range b.Assets {
		if len(a.Off) == 0 {
			p.Title("%s: balanced", a.Asset)
			continue
		}
		p.Alarm("%s: NOT BALANCED", a.Asset)
		for _, off := range a.Off {
			p.Note("%s", off)
		}
	}
}

func line(book, account string, s support.Sum) []string {
	if s.Units.Sign() < 0 {
		return []string{book, account, "", support.Sum{Asset: s.Asset, Units: new(big.Int).Neg(s.Units)}.String()}
	}
	return []string{book, account, s.String(), ""}
}

func clearing(p *console.Page, a support.AssetBooks) {
	p.Field("Clearing", "hot wallet %s, state machine %s; in flight %s in %d %s", a.WalletClearing, a.MachineClearing,
		a.InFlightSum(), len(a.InFlight), plural(len(a.InFlight), "fact"))
	if a.Lost != nil {
		p.Note("%s of it is from before the hot wallet's recovery: its counterparts are in suspense and recovered", a.Lost)
	}
	for i, o := range a.InFlight {
		if i == openShown {
			p.Note("and %d more", len(a.InFlight)-openShown)
			return
		}
		p.Long("in flight", strings.Join([]string{o.Wallet.String(), p.Ago(o.At), o.SwapID}, "  "))
		p.Long("", o.Key)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
