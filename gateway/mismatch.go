package gateway

import (
	"slices"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
)

// showMismatches is what waits for something, with amounts, and with what swapping it
// would pay at the price there is now where that is known, else at the one that was
// refused.
func (g *Gateway) showMismatches(t swap.Terms, u swap.Update) []api.Mismatch {
	out := []api.Mismatch{}
	for _, m := range u.Mismatches {
		total, known := totalOf(u.Deposits, m.Deposits)
		offer := m.Offer
		if known && total.Asset == t.Quote.Pair.From && m.Wait == swap.WaitAnswer {
			if now, ok := g.indicated(t.Quote.Pair, total); ok {
				offer = now
			}
		}
		if offer.Asset != t.Quote.Pair.To {
			offer = asset.Amount{}
		}
		shown := stream.ShowMismatch(m, offer)
		if known {
			shown.Amount = total.Decimal()
		}
		if known && m.Wait == swap.WaitOwner {
			showOwners(&shown, t, u.RefundAddress, total, m)
		}
		out = append(out, shown)
	}
	return out
}

// showOwners adds what is refunded of a deposit in another asset, and where to, if that
// is known.
func showOwners(shown *api.Mismatch, t swap.Terms, refundsTo string, total asset.Amount, m swap.Mismatch) {
	if units, err := total.Units.Sub(m.Fee.Units); err == nil && total.Asset == m.Fee.Asset {
		shown.RefundAmount = asset.Amount{Asset: total.Asset, Units: units}.Decimal()
	}
	shown.RefundAddress = t.RefundsWrongAssetTo(total.Asset, refundsTo)
}

// indicated is what a deposit would buy at the newest price, if there is one.
func (g *Gateway) indicated(p asset.Pair, deposit asset.Amount) (asset.Amount, bool) {
	heard, shown := g.market.rate(p)
	if shown.Unavailable != "" {
		return asset.Amount{}, false
	}
	offer, err := stream.Indicate(heard, stream.Ask{Pair: p, Deposit: deposit})
	return offer.Payout, err == nil
}

// totalOf adds up the deposits of the ids; false if one is not there.
func totalOf(deposits []swap.Deposit, ids []string) (asset.Amount, bool) {
	var total asset.Amount
	for _, id := range ids {
		i := slices.IndexFunc(deposits, func(d swap.Deposit) bool { return d.ID == id })
		if i < 0 || total.Asset != "" && deposits[i].Amount.Asset != total.Asset {
			return asset.Amount{}, false
		}
		sum, err := total.Units.Add(deposits[i].Amount.Units)
		if err != nil {
			return asset.Amount{}, false
		}
		total = asset.Amount{Asset: deposits[i].Amount.Asset, Units: sum}
	}
	return total, total.Asset != ""
}
