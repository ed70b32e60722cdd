package watch_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/watch"
	"ferry/swap/asset"
)

// A token logs what it does not move: no deposit, and an alarm that says where to look.
// It is raised for each block that has it.
func TestDoubtsAreAlarms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
	address, swapID := w.issue()
	txid := w.chain.LogToken(asset.USDT, fakechain.Output{Address: address, Units: asset.NewUnits(77)})
	alarms := func(want string) {
		t.Helper()
		if got := w.text(`SELECT count(*)::text FROM staff_action WHERE action = $1`, watch.AlarmDoubt); got != want {
			t.Fatalf("%s alarms, want %s", got, want)
		}
	}
	w.chain.Mine(1)
	alarms("0")
	w.step()
	alarms("1")
	reason := w.text(`SELECT reason FROM staff_action WHERE action = $1`, watch.AlarmDoubt)
	for _, part := range []string{"USDT", address, txid, "77", w.tip().Hash} {
		if !strings.Contains(reason, part) {
			t.Errorf("the alarm %q does not name %s", reason, part)
		}
	}
	w.step()
	w.restart()
	w.mine(needed)
	alarms("1")
	w.chain.Reorg(needed+1, fakechain.Return)
	w.limit = needed + 1
	w.restart()
	w.mine(needed + 2)
	alarms("2")
	for _, f := range w.facts(swapID) {
		if f.Deposit != nil && string(f.Kind) != "deposit.seen" && string(f.Kind) != "deposit.replaced" {
			t.Errorf("a deposit was told: %+v", f)
		}
	}
	if w.halted() != "" {
		t.Errorf("payments are halted: %s", w.halted())
	}
}
