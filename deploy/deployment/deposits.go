package deployment

import (
	"fmt"
	"reflect"

	"ferry/swap"
	"ferry/swap/asset"
)

// Depth is what deposits of one asset need beside the chain's Confirmations, by their
// amounts. Each deposit is judged by its own amount.
type Depth struct {
	// Tiers are in rising order: a deposit needs the confirmations of the highest that
	// its amount is above.
	Tiers []Tier `json:"tiers,omitempty"`
	// Finality is for account chains only.
	Finality Finality `json:"finality,omitzero"`
	// SecondSoftwareAbove is the deposit above which attestd needs two nodes of its
	// own, of different software, that agree; where it has one, such a deposit waits.
	// Left out, one node is enough for all.
	SecondSoftwareAbove string `json:"second_software_above,omitempty"`
}

// Tier is a depth from an amount on, which is in coins.
type Tier struct {
	Above         string `json:"above"`
	Confirmations int64  `json:"confirmations"`
}

// Finality names the deposits, in coins, whose block the node must also call safe or
// finalized; none where it is left out.
type Finality struct {
	SafeAbove      string `json:"safe_above,omitempty"`
	FinalizedAbove string `json:"finalized_above,omitempty"`
}

// DepositRules are what the hot wallet, attestd and the signer demand of a deposit
// before it counts and a payment may rest on it.
func (d Deployment) DepositRules() (swap.DepositRules, error) {
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{}, Tiers: map[asset.ID][]swap.Tier{},
		SafeAbove: map[asset.ID]asset.Units{}, FinalizedAbove: map[asset.ID]asset.Units{}, SecondAbove: map[asset.ID]asset.Units{},
		Dead: map[asset.Chain]int64{}}
	for name, c := range d.Chains {
		rules.Confirmations[name] = c.Confirmations
		// A reorganisation of ReorgLimit blocks is followed: one block more is not taken back.
		rules.Dead[name] = max(c.Confirmations, c.ReorgLimit+1)
		if err := c.Depth.add(rules, name.NativeID()); err != nil {
			return rules, fmt.Errorf("chains.%s.%w", name, err)
		}
		for id, t := range c.Tokens {
			if err := t.Depth.add(rules, id); err != nil {
				return rules, fmt.Errorf("chains.%s.tokens.%s.%w", name, id, err)
			}
		}
	}
	return rules, rules.Validate()
}

// add parses what an asset's deposits need.
func (d Depth) add(rules swap.DepositRules, id asset.ID) error {
	for i, t := range d.Tiers {
		limit, err := asset.ParseDecimal(id, t.Above)
		if err != nil {
			return fmt.Errorf("tiers[%d].above: %w", i, err)
		}
		rules.Tiers[id] = append(rules.Tiers[id], swap.Tier{Above: limit.Units, Confirmations: t.Confirmations})
	}
	for _, f := range []struct {
		field, text string
		into        map[asset.ID]asset.Units
	}{{"finality.safe_above", d.Finality.SafeAbove, rules.SafeAbove},
		{"finality.finalized_above", d.Finality.FinalizedAbove, rules.FinalizedAbove},
		{"second_software_above", d.SecondSoftwareAbove, rules.SecondAbove}} {
		if f.text == "" {
			continue
		}
		limit, err := asset.ParseDecimal(id, f.text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.field, err)
		}
		f.into[id] = limit.Units
	}
	return nil
}

// SameButDeposits reports whether two deployments differ in nothing but what deposits
// need: what a process that runs can take over.
func (d Deployment) SameButDeposits(other Deployment) bool {
	return reflect.DeepEqual(d.WithDeposits(Deployment{}), other.WithDeposits(Deployment{}))
}

// WithDeposits is a copy that demands of deposits what another demands.
func (d Deployment) WithDeposits(other Deployment) Deployment {
	chains := make(map[asset.Chain]Chain, len(d.Chains))
	for name, c := range d.Chains {
		from := other.Chains[name]
		c.Confirmations, c.Depth = from.Confirmations, from.Depth
		tokens := make(map[asset.ID]Token, len(c.Tokens))
		for id, t := range c.Tokens {
			t.Depth = from.Tokens[id].Depth
			tokens[id] = t
		}
		c.Tokens, chains[name] = tokens, c
	}
	d.Chains = chains
	return d
}
