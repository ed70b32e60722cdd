package chaincases_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/watch"
	"ferry/swap"
	"ferry/swap/asset"
)

// F2. Setup: a deposit as many blocks deep as a reorganisation takes back, from one
// to the limit, so that the deeper ones take back what was told as confirmed.
// Test: the new branch has it again, or its funds are spent elsewhere.
func TestF2Reorganised(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"it is mined again": true, "it is gone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				outcome := "reverted; nothing credited"
				if again {
					outcome = "reverted, then credited once"
				}
				w.plays("F2", fmt.Sprintf("reorganisations of 1 to %d blocks, %s", reorgLimit, name), outcome)
				for depth := 1; depth <= reorgLimit; depth++ {
					w.reorganise(depth, again)
				}
			})
		})
	}
}

func (w *world) reorganise(depth int, again bool) {
	w.Helper()
	address, swapID := w.issue()
	txid := w.node.pay(w.T, address, w.usual())
	w.mine(depth)
	before := asset.Units{}
	if depth >= needed {
		before = w.usual()
	}
	w.wantCredit(swapID, before)
	w.node.reorg(w.T, depth, again)
	w.look()
	if again {
		w.mine(needed)
		w.wantState(w.id(txid, 0), "confirmed")
		w.wantCredit(swapID, w.usual())
	} else {
		w.look()
		w.mine(needed)
		w.wantCredit(swapID, asset.Units{})
		if got := w.state(w.id(txid, 0)); got != "reorged" && got != "replaced" {
			w.Fatalf("%d deep it is %s", depth, got)
		}
	}
	if !strings.Contains(w.kinds(swapID), "reorged") || w.halted() != "" {
		w.Fatalf("%d deep: facts %s, halted %q", depth, w.kinds(swapID), w.halted())
	}
	w.wantBooks()
}

// halted are the chains whose payments stand still.
func (w *world) halted() string {
	w.Helper()
	return w.text(w.pool, `SELECT coalesce(string_agg(chain, ' ' ORDER BY chain), '') FROM halt`)
}

// F2. Setup: a deposit is confirmed, and the payment for it has a plan.
// Test: a reorganisation within the limit takes the deposit back for good.
func TestF2ReorganisedAfterPlan(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.plays("F2", "reorganised after its payment was planned", "reverted, loss on record; both chains halt")
		address, swapID := w.issue()
		txid := w.node.pay(w.T, address, w.usual())
		w.mine(needed)
		w.wantCredit(swapID, w.usual())
		w.plan(swapID, w.id(txid, 0))
		w.node.reorg(w.T, needed, false)
		w.look()
		facts := w.facts(swapID)
		if i := len(facts) - 1; facts[i].Kind != swap.FactDepositReorged || !facts[i].Deposit.Used {
			w.Fatalf("the last fact is %s: %+v", facts[i].Kind, facts[i].Deposit)
		}
		both := []string{string(w.chain), string(w.other())}
		slices.Sort(both)
		if got := w.halted(); got != strings.Join(both, " ") {
			w.Fatalf("halted %q, want %v", got, both)
		}
		if n := w.text(w.pool, `SELECT count(*)::text FROM staff_action WHERE action = 'alarm.deposit_reorged' AND target = $1`, w.id(txid, 0)); n != "1" {
			w.Fatalf("%s alarms", n)
		}
		w.pass()
		// What was credited before stays owed to nobody: it is a loss, in the open.
		if state := w.text(w.swapPool, `SELECT state FROM swap WHERE id = $1`, swapID); state != string(swap.Held) {
			w.Fatalf("the swap is %s", state)
		}
		w.wantBooks()
	})
}

// other is the chain on which a deposit is paid out here.
func (w *world) other() asset.Chain {
	if w.chain == asset.Ethereum {
		return asset.Bitcoin
	}
	return asset.Ethereum
}

// plan stores what the other chain's engine stores of a payment for a deposit.
func (w *world) plan(swapID, depositID string) {
	w.Helper()
	other := w.other()
	native, _ := other.Native()
	for _, insert := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
			VALUES ($1, $2, $3, 'payout', $4, 1, 'elsewhere', '{}', 'queued')`, []any{swap.PayoutOrderID(swapID), other, swapID, native.ID}},
		{`INSERT INTO payment_deposit (deposit_id, order_id, asset, units) VALUES ($1, $2, $3, 1)`, []any{depositID, swap.PayoutOrderID(swapID), w.chain.NativeID()}},
		{`WITH b AS (INSERT INTO batch (batch_id, chain, purpose, state, orders)
		SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM payment WHERE order_id = $1)
		UPDATE payment SET batch_id = order_id WHERE order_id = $1`, []any{swap.PayoutOrderID(swapID)}},
		{`INSERT INTO attempt (batch_id, n, chain, state, plan, fee) VALUES ($1, 1, $2, 'planned', '{}', 1)`, []any{swap.PayoutOrderID(swapID), other}},
	} {
		_, err := w.pool.Exec(w.Context(), insert.sql, insert.args...)
		w.must(err)
	}
}

// F2. Setup: a deposit is confirmed.
// Test: a reorganisation takes back one block more than the limit, or many more.
func TestF2TooDeep(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{reorgLimit + 1, 150} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				w.plays("F2", fmt.Sprintf("a reorganisation of %d blocks, %d are allowed", depth, reorgLimit), "nothing changes; the chain halts until a person resumes it")
				address, swapID := w.issue()
				txid := w.node.pay(w.T, address, w.usual())
				w.mine(needed)
				w.node.mine(w.T, depth-needed)
				w.look()
				cursor, _, err := w.store.Cursor(w.Context())
				w.must(err)
				told := len(w.facts(""))
				w.node.reorg(w.T, depth, false)
				for range 2 {
					if err := w.watcher.Step(w.Context()); !errors.Is(err, watch.ErrTooDeep) {
						w.Fatalf("look: %v", err)
					}
				}
				after, _, err := w.store.Cursor(w.Context())
				w.must(err)
				if after != cursor || len(w.facts("")) != told || w.halted() != string(w.chain) {
					w.Fatalf("cursor %s, was %s; %d facts, were %d; halted %q", after, cursor, len(w.facts("")), told, w.halted())
				}
				w.wantState(w.id(txid, 0), "confirmed")
				w.wantCredit(swapID, w.usual())
			})
		})
	}
}
