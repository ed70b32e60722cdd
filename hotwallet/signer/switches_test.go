package signer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

func (d *desk) turn(t *testing.T, scope string, stopped bool) Switches {
	t.Helper()
	s, err := Turn(d.config.Dir, Change{Scope: scope, Stopped: stopped, Reason: "keys were copied.", By: "olga", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asked tells payouts apart.
var asked atomic.Int64

// eachPayout asks for one payout in each of bitcoin and ether, and returns what was signed.
func (d *desk) eachPayout(t *testing.T) string {
	t.Helper()
	var signed []string
	note := func(id asset.ID, err error) {
		if err == nil {
			signed = append(signed, string(id))
			return
		}
		wantRefusal(t, err, fieldSwitch, "The signer is stopped")
	}
	n := uint64(asked.Add(1))
	name := fmt.Sprint("payout ", n)
	_, err := d.signBitcoin(d.spendCoins(t, d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, name), payoutSat, feeSat, name))
	note(asset.BTC, err)
	_, err = d.signEthereum(sendEther(t, d.authority(t, swap.PurposePayout, asset.BTC, asset.ETH, name), transfer(n, payoutWei())))
	note(asset.ETH, err)
	return strings.Join(signed, " ")
}

// A switch holds from the next request on, over a restart, for what it is about and
// nothing else, and with the reason.
// A switch keeps back what was signed before, and does not deny it: the caller, whom the
// answer may never have reached, would give its coins to others.
func TestSwitchKeepsBackWhatWasSigned(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	req := d.payBitcoin(t, "a")
	first, err := d.signBitcoin(req)
	if err != nil {
		t.Fatal(err)
	}
	d.turn(t, "bitcoin", true)
	_, err = d.signBitcoin(req)
	swaptest.WantRefusal(t, err, swap.CodeUnavailable, fieldSwitch, "signed before, and that is withheld")
	d.turn(t, "bitcoin", false)
	again, err := d.signBitcoin(req)
	if err != nil || again.GetTxid() != first.GetTxid() {
		t.Fatal(again, err)
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	steps := []struct {
		scope   string
		stopped bool
		want    string
	}{
		{"bitcoin", true, "ETH"}, {"ETH", true, ""}, {"bitcoin", false, "BTC"}, {"ETH", false, "BTC ETH"},
		{"USDT", true, "BTC ETH"}, {Everything, true, ""}, {"USDT", false, ""}, {"bitcoin", false, ""}, {Everything, false, "BTC ETH"},
	}
	for i, step := range steps {
		s := d.turn(t, step.scope, step.stopped)
		if n := len(s.Changes); n != i+1 || s.Changes[i].Number != uint64(i+1) {
			t.Fatalf("after %d changes there are %d", i+1, n)
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if got := d.eachPayout(t); got != step.want {
				t.Errorf("signed %q, want %q", got, step.want)
			}
			d.reopen(t)
			if got := d.eachPayout(t); got != step.want {
				t.Errorf("after a restart: signed %q, want %q", got, step.want)
			}
		})
	}
	d.turn(t, "bitcoin", true)
	a := d.authority(t, swap.PurposePayout, asset.ETH, asset.BTC, "z")
	_, err := d.signBitcoin(d.spendCoins(t, a, payoutSat, feeSat, "z"))
	wantRefusal(t, err, fieldSwitch, "The signer is stopped for bitcoin since ")
	wantRefusal(t, err, fieldSwitch, "Z: keys were copied.")
}

// Whatever is wrong with the file, nothing is signed, and only a stop of everything
// mends it.
func TestUnreadableSwitchesStopEverything(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(filepath.Join(deskFor(t).config.Dir, switchName))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoilt := range map[string]func(path string) error{
		"missing":        os.Remove,
		"empty":          func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"cut":            func(path string) error { return os.WriteFile(path, good[:len(good)/2], 0o600) },
		"another format": func(path string) error { return os.WriteFile(path, []byte(`{"format":"x"}`), 0o600) },
		"an unknown field": func(path string) error {
			return os.WriteFile(path, []byte(`{"format":"`+switchFormat+`","all":1}`), 0o600)
		},
		"an unknown scope": func(path string) error {
			return os.WriteFile(path, []byte(`{"format":"`+switchFormat+`","stopped":[{"number":1,"scope":"DOGE","stopped":true}]}`), 0o600)
		},
		"more behind it":   func(path string) error { return os.WriteFile(path, append(good[:len(good):len(good)], good...), 0o600) },
		"too long":         func(path string) error { return os.WriteFile(path, make([]byte, maxSwitchFile+1), 0o600) },
		"for all to write": func(path string) error { return os.Chmod(path, 0o666) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			if err := spoilt(filepath.Join(d.config.Dir, switchName)); err != nil {
				t.Fatal(err)
			}
			if got := d.eachPayout(t); got != "" {
				t.Errorf("signed %q", got)
			}
			for _, c := range []Change{{Scope: Everything}, {Scope: "bitcoin", Stopped: true}} {
				c.Reason, c.By = "a try", "olga"
				if _, err := Turn(d.config.Dir, c); !errors.Is(err, ErrSwitches) {
					t.Errorf("%+v: %v", c, err)
				}
			}
			d.turn(t, Everything, true)
			if got := d.eachPayout(t); got != "" {
				t.Errorf("signed %q while all is stopped", got)
			}
			d.turn(t, Everything, false)
			if got := d.eachPayout(t); got != "BTC ETH" {
				t.Errorf("signed %q once all is well", got)
			}
		})
	}
}

// What is no change is refused and changes nothing.
func TestTurnRefuses(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	before := d.turn(t, "BTC", true)
	for name, c := range map[string]Change{
		"unknown scope": {Scope: "DOGE", Stopped: true, Reason: "r", By: "b"},
		"no reason":     {Scope: "BTC", Reason: " ", By: "b"},
		"nobody":        {Scope: "BTC", Reason: "r"},
		"a long reason": {Scope: "BTC", Reason: strings.Repeat("r", maxSwitchReason+1), By: "b"},
	} {
		if _, err := Turn(d.config.Dir, c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	after, err := ReadSwitches(d.config.Dir)
	if err != nil || len(after.Changes) != len(before.Changes) || len(after.Stopped) != 1 {
		t.Errorf("%+v, %v", after, err)
	}
}

// Many who turn switches at once lose no change, and the file stays bounded.
func TestTurnsAtOnce(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	const people, turns = 4, 30
	var all sync.WaitGroup
	failed := make(chan error, people*turns)
	for n := range people {
		all.Go(func() {
			for i := range turns {
				_, err := Turn(d.config.Dir, Change{Scope: []string{"BTC", "ETH", "bitcoin", Everything}[n], Stopped: i%2 == 0,
					Reason: strings.Repeat("r", maxSwitchReason), By: strings.Repeat("b", maxSwitchName), At: time.Now()})
				if err != nil {
					failed <- err
				}
			}
		})
	}
	all.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	s, err := ReadSwitches(d.config.Dir)
	if err != nil || len(s.Changes) != maxSwitchChanges || s.Changes[maxSwitchChanges-1].Number != people*turns || len(s.Stopped) != 0 {
		t.Errorf("%d changes, the last is %+v, %d stopped: %v", len(s.Changes), s.Changes[len(s.Changes)-1], len(s.Stopped), err)
	}
}
