package liquidity

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Answer is a request for a price with what is answered to it: a requote that
// Terms.Permits, or a refusal.
type Answer struct {
	Request swap.RequoteRequest
	// Requote and Signed are the requote and its text; Signed is "" where Refused
	// says why there is none.
	Requote swap.Requote
	Signed  string
	Refused string
	// Offer is what the refused price would have paid, where there was one.
	Offer asset.Amount
	// Bounds are what the requote must fit into when it is booked.
	Bounds Bounds
	// Why says to operators what stands in the way of a requote; Faulty that the request
	// should never have been made.
	Why    error
	Faulty bool
	At     time.Time
}

// OrderID is that of the one order which the requote may be paid by.
func (a Answer) OrderID() string {
	if a.Request.Main {
		return swap.PayoutOrderID(a.Request.SwapID)
	}
	return swap.ExtraPayoutOrderID(a.Request.Deposits[0].ID)
}

// Detected reports a rate for a deposit that is seen and not confirmed.
func (a Answer) Detected() bool { return a.Request.Basis == swap.BasisDetected }

// Pair is the direction of a requote.
func (a Answer) Pair() asset.Pair {
	return asset.Pair{From: a.Requote.Deposit.Asset, To: a.Requote.Payout.Asset}
}

// DepositIDs are the ids of what is priced, in their order.
func (a Answer) DepositIDs() []string { return swap.Order{Deposits: a.Request.Deposits}.DepositIDs() }

// Unfunded is the refusal that the answer becomes where the balance is promised to
// others.
func (a Answer) Unfunded() Answer {
	a.Offer, a.Signed = a.Requote.Payout, ""
	return a.refuse(swap.RefusedUnavailable, noLiquidity(a.Requote.Payout.Asset))
}

// refuse is the answer with a refusal and its reason.
func (a Answer) refuse(refused string, why error) Answer {
	a.Refused, a.Why = refused, why
	return a
}

// fault refuses a request that should never have been made.
func (a Answer) fault(why error) Answer {
	a.Faulty = true
	return a.refuse(swap.RefusedUnavailable, why)
}

// Fact tells the state machine.
func (a Answer) Fact() swap.Fact {
	return swap.Fact{Kind: swap.FactRequoted, SwapID: a.Request.SwapID, At: a.At, Requoted: &swap.RequotedFact{
		RequestID: a.Request.ID, SignedRequote: a.Signed, Refused: a.Refused, Offer: a.Offer}}
}
