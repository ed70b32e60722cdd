package simulation_test

import (
	"reflect"
	"slices"
	"testing"

	"ferry/deploy/simulate/simulation"
	"ferry/statemachine"
	"ferry/swap"
)

// Two hundred seeds hold every invariant, each with enough facts to mean something.
func TestSeeds(t *testing.T) {
	t.Parallel()
	const lanes, each = 4, 50
	for lane := range uint64(lanes) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for seed := lane * each; seed < (lane+1)*each; seed++ {
				r := simulation.Run(t.Context(), seed, simulation.Options{})
				if r.Broken != "" {
					t.Errorf("make simulate SEED=%d plays it again; step %d: %s", seed, r.Steps, r.Broken)
				}
				if r.Facts < 50 {
					t.Errorf("seed %d has %d facts", seed, r.Facts)
				}
				_, _, unexpected := simulation.Compare(r.Pairs)
				for _, pair := range unexpected {
					t.Errorf("seed %d: %s is not declared", seed, pair)
				}
			}
		})
	}
}

// A seed plays the same each time, to the last line of its story.
func TestSeedIsRepeated(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{3, 5, 14} {
		a, b := simulation.Run(t.Context(), seed, simulation.Options{}), simulation.Run(t.Context(), seed, simulation.Options{})
		if !reflect.DeepEqual(a, b) {
			t.Errorf("seed %d played twice differs: %d and %d facts", seed, a.Facts, b.Facts)
		}
	}
}

// Each planted bug is found within so many seeds, counted from 0.
func TestPlantedBugsAreFound(t *testing.T) {
	t.Parallel()
	within := map[simulation.Bug]uint64{
		simulation.BugFirstOutput: 5, simulation.BugNewNonce: 40, simulation.BugOffsetFirst: 60,
		simulation.BugDustCounted: 10, simulation.BugLateDropped: 10,
		simulation.BugAddressDropped: 10, simulation.BugDeadlineLost: 5,
	}
	for _, bug := range simulation.Bugs() {
		t.Run(string(bug), func(t *testing.T) {
			t.Parallel()
			for seed := range within[bug] {
				if r := simulation.Run(t.Context(), seed, simulation.Options{Bug: bug}); r.Broken != "" {
					t.Logf("found by seed %d: %s", seed, r.Broken)
					return
				}
			}
			t.Errorf("not found within %d seeds", within[bug])
		})
	}
}

// A desk that signs prices beyond the tolerance gets nobody paid by them: the state
// machine parks such a price, and the deposit is refunded when its time is over.
func TestDeskThatLies(t *testing.T) {
	t.Parallel()
	refused := 0
	for seed := range uint64(20) {
		r := simulation.Run(t.Context(), seed, simulation.Options{Bug: simulation.LyingDesk})
		if r.Broken != "" {
			t.Errorf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
		}
		refused += r.Pairs[simulation.Pair{State: swap.DepositConfirmed, Fact: swap.FactRequoted, Outcome: statemachine.Parked}]
	}
	if refused == 0 {
		t.Error("no price was refused")
	}
}

// Tokens are deposited, paid out and refunded, and swapped for the asset that their gas
// is paid in; so the invariants above are not about coins alone.
func TestTokensAreSwapped(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{"USDT deposit counted": true, "USDT deposit topped_up": true, "USDT deposit dust": true, "USDT deposit extra": true,
		"USDT deposit wrong_asset": true, "ETH deposit wrong_asset": true, "BTC deposit wrong_asset": true,
		"USDT payout final": true, "USDT refund final": true, "BTC-USDT": true, "ETH-USDT": true, "USDT-BTC": true, "USDT-ETH": true}
	const seeds = 1000 // some 250 meet them all: few deposits of a token are topped up
	for seed := uint64(0); seed < seeds && len(missing) > 0; seed++ {
		r := simulation.Run(t.Context(), seed, simulation.Options{})
		for _, id := range r.States.IDs() {
			s, _ := r.States.Swap(id)
			for _, d := range s.Deposits {
				delete(missing, string(d.Amount.Asset)+" deposit "+string(d.Verdict))
			}
			for _, p := range s.Payments {
				delete(missing, string(p.Amount.Asset)+" "+string(p.Purpose)+" "+string(p.State))
				if p.State == swap.PaymentFinal && p.Purpose == swap.PurposePayout {
					delete(missing, s.Terms.Quote.Pair.String())
				}
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d seeds have not met %v", seeds, missing)
	}
}

// Variable swaps are met with all that their rates can come to; so the invariants above are
// not about locked prices alone.
func TestVariableSwapsAreMet(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{"counted at the rate of its detection": true, "counted at a later rate": true, "a rate has ended": true,
		"no rate at detection": true, "short": true, "over": true, "extra": true, "late": true, "refunded": true}
	// Every eighth has them. Some dozens of these meet all but a rate that is refused at
	// detection, which one in twenty does: as worlds are drawn today, the one played first.
	const first, seeds = 1087, 8000
	for seed := uint64(first); seed < first+seeds && len(missing) > 0; seed += 8 {
		r := simulation.Run(t.Context(), seed, simulation.Options{})
		if r.Broken != "" {
			t.Errorf("seed %d, step %d: %s", seed, r.Steps, r.Broken)
		}
		for _, id := range r.States.IDs() {
			if s, _ := r.States.Swap(id); s.Terms.Quote.Variable {
				meet(s, missing)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d seeds have not met %v", seeds, missing)
	}
}

// meet strikes out what a variable swap has come to.
func meet(s swap.Swap, missing map[string]bool) {
	for _, d := range s.Deposits {
		delete(missing, string(d.Verdict))
	}
	for _, rate := range s.Amended.Rates {
		if rate.Gone {
			delete(missing, "a rate has ended")
		}
		if rate.Refused != "" {
			delete(missing, "no rate at detection")
		}
	}
	for _, p := range s.Payments {
		counted := slices.ContainsFunc(s.Deposits, func(d swap.Deposit) bool { return d.ID == p.Deposits[0] && d.Verdict == swap.VerdictCounted })
		held := slices.ContainsFunc(s.Amended.Rates, func(rate swap.SetRate) bool {
			return rate.DepositID == p.Deposits[0] && !rate.Gone && rate.Payout == p.Amount
		})
		switch {
		case p.Purpose == swap.PurposeRefund:
			delete(missing, "refunded")
		case counted && held:
			delete(missing, "counted at the rate of its detection")
		case counted:
			delete(missing, "counted at a later rate")
		}
	}
}
