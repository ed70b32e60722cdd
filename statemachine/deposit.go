package statemachine

import (
	"fmt"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// MaxDeposits bounds what one swap's row carries. Deposits beyond it take the place of
// sightings that nothing came of or, where there is none, are parked with an alarm,
// rather than let an advertiser grow a row without end: what is told of the swap has to
// fit into a message (bus.MaxBody), whatever became of each deposit.
const MaxDeposits = 200

// MaxSmall is how many of them may be dust: whoever sprays it must not take the place
// of a real deposit.
const MaxSmall = 150

// depositStates is what each fact says of its deposit.
var depositStates = map[swap.FactKind]swap.DepositState{
	swap.FactDepositSeen: swap.DepositSeen, swap.FactDepositInBlock: swap.DepositInBlock,
	swap.FactDepositConfirmed: swap.DepositFinal, swap.FactDepositReplaced: swap.DepositReplaced,
	swap.FactDepositReorged: swap.DepositReorgedTo,
}

// decideDeposit records what the watcher knows of a deposit and says what it
// amounts to.
func decideDeposit(d Decision, f swap.Fact) Decision {
	told := *f.Deposit
	if _, known := asset.Lookup(told.Amount.Asset); !known {
		return parked("the deposit is in %.20q, which is not known", told.Amount.Asset)
	}
	if toAnother(d.Swap.Terms.Receipt, told) {
		return parked("the deposit is to another address than the receipt's")
	}
	small := isSmall(d.refundFee(told.Amount.Asset), told)
	known := d.depositIndex(told.DepositID) >= 0
	i, full := d.place(told, small)
	if full != "" {
		return parked("%s", full)
	}
	if !known {
		fresh := swap.Deposit{ID: told.DepositID, TxID: told.TxID, Amount: told.Amount, FirstSeen: told.FirstSeen}
		if i == len(d.Swap.Deposits) {
			d.Swap.Deposits = append(d.Swap.Deposits, fresh)
		}
		d.Swap.Deposits[i] = fresh
	}
	before := d.Swap.Deposits[i]
	if before.Amount != told.Amount {
		return parked("deposit %.120s was told as %s, and is told as %s", told.DepositID, before.Amount, told.Amount)
	}
	if before.State == swap.DepositFinal && f.Kind == swap.FactDepositReorged {
		return takeBack(d, i, told, f)
	}
	if before.State == swap.DepositFinal {
		d.Note = fmt.Sprintf("Deposit %s is confirmed already.", short(told.TxID))
		return d
	}
	after := &d.Swap.Deposits[i]
	after.Confirmations, after.Needed = told.Confirmations, told.Needed
	after.Height, after.BlockTime = told.Height, told.BlockTime
	if !told.FirstSeen.IsZero() && told.FirstSeen.Before(after.FirstSeen) {
		after.FirstSeen = told.FirstSeen
	}
	after.State, after.Small = depositStates[f.Kind], small
	switch {
	case after.State == swap.DepositFinal && after.Verdict != swap.VerdictNone:
		return giveBack(d, i, told, f)
	case after.State == swap.DepositFinal && isWrong(d.Swap.Terms.Quote, told.Amount):
		return wrongAsset(d, i, f)
	case after.State == swap.DepositFinal:
		d = judge(d, i, told, f)
	default:
		d = sighted(d, i, told, f)
	}
	if known && !before.Small && small && !isWrong(d.Swap.Terms.Quote, told.Amount) && d.Outcome == Applied && d.Move == MoveNone {
		// The chain's threshold has risen above it: nothing waits for it any more.
		d = follow(d, f)
	}
	return d
}

// sighted follows deposits that are not confirmed yet: they show, and never count.
func sighted(d Decision, i int, told swap.DepositFact, f swap.Fact) Decision {
	deposit := d.Swap.Deposits[i]
	if deposit.State == swap.DepositSeen || deposit.State == swap.DepositInBlock {
		d.Note = fmt.Sprintf("%s of %s, %d of %d confirmations.", told.Amount, short(told.TxID), told.Confirmations, told.Needed)
		if told.Awaits != swap.FinalityNone {
			d.Note = fmt.Sprintf("%s Its block must be %s too, because of its amount.", d.Note, told.Awaits)
		}
	} else {
		d.Note = fmt.Sprintf("%s of %s is gone from its chain.", told.Amount, short(told.TxID))
	}
	if isDust(d.Swap.Terms.Quote, deposit, d.leg(nobody), onTimeSoFar(d.Swap.Terms.Receipt, deposit, d.now(f))) {
		d.Note = fmt.Sprintf("%s is dust and touches nothing.", told.Amount)
		return d
	}
	if deposit.Verdict != swap.VerdictNone || isWrong(d.Swap.Terms.Quote, deposit.Amount) {
		return d
	}
	return askRate(follow(d, f), i, f)
}

// onTime is PRODUCT's definition: first seen by our node, or its block's time,
// before expiry, and confirmed before the confirm-by limit. When it was confirmed
// is our own clock's word, because block times can run ahead.
func onTime(r swap.Receipt, deposit swap.Deposit, told swap.DepositFact) bool {
	seen := !deposit.FirstSeen.After(r.DepositBy) ||
		!told.BlockTime.IsZero() && !told.BlockTime.After(r.DepositBy)
	return seen && !told.ConfirmedAt.After(r.ConfirmBy)
}

// onTimeSoFar is onTime for a deposit that still has to confirm. At the limit the
// deadline may have been told already: nothing would end the wait.
func onTimeSoFar(r swap.Receipt, deposit swap.Deposit, now time.Time) bool {
	seen := !deposit.FirstSeen.After(r.DepositBy) || !deposit.BlockTime.IsZero() && !deposit.BlockTime.After(r.DepositBy)
	return seen && now.Before(r.ConfirmBy)
}

// isSmall: below the published threshold of its asset, or so small that nothing the
// chain would carry is left of it after the refund's fee, which is in the same asset.
func isSmall(fee asset.Amount, told swap.DepositFact) bool {
	least, err := told.DustThreshold.Add(fee.Units)
	return err != nil || told.Amount.Units.Less(least) || told.Amount.Units.Cmp(fee.Units) <= 0
}

// isDust: small, and not what the user was asked for, which a variable quote does for no
// amount. That is the amount of the
// quote, whatever the threshold has become since, and in time also exactly what is
// missing of it.
func isDust(q swap.Quote, deposit swap.Deposit, l leg, punctual bool) bool {
	if isWrong(q, deposit.Amount) || q.Variable {
		return deposit.Small
	}
	if !deposit.Small || deposit.Amount.Units.Cmp(q.Deposit.Units) == 0 {
		return false
	}
	return l.decided || !punctual || deposit.Amount.Units.Cmp(l.missing) != 0
}

func (d Decision) depositIndex(id string) int {
	for i, deposit := range d.Swap.Deposits {
		if deposit.ID == id {
			return i
		}
	}
	return -1
}

// small counts deposits that are too little to matter.
func (d Decision) small() (n int) {
	for _, deposit := range d.Swap.Deposits {
		if deposit.Small && !deposit.Main {
			n++
		}
	}
	return n
}

// short is enough of a transaction id for a person to recognise it.
func short(txid string) string {
	if len(txid) <= 12 {
		return txid
	}
	return txid[:12] + "…"
}
