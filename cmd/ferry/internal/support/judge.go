package support

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"ferry/cmd/ferry/internal/console"
)

// judge says what is off in one asset's books: totals that are not zero, running
// balances that are not what the postings say, clearing entries that are no facts
// in flight, facts in flight too long, and a chain that holds something else.
func (a *AssetBooks) judge(owed *big.Int, open []Open, more bool, now time.Time) {
	off := func(format string, args ...any) { a.Off = append(a.Off, fmt.Sprintf(format, args...)) }
	if !a.WalletTotal.Zero() {
		off("the hot wallet's book does not sum to zero but to %s", a.WalletTotal)
	}
	if !a.MachineTotal.Zero() {
		off("the state machine's book does not sum to zero but to %s", a.MachineTotal)
	}
	a.judgeOwed(owed, off)
	late := 0
	for _, o := range open {
		switch {
		case o.Wallet.Asset != a.Asset:
		case o.Lost:
			a.Lost = &o.Machine
		case o.Wallet.Zero():
			off("%s of %s is in the state machine's book and not in the hot wallet's", o.Machine, o.Key)
		case !o.Machine.Zero():
			off("%s is %s in the hot wallet's book and %s in the state machine's", o.Key, o.Wallet, o.Machine)
		default:
			a.InFlight = append(a.InFlight, o)
			if now.Sub(o.At) > inFlightLimit {
				late++
			}
		}
	}
	if late > 0 {
		off("facts in flight for more than %s: %d", console.Span(inFlightLimit), late)
	}
	if more {
		off("more than %d clearing entries have no counterpart; the rest is not judged", openMost)
	}
	if !more {
		a.judgeClearing(open, off)
	}
	if r := a.Reconciled; r != nil && r.Off() {
		off("at block %d the books say %s and the node %s", r.Height, r.Book, r.Node)
	}
}

// judgeOwed compares the balances that guard payouts with the postings they sum.
func (a *AssetBooks) judgeOwed(owed *big.Int, off func(string, ...any)) {
	posted := new(big.Int)
	for _, l := range a.Lines {
		if l.Book == MachineBook && strings.HasPrefix(l.Account, "swaps, ") {
			posted.Sub(posted, l.Balance.Units)
		}
	}
	if owed == nil {
		owed = new(big.Int)
	}
	if posted.Cmp(owed) != 0 {
		off("swaps are owed %s by the running balances and %s by the postings",
			Sum{Asset: a.Asset, Units: owed}, Sum{Asset: a.Asset, Units: posted})
	}
}

// judgeClearing checks that the open entries explain the difference to the unit.
func (a *AssetBooks) judgeClearing(open []Open, off func(string, ...any)) {
	explained := new(big.Int)
	for _, o := range open {
		if o.Wallet.Asset == a.Asset {
			explained.Add(explained, o.Wallet.Units)
			explained.Add(explained, o.Machine.Units)
		}
	}
	difference := new(big.Int).Add(a.WalletClearing.Units, a.MachineClearing.Units)
	if difference.Cmp(explained) != 0 {
		off("the clearing accounts differ by %s, the entries without counterpart by %s",
			Sum{Asset: a.Asset, Units: difference}, Sum{Asset: a.Asset, Units: explained})
	}
}

// InFlightSum is what all facts in flight carry from the hot wallet's book.
func (a AssetBooks) InFlightSum() Sum {
	sum := Sum{Asset: a.Asset, Units: new(big.Int)}
	for _, o := range a.InFlight {
		sum.Units.Add(sum.Units, o.Wallet.Units)
	}
	return sum
}
