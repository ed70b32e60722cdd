package main

import (
	"time"

	"ferry/hotwallet/sweep"
)

// sweeps gathers what is the house's own, and fills nonces that nothing else will.
func (w wiring) sweeps(sender string, stored func()) (*sweep.Runner, error) {
	policy := w.deployment.Chains[w.chain].Sweep
	amounts, err := w.deployment.SweepAmounts(w.chain)
	if err != nil {
		return nil, err
	}
	return sweep.New(sweep.Config{Chain: w.chain, Store: w.store, Payer: w.fees.Payer(w.adapter), Sender: sender, FeeMax: w.amounts.PaymentFeeMax,
		Settings: sweep.Settings{Multiple: policy.Multiple, PerHour: policy.PerHour, Floor: amounts.Floor, TokenLeast: amounts.Tokens,
			TopUpMax: amounts.GasMax, TopUpAddressDay: amounts.GasAddressDay, TopUpDay: amounts.GasDay,
			CoinsMost: policy.CoinsMost, ConsolidatePerDay: policy.PerDay},
		FeesUsual: w.dust.Usual, Stored: stored, Each: time.Duration(policy.LookSeconds) * time.Second, Log: w.plain})
}
