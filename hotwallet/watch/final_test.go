package watch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// tiered are the base of these tests, two more blocks above what small holds, and on the
// account chain a safe block above that and a finalized one above large.
func tiered(on asset.Chain) swap.DepositRules {
	id := on.NativeID()
	rules := swap.DepositRules{Confirmations: map[asset.Chain]int64{on: needed},
		Tiers: map[asset.ID][]swap.Tier{id: {{Above: small[on], Confirmations: needed + 2}}}}
	if on.Family() == asset.Account {
		rules.SafeAbove = map[asset.ID]asset.Units{id: small[on]}
		rules.FinalizedAbove = map[asset.ID]asset.Units{id: large[on]}
	}
	return rules
}

func (w *world) setRules(rules swap.DepositRules) {
	w.Helper()
	if err := w.store.SetRules(rules); err != nil {
		w.Fatal(err)
	}
}

// Two deposits to one swap are each judged by their own amount, and told so.
func TestDepositsConfirmByTheirAmounts(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.setRules(tiered(w.chain.Chain()))
		address, swapID := w.issue()
		little, much := w.id(w.chain.Pay(address, w.small()), 0), w.id(w.chain.Pay(address, w.large()), 0)
		w.mine(needed - 1)
		for _, want := range []struct{ little, much string }{{"confirmed", "in_block"}, {"confirmed", "in_block"}, {"confirmed", "confirmed"}} {
			w.mine(1)
			if l, m := w.state(little), w.state(much); l != want.little || m != want.much {
				t.Fatalf("at %s the small deposit is %s, the large %s; want %+v", w.tip(), l, m, want)
			}
		}
		for _, f := range w.facts(swapID) {
			depth := map[string]int64{little: needed, much: needed + 2}[f.Deposit.DepositID]
			if f.Kind != swap.FactDepositSeen && f.Deposit.Needed != depth {
				t.Errorf("%s of %s needs %d, want %d", f.Kind, f.Deposit.Amount, f.Deposit.Needed, depth)
			}
		}
		w.checkBooks()
	})
}

// Raised rules hold what is not confirmed yet, lowered ones let it through at the next
// block, and neither touches what is.
func TestRulesChangeWhileDepositsWait(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		base := swap.DepositRules{Confirmations: map[asset.Chain]int64{w.chain.Chain(): needed}}
		address, _ := w.issue()
		first := w.id(w.chain.Pay(address, w.large()), 0)
		w.mine(needed)
		w.setRules(swap.DepositRules{Confirmations: map[asset.Chain]int64{w.chain.Chain(): needed + 5}})
		second := w.id(w.chain.Pay(address, w.large()), 0)
		w.mine(needed + 1)
		if a, b := w.state(first), w.state(second); a != "confirmed" || b != "in_block" {
			t.Fatalf("after raising the first is %s, the second %s", a, b)
		}
		for name, wrong := range map[string]swap.DepositRules{"none": {}, "another chain's": {Confirmations: map[asset.Chain]int64{asset.Litecoin: 1}}} {
			if err := w.store.SetRules(wrong); err == nil {
				t.Errorf("%s: rules were taken", name)
			}
		}
		w.setRules(base)
		w.mine(1)
		if b := w.state(second); b != "confirmed" {
			t.Errorf("after lowering the second is %s", b)
		}
		w.checkBooks()
	})
}

// Finality stalls: a deposit that needs it is held however deep it gets, others go on,
// and there is one alarm. When it moves again the deposit counts.
func TestFinalityStalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{Seed: 1}))
	w.setRules(tiered(asset.Ethereum))
	more, err := w.large().Add(asset.NewUnits(1))
	if err != nil {
		t.Fatal(err)
	}
	w.chain.StallFinality(true)
	address, swapID := w.issue()
	pay := func(units asset.Units) string { return w.id(w.chain.Pay(address, units), 0) }
	little, safe, finalized := pay(w.small()), pay(w.large()), pay(more)
	w.mine(needed + 10)
	states := func() string {
		return fmt.Sprintf("%s, safe %s, finalized %s", w.state(little), w.state(safe), w.state(finalized))
	}
	if got := states(); got != "confirmed, safe in_block, finalized in_block" {
		t.Fatalf("while it stalls: %s", got)
	}
	if alarms := w.alarms(); len(alarms) != 0 {
		t.Fatalf("alarms so early: %q", alarms)
	}
	awaited := map[string]swap.Finality{}
	for _, f := range w.facts(swapID) {
		awaited[f.Deposit.DepositID] = f.Deposit.Awaits
	}
	if awaited[little] != "" || awaited[safe] != swap.FinalitySafe || awaited[finalized] != swap.FinalityFinalized {
		t.Errorf("told as awaited: %v", awaited)
	}
	w.mine(130)
	if got, alarms := states(), w.alarms(); got != "confirmed, safe in_block, finalized in_block" || len(alarms) != 1 || !strings.Contains(alarms[0], "finalized") {
		t.Fatalf("after a long time: %s, alarms %q", got, alarms)
	}
	another := pay(w.small()) // and small ones still pass
	w.mine(needed)
	if got := w.state(another); got != "confirmed" || w.halted() != "" {
		t.Errorf("a small deposit in the stall is %s; halted: %q", got, w.halted())
	}
	w.chain.StallFinality(false)
	w.mine(1)
	if got := states(); got != "confirmed, safe confirmed, finalized confirmed" {
		t.Errorf("when it moves again: %s", got)
	}
	w.checkBooks()
}

// A node that calls no block final is an alarm at once, as soon as a deposit needs one.
func TestNodeWithoutFinality(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{Seed: 1}))
	w.setRules(tiered(asset.Ethereum))
	w.chain.ForgetFinality(true)
	w.mine(3)
	address, _ := w.issue()
	held := w.id(w.chain.Pay(address, w.large()), 0)
	w.mine(needed + 1)
	if alarms := w.alarms(); len(alarms) != 0 {
		t.Fatalf("alarms before it is deep enough: %q", alarms)
	}
	w.mine(5)
	if got, alarms := w.state(held), w.alarms(); got != "in_block" || !slices.Equal(alarms, []string{"the node calls no block safe: deposits that need it are held, smaller ones go on"}) {
		t.Fatalf("it is %s, alarms %q", got, alarms)
	}
	w.chain.ForgetFinality(false)
	w.mine(1)
	if got := w.state(held); got != "confirmed" {
		t.Errorf("with finality it is %s", got)
	}
}

// What the node called final is of no use after it took blocks back, though it does not
// answer any more.
func TestFinalityOfAnotherBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{Seed: 1}))
	w.limit = 8
	node := &mute{Reader: w.chain}
	w.reader = node
	w.restart()
	w.setRules(tiered(asset.Ethereum))
	w.mine(10)
	w.chain.Reorg(8, fakechain.Return)
	node.silent = true
	address, _ := w.issue()
	held, little := w.id(w.chain.Pay(address, w.large()), 0), w.id(w.chain.Pay(address, w.small()), 0)
	w.mine(needed + 4)
	if got := w.state(held) + " " + w.state(little); got != "in_block confirmed" {
		t.Errorf("with the old branch's answer: %s", got)
	}
	node.silent = false
	w.mine(1)
	if got := w.state(held); got != "confirmed" {
		t.Errorf("with the node's answer it is %s", got)
	}
}

// mute is a node that may not say what is final.
type mute struct {
	chain.Reader
	silent bool
}

func (m *mute) Final(ctx context.Context) (chain.Final, error) {
	if m.silent {
		return chain.Final{}, errors.New("no answer")
	}
	return chain.FinalOf(ctx, m.Reader)
}

// alarms are the reasons of all alarms of finality.
func (w *world) alarms() []string {
	w.Helper()
	rows, err := w.pool.Query(w.ctx, `SELECT reason FROM staff_action WHERE action = 'alarm.finality' ORDER BY id`)
	if err != nil {
		w.Fatal(err)
	}
	reasons, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.Fatal(err)
	}
	return reasons
}
