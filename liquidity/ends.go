package liquidity

import (
	"slices"
	"time"

	"ferry/swap"
)

// EndsLock reports a state after which no payout at the quote's price can come. What
// comes to an expired swap all the same is refunded out of itself, or priced anew: that
// is a promise of its own (Requoted).
func EndsLock(s swap.State) bool {
	return s == swap.Settled || s == swap.Refunded || s == swap.Expired
}

// Requoted is an open promise of a requote.
type Requoted struct {
	RequestID string
	SwapID    string
	// OrderID is the one order that may pay it.
	OrderID string
	// DepositIDs are what it is for; the first names the mismatch, and Asked is the
	// number of its request there.
	DepositIDs []string
	Asked      int
	// AskedAt is the request's time: that of the update which told of it.
	AskedAt time.Time
}

// EndedBy reports that no payout of the requote can come after the update, or that it
// is made and final. Updates come again, and from before the request: a requote is
// asked for after its swap has expired, and for an extra deposit after it was settled.
// So the swap's state says nothing here, and neither does anything that is only absent
// from an update of unknown age. What counts is, in this order:
//
//   - its order is there: it ends when that is final. A failed one stays promised, as a
//     held swap's lock does: it may be ordered again.
//   - a refund of one of its deposits is ordered: a deposit is paid out once.
//   - its mismatch is there: an update from before the request has asked for fewer
//     prices, and says nothing. Else it ends where the mismatch has gone on: it waits
//     for another price, for the user's answer or for a refund address. (A new yes is a
//     new request, with a promise of its own.)
//   - its rate is there, which was set when its deposit was seen: it ends where that
//     deposit is gone, or has been given another, or the swap is over without it. What
//     re-opens an expired swap is given another.
//   - nothing of it is there: it was not taken, or staff wrote it off. That counts only
//     in an update later than the request's, of which the times tell: they never go back
//     from one version of a swap to the next.
func (p Requoted) EndedBy(u swap.Update) bool {
	if u.SwapID != p.SwapID {
		return false
	}
	for _, payment := range u.Payments {
		if payment.OrderID == p.OrderID {
			return payment.State == swap.PaymentFinal
		}
	}
	isFor := func(id string) bool { return slices.Contains(p.DepositIDs, id) }
	for _, payment := range u.Payments {
		if payment.Purpose == swap.PurposeRefund && slices.ContainsFunc(payment.Deposits, isFor) {
			return true
		}
	}
	for _, m := range u.Mismatches {
		if slices.ContainsFunc(m.Deposits, isFor) {
			return m.Asked > p.Asked || m.Asked == p.Asked && m.Wait != swap.WaitPrice
		}
	}
	for _, r := range u.Rates {
		if isFor(r.DepositID) && !EndsLock(u.State) {
			return r.Asked > p.Asked || r.Asked == p.Asked && r.Gone
		}
	}
	return u.At.Sub(p.AskedAt) >= time.Millisecond // the stored time is cut to microseconds
}
