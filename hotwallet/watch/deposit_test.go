package watch_test

import (
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

func wantKinds(t *testing.T, w *world, swapID string, want ...string) {
	t.Helper()
	if got := w.kinds(swapID); !slices.Equal(got, want) {
		t.Fatalf("facts\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDepositFromMempoolToConfirmed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		txid := w.chain.Pay(address, w.small())
		w.step()
		w.step() // seen once, however often it is looked at
		w.mine(needed + 2)
		wantKinds(t, w, swapID, "deposit.seen", "deposit.in_block 1", "deposit.in_block 2", "deposit.confirmed")
		w.checkBooks()

		last := w.facts(swapID)[3].Deposit
		native, _ := w.chain.Chain().Native()
		if last.DepositID != w.id(txid, 0) || last.TxID != txid || last.Address != address ||
			last.Amount != (asset.Amount{Asset: native.ID, Units: w.small()}) || last.Confirmations != needed ||
			last.Needed != needed || last.Height != 2 || last.BlockTime.IsZero() || last.FirstSeen.IsZero() ||
			last.ConfirmedAt.IsZero() || last.DustThreshold != asset.NewUnits(dustThreshold) {
			t.Fatalf("the confirmed fact: %+v", last)
		}
		for account, want := range map[string]string{
			"wallet": w.small().String(), "clearing": "-" + w.small().String(), "deposit_confirming": "0",
		} {
			if got := w.balance(account); got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
	})
}

// Each fact carries the threshold as it stands when the fact becomes true.
func TestFactsCarryTheThresholdAsItMoves(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		threshold := uint64(0)
		w.dust = func(asset.ID) asset.Units { return asset.NewUnits(threshold) }
		w.restart()
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		var want []uint64
		for threshold = 1000; threshold < 1000+needed; threshold++ {
			w.mine(1)
			want = append(want, threshold)
		}
		var got []uint64
		for _, f := range w.facts(swapID) { // in a block, deeper, confirmed
			n, _ := f.Deposit.DustThreshold.Uint64()
			got = append(got, n)
		}
		if !slices.Equal(got, want) {
			t.Errorf("the facts carry %v, want the threshold of each moment: %v", got, want)
		}
	})
}

func TestPurposesFollowTheAddress(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		pool, burnt := w.address(0, "pool", ""), w.address(0, "burnt", "")
		for _, a := range []string{pool, burnt, w.hot, w.chain.NewAddress()} {
			w.chain.Pay(a, w.small())
		}
		w.step()
		w.mine(needed)
		w.checkBooks()
		units := w.small().String()
		twice, err := w.small().Add(w.small())
		if err != nil {
			t.Fatal(err)
		}
		for account, want := range map[string]string{"house_capital": "-" + units, "suspense": "-" + twice.String(), "clearing": "0"} {
			if got := w.balance(account); got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		if facts := w.facts(""); len(facts) != 0 {
			t.Errorf("%d facts of what belongs to no swap", len(facts))
		}
		if n := w.text(`SELECT count(*)::text FROM deposit WHERE state = 'confirmed'`); n != "3" {
			t.Errorf("%s deposits, want 3", n)
		}
	})
}

// Dust is told of when it comes into a block and when it is deep enough, not at each
// block between: it waits for nothing.
func TestDustIsTold(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		w.chain.Pay(address, asset.NewUnits(1))
		w.mine(needed)
		wantKinds(t, w, swapID, "deposit.in_block 1", "deposit.confirmed")
		w.checkBooks()
	})
}

func TestTwoOutputsAreTwoDeposits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{}))
	address, swapID := w.issue()
	other, otherID := w.issue()
	txid := w.chain.PayMany(fakechain.Output{Address: address, Units: asset.NewUnits(70_000)},
		fakechain.Output{Address: other, Units: asset.NewUnits(80_000)}, fakechain.Output{Address: address, Units: asset.NewUnits(90_000)})
	w.mine(needed)
	for i := range 3 {
		if got := w.state(w.id(txid, i)); got != "confirmed" {
			t.Errorf("output %d is %q", i, got)
		}
	}
	if a, b := len(w.facts(swapID)), len(w.facts(otherID)); a != 2*needed || b != needed {
		t.Errorf("%d and %d facts", a, b)
	}
	w.checkBooks()
}

// A miner's reward to a swap's address counts when it can be spent, and not one
// block before, however few confirmations other deposits need.
func TestCoinbaseDeposit(t *testing.T) {
	t.Parallel()
	const maturity = 100
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{}))
	address, swapID := w.issue()
	other, _ := w.issue()
	txid := w.chain.MineCoinbase(address, w.small())
	plain := w.chain.Pay(other, w.small())
	w.mine(maturity - 2)
	if got, usual := w.state(w.id(txid, 0)), w.state(w.id(plain, 0)); got != "in_block" || usual != "confirmed" {
		t.Fatalf("%d blocks deep it is %s, the plain deposit %s", maturity-1, got, usual)
	}
	w.mine(1)
	if got := w.text(`SELECT coinbase::text FROM coin WHERE txid = $1`, txid); got != "true" {
		t.Fatalf("coinbase is %s", got)
	}
	facts := w.facts(swapID)
	if last := facts[len(facts)-1]; len(facts) != maturity || last.Kind != swap.FactDepositConfirmed ||
		last.Deposit.Confirmations != maturity || last.Deposit.Needed != maturity || facts[0].Deposit.Needed != maturity {
		t.Fatalf("%d facts, the last %+v", len(facts), last.Deposit)
	}
	w.checkBooks()
}
