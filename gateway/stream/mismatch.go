package stream

import (
	"fmt"
	"math/big"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// MismatchesShown is how many mismatches one update shows.
const MismatchesShown = 20

// ShowUpdate is one step of a swap, for clients. A mismatch's amount is not among
// what an update says.
func ShowUpdate(u swap.Update) api.SwapUpdate {
	out := api.SwapUpdate{Version: u.Version, State: api.SwapState(u.State), Cause: string(u.Cause), Message: u.Message,
		NextActor: api.NextActor(u.Actor), ActBy: api.OptionalMillis(u.By), Reason: u.Reason,
		RefundAddress: u.RefundAddress, At: api.MillisOf(u.At)}
	if !u.Missing.Units.IsZero() {
		out.MissingAmount = u.Missing.Decimal()
	}
	for _, m := range u.Mismatches[:min(len(u.Mismatches), MismatchesShown)] {
		out.Mismatches = append(out.Mismatches, ShowMismatch(m, m.Offer))
	}
	return out
}

// ShowMismatch is a mismatch for clients, with what swapping it would pay; an offer
// of nothing is unknown.
func ShowMismatch(m swap.Mismatch, offer asset.Amount) api.Mismatch {
	out := api.Mismatch{DepositId: m.ID, DepositIds: append([]string{}, m.Deposits...), Verdict: string(m.Verdict), Main: m.Main,
		WaitsFor: string(m.Wait), NextActor: actor(m.Wait), Reason: m.Reason, ActBy: api.OptionalMillis(m.By)}
	if m.Wait == swap.WaitAnswer && !offer.Units.IsZero() {
		out.OfferAmount = offer.Decimal()
		if least, ok := atLeast(offer); ok {
			out.SuggestedAtLeast = least.Decimal()
		}
	}
	if m.Wait == swap.WaitOwner {
		a := asset.MustLookup(m.Fee.Asset)
		out.Asset, out.RefundFee, out.RefundChain = string(a.ID), m.Fee.Decimal(), string(a.Chain)
	}
	out.Message = happened(m) + " " + advice(m, out.OfferAmount, offer.Asset)
	return out
}

// room is how far below an offer the suggested least payout is, in percent: prices
// move between the question and the answer.
const room = 1

func atLeast(offer asset.Amount) (asset.Amount, bool) {
	units, err := offer.Units.MulDiv(big.NewInt(100-room), big.NewInt(100), asset.Down)
	if err != nil {
		return asset.Amount{}, false
	}
	least, err := asset.Amount{Asset: offer.Asset, Units: units}.RoundPlaces(asset.Down)
	return least, err == nil && !least.Units.IsZero()
}

func actor(w swap.Wait) api.NextActor {
	if w == swap.WaitPrice {
		return api.Ferry
	}
	return api.User
}

// happened says what is wrong with the deposits.
func happened(m swap.Mismatch) string {
	what := "A deposit"
	if len(m.Deposits) > 1 {
		what = "What was deposited"
	}
	switch m.Verdict {
	case swap.VerdictShort:
		return what + " is less than the terms say, and the rest did not come in time."
	case swap.VerdictOver:
		return what + " is more than the terms say."
	case swap.VerdictLate:
		return what + " came too late."
	case swap.VerdictExtra:
		return what + " came after the swap was decided."
	case swap.VerdictCounted:
		return what + " is here, and its rate is not set yet."
	case swap.VerdictWrongAsset:
		return fmt.Sprintf("%s came in %s, which is not what this swap takes.", what, m.Fee.Asset)
	default:
		return what + " does not match the terms."
	}
}

// advice says who does what next, and what happens otherwise.
func advice(m swap.Mismatch, offer string, paid asset.ID) string {
	switch m.Wait {
	case swap.WaitPrice:
		return "We ask for today's price; there is nothing for you to do."
	case swap.WaitAddress:
		return "It is to be refunded, and you have not said where to: set a refund address with the swap's secret. It is kept until you do."
	case swap.WaitOwner:
		return fmt.Sprintf("It touches nothing and is kept for you. It can be refunded on %s: the fee of %s is yours to pay, and what the refund costs beyond it we pay. "+
			"Say yes with the swap's secret (answer refund_wrong_asset).", asset.MustLookup(m.Fee.Asset).Chain, m.Fee)
	case swap.WaitAnswer:
		by := ""
		if !m.By.IsZero() {
			by = " by " + m.By.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		about := "swapped at today's price"
		if offer != "" {
			about = "swapped for about " + offer + " " + string(paid)
		}
		return "Answer with the swap's secret" + by + " whether it is to be " + about + " or refunded; without an answer it is refunded."
	}
	return ""
}
