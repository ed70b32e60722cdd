// Package hedge brings the book back to its targets: it sums up what swaps leave the house
// with, and trades the difference away at venues.
//
// It promises, whatever crashes, repeats or is left unanswered: that an order is stored
// before it is sent and sent at most once, by the process that stored it and before its
// deadline; that an order whose outcome is not known is asked for by its client id, and
// held to be void only where the venue knows no such order after the deadline and every
// fill since is another order's; that an order's fills are booked once, all of them, and
// only when they add up to what the venue says was filled; and that no asset is traded
// while an order in it is not resolved. So the position is what swaps and fills make it,
// and nothing is hedged twice or forgotten.
//
// The way of a swap: an update (Expose) becomes an Exposure, whose change is booked in
// liquidity's own book with the spread at the fair price of then. The way of a hedge: the
// position is outside of its band (Policy.Excess), the venues' books are walked (Split),
// the Intents are stored, sent, resolved, and their fills are booked with what they cost
// against the fair price; the cost is shared out to the swaps (Attribute).
//
// Everything meets in bitcoin: each asset has one instrument against it, and the bitcoin
// that is left is the house's gain or loss.
//
// It imports liquidity, liquidity/trade and swap with its leaves.
package hedge
