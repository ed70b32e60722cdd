package statemachine

import (
	"fmt"

	"ferry/swap"
)

// isAbandoned reports a sighting that nothing came of: it left the mempool and never was
// in a block. Anybody makes such for nothing (a transfer of a token that he has not got,
// a payment that he replaces), so that they must not keep a place for ever. If it comes
// after all, it is told of again and is as one that is new.
func isAbandoned(deposit swap.Deposit) bool {
	return deposit.State == swap.DepositReplaced && deposit.Verdict == swap.VerdictNone && deposit.Height == 0 && !deposit.Main
}

// place is where a deposit that is told of stands in the swap's row: its own place, that
// of an abandoned one where a limit is met, or the end. full says why there is none.
func (d Decision) place(told swap.DepositFact, small bool) (at int, full string) {
	at = d.depositIndex(told.DepositID)
	known := at >= 0
	counts := !known || isAbandoned(d.Swap.Deposits[at])
	switch {
	case counts && !small && isWrong(d.Swap.Terms.Quote, told.Amount) && d.wrong() >= MaxWrongAsset:
		return 0, fmt.Sprintf("the swap has %d deposits in other assets, the most that are taken", MaxWrongAsset)
	case known:
		return at, ""
	case small && d.small() >= MaxSmall:
		at, full = d.abandoned(true), fmt.Sprintf("the swap has %d deposits of dust, the most that are taken", MaxSmall)
	case len(d.Swap.Deposits) >= MaxDeposits:
		at, full = d.abandoned(false), fmt.Sprintf("the swap has %d deposits, the most that are taken", MaxDeposits)
	default:
		return len(d.Swap.Deposits), ""
	}
	if at < 0 {
		return 0, full
	}
	return at, ""
}

// abandoned is the first abandoned deposit's place, of dust only if asked; -1 if there
// is none.
func (d Decision) abandoned(dust bool) int {
	for i, deposit := range d.Swap.Deposits {
		if isAbandoned(deposit) && (deposit.Small || !dust) {
			return i
		}
	}
	return -1
}
