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
		if err := secondAbove(rules, name.NativeID(), c.SecondSoftwareAbove); err != nil {
			return rules, fmt.Errorf("chains.%s.%w", name, err)
		}
		for id, t := range c.Tokens {
			if err := secondAbove(rules, id, t.SecondSoftwareAbove); err != nil {
				return rules, fmt.Errorf("chains.%s.tokens.%s.%w", name, id, err)
			}
		}
	}
	return rules, rules.Validate()
}

// secondAbove adds an asset's limit; left out, one node is enough.
func secondAbove(rules swap.DepositRules, id asset.ID, text string) error {
	if text == "" {
		return nil
	}
	limit, err := asset.ParseDecimal(id, text)
	if err != nil {
		return fmt.Errorf("second_software_above: %w", err)
	}
	rules.SecondAbove[id] = limit.Units
	return nil
}
