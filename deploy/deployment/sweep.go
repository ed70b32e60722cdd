package deployment

import (
	"errors"
	"fmt"
	"slices"

	"ferry/swap/asset"
)

// Sweep says when the house gathers what is its own on one chain. Left out, it never does.
// Amounts are in coins, of the chain's own asset unless they are a token's.
type Sweep struct {
	// PerHour is how many sweeps of deposit addresses, and top-ups with gas for them,
	// begin in an hour (account chains); Multiple is how often its cost a sweep of the
	// chain's own asset has to be worth, 20 if zero.
	PerHour  int    `json:"per_hour,omitempty"`
	Multiple uint32 `json:"multiple,omitempty"`
	// Floor: while the address that pays holds less, sweeps don't wait for fees to fall.
	Floor string `json:"floor,omitempty"`
	// Tokens is the least amount of each token that is swept. One that is left out stays
	// where it is: no price is known by which it could be worth its gas.
	Tokens map[asset.ID]string `json:"tokens,omitempty"`
	// GasMax is the most gas that one top-up brings to an address, GasAddressDay what one
	// address gets in a day, GasDay what all get.
	GasMax        string `json:"gas_max,omitempty"`
	GasAddressDay string `json:"gas_address_day,omitempty"`
	GasDay        string `json:"gas_day,omitempty"`
	// CoinsMost is how many small coins may lie about before they are brought together,
	// PerDay how often a day that may be done (UTXO chains).
	CoinsMost int `json:"coins_most,omitempty"`
	PerDay    int `json:"per_day,omitempty"`
	// LookSeconds is how often it is looked whether something is due, 30 if zero.
	LookSeconds int64 `json:"look_seconds,omitempty"`
}

// SweepAmounts are Sweep's in base units.
type SweepAmounts struct {
	Floor, GasMax, GasAddressDay, GasDay asset.Units
	Tokens                               map[asset.ID]asset.Units
}

// sweepMost bounds how often a thing is done.
const sweepMost = 1000

// amounts parses the policy and names the first setting that is wrong.
func (s Sweep) amounts(name asset.Chain) (SweepAmounts, error) {
	a := SweepAmounts{Tokens: map[asset.ID]asset.Units{}}
	for _, f := range []struct {
		field, text string
		into        *asset.Units
	}{{"floor", s.Floor, &a.Floor}, {"gas_max", s.GasMax, &a.GasMax},
		{"gas_address_day", s.GasAddressDay, &a.GasAddressDay}, {"gas_day", s.GasDay, &a.GasDay}} {
		if f.text == "" {
			continue
		}
		parsed, err := asset.ParseDecimal(name.NativeID(), f.text)
		if err != nil {
			return a, fmt.Errorf("%s: %w", f.field, err)
		}
		*f.into = parsed.Units
	}
	for id, text := range s.Tokens {
		token, known := asset.Lookup(id)
		if !known || !token.Token || token.Chain != name {
			return a, fmt.Errorf("tokens.%.20s: it is no token of %s", id, name)
		}
		parsed, err := asset.ParseDecimal(id, text)
		if err == nil && parsed.Units.IsZero() {
			err = errors.New("the least amount must be above zero")
		}
		if err != nil {
			return a, fmt.Errorf("tokens.%s: %w", id, err)
		}
		a.Tokens[id] = parsed.Units
	}
	return a, s.validate(name, a)
}

func (s Sweep) validate(name asset.Chain, a SweepAmounts) error {
	if s.PerHour < 0 || s.PerDay < 0 || s.CoinsMost < 0 || s.LookSeconds < 0 {
		return errors.New("per_hour, per_day, coins_most and look_seconds must not be negative")
	}
	switch {
	case s.PerHour > sweepMost || s.PerDay > sweepMost:
		return fmt.Errorf("per_hour and per_day are at most %d", sweepMost)
	case a.GasAddressDay.Less(a.GasMax) || a.GasDay.Less(a.GasAddressDay):
		return errors.New("gas_max must be at most gas_address_day, and that at most gas_day")
	case len(s.Tokens) > 0 && a.GasMax.IsZero():
		return errors.New("gas_max is missing: a token's sweep needs gas")
	case name.Family() == asset.UTXO && s.PerHour != 0, name.Family() == asset.Account && s.PerDay != 0:
		return errors.New("per_hour is for chains of accounts, per_day for chains of coins")
	}
	return nil
}

// SweepAmounts parses the sweeps' policy of one chain.
func (d Deployment) SweepAmounts(name asset.Chain) (SweepAmounts, error) {
	a, err := d.Chains[name].Sweep.amounts(name)
	if err != nil {
		return a, fmt.Errorf("chains.%s.sweep: %w", name, err)
	}
	for id := range a.Tokens {
		if !slices.Contains(d.Tokens(name), id) {
			return a, fmt.Errorf("chains.%s.sweep.tokens.%s: networks pins no contract of it", name, id)
		}
	}
	return a, nil
}
