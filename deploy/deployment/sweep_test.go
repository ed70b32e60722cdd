package deployment

import (
	"strings"
	"testing"

	"ferry/swap/asset"
)

// Test: what a sweep's policy says in coins is read in base units, and what is wrong with
// it is named.
func TestSweepPolicy(t *testing.T) {
	t.Parallel()
	good := func() Sweep {
		return Sweep{PerHour: 30, Multiple: 10, Floor: "1", Tokens: map[asset.ID]string{asset.USDT: "50"}, GasMax: "0.001", GasAddressDay: "0.002", GasDay: "0.02"}
	}
	a, err := good().amounts(asset.Ethereum)
	if err != nil || a.Floor != asset.MustUnits("1000000000000000000") || a.Tokens[asset.USDT] != asset.NewUnits(50_000_000) ||
		a.GasMax != asset.NewUnits(1_000_000_000_000_000) {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err := (Sweep{}).amounts(asset.Bitcoin); err != nil || !a.GasDay.IsZero() {
		t.Fatalf("left out: %+v, %v", a, err)
	}
	for want, change := range map[string]func(s *Sweep){
		"floor: ":                                   func(s *Sweep) { s.Floor = "x" },
		"tokens.BTC: it is no token of ethereum":    func(s *Sweep) { s.Tokens[asset.BTC] = "1" },
		"tokens.USDT: the least amount must":        func(s *Sweep) { s.Tokens[asset.USDT] = "0" },
		"gas_max must be at most gas_address_day":   func(s *Sweep) { s.GasMax = "0.003" },
		"and that at most gas_day":                  func(s *Sweep) { s.GasDay = "0.001" },
		"gas_max is missing":                        func(s *Sweep) { s.GasMax = "" },
		"per_hour and per_day are at most 1000":     func(s *Sweep) { s.PerHour = 1001 },
		"must not be negative":                      func(s *Sweep) { s.CoinsMost = -1 },
		"per_hour is for chains of accounts, per_d": func(s *Sweep) { s.PerDay = 1 },
	} {
		s := good()
		change(&s)
		if _, err := s.amounts(asset.Ethereum); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
