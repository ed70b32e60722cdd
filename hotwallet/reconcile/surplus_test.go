package reconcile_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/reconcile"
	"ferry/swap/asset"
)

// Anybody can send ether from a contract: that must not stop us.
func TestSurplusOnAccountsIsAnAlarm(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	s, pool, w := wallet(t, c)
	check(t, s, c, reconcile.Equal)
	for _, step := range []struct {
		more, alarms uint64
	}{{5, 1}, {5, 1}, {6, 2}} {
		c.OverstateHeld(asset.NewUnits(step.more))
		c.Mine(1)
		follow(t, w)
		check(t, s, c, reconcile.Surplus)
		n, halted := halts(t, pool)
		if uint64(n) != step.alarms || halted != "" {
			t.Fatalf("surplus of %d: %d alarms, halted %q", step.more, n, halted)
		}
	}
	var action, reason string
	if err := pool.QueryRow(t.Context(), `SELECT action, reason FROM staff_action ORDER BY id DESC LIMIT 1`).Scan(&action, &reason); err != nil {
		t.Fatal(err)
	}
	if action != reconcile.AlarmSurplus || !strings.Contains(reason, " 6 base units of ETH") {
		t.Fatalf("%s: %s", action, reason)
	}
}

// A theft does not hide behind a surplus, also where it takes all of it.
func TestShrinkingSurplusHalts(t *testing.T) {
	t.Parallel()
	for _, left := range []uint64{0, 2} {
		c := fakechain.NewEthereum(fakechain.Config{})
		s, pool, w := wallet(t, c)
		c.OverstateHeld(asset.NewUnits(5))
		check(t, s, c, reconcile.Surplus)
		c.OverstateHeld(asset.NewUnits(left))
		c.Mine(1)
		follow(t, w)
		check(t, s, c, reconcile.Different)
		if _, reason := halts(t, pool); !strings.Contains(reason, "after 5 before") {
			t.Fatalf("halted: %q", reason)
		}
	}
}

// The block with the internal transfer is taken back: nothing was stolen.
func TestSurplusThatIsReorgedAway(t *testing.T) {
	t.Parallel()
	c := fakechain.NewEthereum(fakechain.Config{})
	s, pool, w := wallet(t, c)
	c.Mine(1)
	follow(t, w)
	c.OverstateHeld(asset.NewUnits(5))
	check(t, s, c, reconcile.Surplus)
	c.OverstateHeld(asset.Units{})
	c.Reorg(1, fakechain.Return)
	c.Mine(2)
	follow(t, w)
	check(t, s, c, reconcile.Equal)
	if _, reason := halts(t, pool); reason != "" {
		t.Fatalf("halted: %s", reason)
	}
}

// Where the node is asked for our very coins, more of them can't be.
func TestSurplusOnCoinsHalts(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	s, pool, _ := wallet(t, c)
	c.OverstateHeld(asset.NewUnits(1))
	check(t, s, c, reconcile.Different)
	if _, reason := halts(t, pool); reason == "" {
		t.Fatal("payments run on")
	}
}
