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
		for id, t := range c.Tokens {
			if t.SecondSoftwareAbove == "" {
				continue
			}
			limit, err := asset.ParseDecimal(id, t.SecondSoftwareAbove)
			if err != nil {
				return rules, fmt.Errorf("chains.%s.tokens.%s.second_software_above: %w", name, id, err)
			}
			rules.SecondAbove[id] = limit.Units
		}
		if c.SecondSoftwareAbove == "" {
			continue
		}
		native, ok := name.Native()
		if !ok {
			return rules, fmt.Errorf("chain %s is not known", name)
		}
		limit, err := c.amount(name, c.SecondSoftwareAbove)
		if err != nil {
			return rules, fmt.Errorf("chains.%s.second_software_above: %w", name, err)
		}
		rules.SecondAbove[native.ID] = limit
	}
	return rules, rules.Validate()
}
