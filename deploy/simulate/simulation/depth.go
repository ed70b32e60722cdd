package simulation

import (
	"ferry/swap"
	"ferry/swap/asset"
)

// depositRules are what hot wallet, attestor and signer demand: of large deposits two
// blocks more and, on the account chain, a block that is safe, of some of them finalized.
func (w *World) depositRules() swap.DepositRules {
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{}, Tiers: map[asset.ID][]swap.Tier{},
		SafeAbove: map[asset.ID]asset.Units{}, FinalizedAbove: map[asset.ID]asset.Units{},
		Dead: map[asset.Chain]int64{}}
	for on, r := range w.rules {
		rules.Confirmations[on] = r.confirmations
		rules.Dead[on] = max(r.confirmations, r.reorgLimit+1)
		if r.large.IsZero() {
			continue
		}
		id := on.NativeID()
		rules.Tiers[id] = []swap.Tier{{Above: r.large, Confirmations: r.confirmations + 2}}
		if on.Family() == asset.Account {
			rules.SafeAbove[id] = r.large
			rules.FinalizedAbove[id] = add(r.large, asset.NewUnits(300))
		}
	}
	return rules
}
