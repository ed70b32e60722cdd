package deployment

import (
	"fmt"

	"ferry/swap"
	"ferry/swap/asset"
)

// DepositRules are what attestd and the signer demand of a deposit before a payment
// may rest on it: each chain's confirmations, and agreement of two kinds of software
// above second_software_above.
func (d Deployment) DepositRules() (swap.DepositRules, error) {
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{}, SecondAbove: map[asset.ID]asset.Units{}}
	for name, c := range d.Chains {
		rules.Confirmations[name] = c.Confirmations
		limits := map[asset.ID]string{name.NativeID(): c.SecondSoftwareAbove}
		for id, t := range c.Tokens {
			limits[id] = t.SecondSoftwareAbove
		}
		for id, text := range limits {
			if text == "" {
				continue
			}
			limit, err := asset.ParseDecimal(id, text)
			if err != nil {
				return rules, fmt.Errorf("chains.%s.second_software_above of %s: %w", name, id, err)
			}
			rules.SecondAbove[id] = limit.Units
		}
	}
	return rules, rules.Validate()
}
