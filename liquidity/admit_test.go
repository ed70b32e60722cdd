package liquidity

import (
	"math/big"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// Each bound, exactly full and one unit over. The quote reserves 100 units, and its 7
// units of deposit are at risk for 100 s.
func TestAdmit(t *testing.T) {
	t.Parallel()
	units := asset.NewUnits
	q := swap.Quote{Pair: btcToEth, Deposit: asset.Amount{Asset: asset.BTC, Units: units(7)}, Payout: asset.Amount{Asset: asset.ETH, Units: units(90)},
		NetworkFee: asset.Amount{Asset: asset.ETH, Units: units(10)}, AcceptBy: epoch.Add(40 * time.Second), DepositWindowSeconds: 60}
	for name, c := range map[string]struct {
		bounds  Bounds
		measure Measure
		at      time.Duration
		want    Stop
	}{
		"fits":                     {Bounds{Available: units(300), MaxLocks: 2}, Measure{Reserved: units(200), OpenLocks: 1}, 0, ""},
		"one unit over":            {Bounds{Available: units(299), MaxLocks: 2}, Measure{Reserved: units(200)}, 0, StopFunds},
		"more promised than there": {Bounds{Available: units(100), MaxLocks: 2}, Measure{Reserved: units(200)}, 0, StopFunds},
		"client full":              {Bounds{Available: units(300), MaxLocks: 2}, Measure{OpenLocks: 2}, 0, StopClient},
		"oversubscribed":           {Bounds{Available: units(200), MaxLocks: 1, OversubscribePPM: 1_500_000}, Measure{Reserved: units(200)}, 0, ""},
		"that too is full":         {Bounds{Available: units(200), MaxLocks: 1, OversubscribePPM: 1_500_000}, Measure{Reserved: units(201)}, 0, StopFunds},
		"unconfirmed fits":         {Bounds{Available: units(400), MaxLocks: 1, UnconfirmedPPM: 500_000}, Measure{Reserved: units(300), Unconfirmed: units(100)}, 0, ""},
		"unconfirmed full":         {Bounds{Available: units(400), MaxLocks: 1, UnconfirmedPPM: 500_000}, Measure{Reserved: units(101), Unconfirmed: units(101)}, 0, StopUnconfirmed},
		"client's share":           {Bounds{Available: units(400), MaxLocks: 1, ClientPPM: 250_000}, Measure{}, 0, ""},
		"client's share full":      {Bounds{Available: units(400), MaxLocks: 9, ClientPPM: 250_000}, Measure{ClientReserved: units(1)}, 0, StopShare},
		"risk fits":                {Bounds{Available: units(400), MaxLocks: 9, RiskMost: units(7), Length: 100 * time.Second}, Measure{Risk: big.NewInt(0)}, 0, ""},
		"risk full":                {Bounds{Available: units(400), MaxLocks: 9, RiskMost: units(7), Length: 100 * time.Second}, Measure{Risk: big.NewInt(1)}, 0, StopRisk},
		"risk of less time":        {Bounds{Available: units(400), MaxLocks: 9, RiskMost: units(7), Length: 100 * time.Second}, Measure{Risk: big.NewInt(7 * 30)}, 30 * time.Second, ""},
		"the opposite nets it":     {Bounds{Available: units(400), MaxLocks: 9, RiskMost: units(1), Length: 100 * time.Second}, Measure{Risk: big.NewInt(-600)}, 0, ""},
		"lapsed":                   {Bounds{Available: units(400), MaxLocks: 9}, Measure{}, 40 * time.Second, StopLapsed},
	} {
		got, err := Admit(q, c.bounds, c.measure, epoch.Add(c.at))
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
	b := Bounds{Available: units(1000), OversubscribePPM: 1_200_000, UnconfirmedPPM: 500_000, RiskMost: units(10), Length: 10 * time.Second}
	if got := b.free(Measure{Reserved: units(800), Unconfirmed: units(100)}); got != units(400) {
		t.Errorf("free: %s", got)
	}
	for used, want := range map[int64]uint64{0: 10, 35: 6, 100: 0, 200: 0, -50: 15} {
		if got := b.leftAtRisk(big.NewInt(used)); got != units(want) {
			t.Errorf("%d at risk leaves %s, want %d", used, got, want)
		}
	}
}
