package attest

import (
	"errors"
	"strings"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// Setup: a store that has attested bitcoin's indices 0 and 2, and is then lost: a new
// one is made. Test: once its mark is raised to the highest index known, nothing at or
// below it is attested, also what a store that remembers nothing has never seen, and the
// next index is; lowering changes nothing.
func TestRaisedMark(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	d.mustAttest(t, d.request(t, asset.BTC, asset.ETH, 0))
	repeated := d.request(t, asset.BTC, asset.ETH, 2)
	receipt := d.mustAttest(t, repeated)
	marks := func(want string) {
		t.Helper()
		found, err := Marks(d.config.Store, d.config.Accounts)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			if m.Chain == asset.Bitcoin && m.Next != map[string]uint32{"none": 0, "2": 3, "4": 5}[want] {
				t.Fatalf("bitcoin's mark is %d, want the index after %s", m.Next, want)
			}
			if m.Chain != asset.Bitcoin && m.Next != 0 {
				t.Fatalf("%s's mark is %d, want none", m.Chain, m.Next)
			}
		}
	}
	if _, err := Marks(d.config.Store, d.config.Accounts); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("the marks of a store in use: %v", err)
	}
	closed := func(do func()) {
		t.Helper()
		if err := d.attestor.Close(); err != nil {
			t.Fatal(err)
		}
		do()
		d.open(t)
	}
	raise := func(highest, want uint32) {
		t.Helper()
		if next, err := Raise(d.config.Store, d.config.Accounts, asset.Bitcoin, highest); err != nil || next != want {
			t.Fatalf("raised to %d, %v; want %d", next, err, want)
		}
	}
	closed(func() {
		marks("2")
		raise(1, 3)
	})
	_, err := d.attest(d.request(t, asset.BTC, asset.ETH, 1))
	swaptest.WantRefusal(t, err, swap.CodeRefused, "index", "before the attestor's memory was lost")
	if again := d.mustAttest(t, repeated); again != receipt {
		t.Error("a receipt that is remembered is not given again")
	}
	closed(func() {
		d.config.Store += ".new"
		if err := Create(d.config.Store, d.config.Accounts); err != nil {
			t.Fatal(err)
		}
		marks("none")
		raise(4, 5)
		raise(2, 5)
		marks("4")
		if _, err := Raise(d.config.Store, d.config.Accounts, asset.Bitcoin, 5+raiseMost); !errors.Is(err, ErrMark) {
			t.Errorf("raised by a million and one: %v", err)
		}
	})
	for index := range uint32(5) {
		_, err := d.attest(d.request(t, asset.BTC, asset.ETH, index))
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Field != "index" || refusal.Limit != "" {
			t.Fatalf("index %d, issued before: %v, want a refusal that burns it", index, err)
		}
	}
	d.mustAttest(t, d.request(t, asset.BTC, asset.ETH, 5))
	d.mustAttest(t, d.request(t, asset.ETH, asset.BTC, 0)) // the other chain's are not touched
	if got := d.highWater(t, asset.Bitcoin); got != 6 {
		t.Errorf("high water is %d, want 6", got)
	}
}

func TestRaiseRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	if _, err := Raise(d.config.Store, d.config.Accounts, "dogecoin", 1); err == nil {
		t.Error("the mark of an unknown chain was raised")
	}
	if _, err := Raise(d.config.Store, d.config.Accounts, asset.Bitcoin, maxIndex-1); !errors.Is(err, ErrMark) {
		t.Errorf("raised to the last index: %v", err)
	}
	if _, err := Raise(d.config.Store+".none", d.config.Accounts, asset.Bitcoin, 1); err == nil {
		t.Error("the mark of a missing store was raised")
	}
}
