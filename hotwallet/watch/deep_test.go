package watch_test

import (
	"slices"
	"strings"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
)

// deep makes the watcher follow reorganisations deeper than what it told as settled.
func deep(w *world) {
	w.limit = needed + 3
	w.restart()
	w.step()
}

// plan stores a payment that uses a deposit up, with a plan or without.
func (w *world) plan(swapID, depositID string, planned bool) {
	w.Helper()
	w.exec(`INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ($1, 'ethereum', $2, 'payout', 'ETH', 1, 'elsewhere', '{}', 'queued')`, swap.PayoutOrderID(swapID), swapID)
	w.exec(`INSERT INTO payment_deposit (deposit_id, order_id, asset, units) VALUES ($1, $2, 'BTC', 1)`, depositID, swap.PayoutOrderID(swapID))
	if planned {
		w.batch(swap.PayoutOrderID(swapID))
		w.exec(`INSERT INTO attempt (batch_id, n, chain, state, plan, fee) VALUES ($1, 1, 'ethereum', 'planned', '{}', 1)`, swap.PayoutOrderID(swapID))
	}
}

// Setup: a deposit is confirmed and its payment ordered, with or without a plan.
// Test: a reorganisation takes it back. It comes back, or never.
func TestConfirmedDepositIsTakenBack(t *testing.T) {
	t.Parallel()
	for fate, returns := range map[fakechain.Fate]bool{fakechain.Return: true, fakechain.Drop: false, fakechain.DoubleSpend: false} {
		for _, planned := range []bool{false, true} {
			t.Run(string(fate), func(t *testing.T) {
				t.Parallel()
				both(t, func(t *testing.T, w *world) {
					deep(w)
					address, swapID := w.issue()
					txid := w.chain.Pay(address, w.small())
					w.mine(needed + 1)
					w.plan(swapID, w.id(txid, 0), planned)
					clearing := w.balance("clearing")
					w.chain.Reorg(needed+1, fate)
					w.chain.MineEmpty(needed + 2)
					w.step()
					if got := w.state(w.id(txid, 0)); got == "confirmed" || got == "in_block" || w.balance("clearing") != "0" {
						t.Fatalf("deposit %s, clearing %s", got, w.balance("clearing"))
					}
					w.checkBooks()
					w.wantReorged(t, swapID, w.id(txid, 0), planned)
					w.mine(needed)
					want, times := "0", 1
					if returns {
						want, times = clearing, 2
					}
					if kinds := w.kinds(swapID); w.balance("clearing") != want || count(kinds, "deposit.confirmed") != times {
						t.Fatalf("clearing %s, want %s; facts %v", w.balance("clearing"), want, kinds)
					}
					w.checkBooks()
				})
			})
		}
	}
}

// wantReorged demands the fact, and the halt of both chains if money may be lost.
func (w *world) wantReorged(t *testing.T, swapID, depositID string, used bool) {
	t.Helper()
	facts := w.facts(swapID)
	i := slices.IndexFunc(facts, func(f swap.Fact) bool { return f.Kind == swap.FactDepositReorged })
	if i < 0 || facts[i].Deposit.Used != used || facts[i-1].Kind != swap.FactDepositConfirmed {
		t.Fatalf("facts %v, of which %d", w.kinds(swapID), i)
	}
	halted := w.text(`SELECT coalesce(string_agg(chain, ' ' ORDER BY chain), '') FROM halt`)
	alarms := w.text(`SELECT coalesce(string_agg(action || ' ' || target, ','), '') FROM staff_action WHERE action LIKE 'alarm%'`)
	wantHalted, wantAlarm := "", ""
	if used {
		wantHalted, wantAlarm = "ethereum", "alarm.deposit_reorged "+depositID
		if strings.HasPrefix(depositID, "bitcoin") {
			wantHalted = "bitcoin ethereum"
		}
	}
	if halted != wantHalted || alarms != wantAlarm {
		t.Fatalf("halted %q, alarms %q", halted, alarms)
	}
}

// A final payment, or one that failed for good, is open again and a person looks
// before anything else is paid. Its bytes are mined again and it ends once more.
func TestEndedPaymentIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"final": false, "failed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, w *world) {
				if fails && w.chain.Chain() == "bitcoin" {
					return // nothing is mined and fails there
				}
				deep(w)
				w.fund(1)
				p, _ := w.sign(w.small())
				if fails {
					w.chain.Fail(p.txid)
				}
				w.broadcast(p)
				w.mine(needed)
				if got := w.paymentState(p); got != name {
					t.Fatalf("payment %s", got)
				}
				ended := w.balance("network_fees") + " " + w.balance("clearing")
				w.chain.Reorg(needed, fakechain.Return)
				w.chain.MineEmpty(needed + 1)
				w.step()
				if got := w.paymentState(p); got != "broadcast" || w.balance("clearing") != "0" || w.balance("network_fees") != "0" {
					t.Fatalf("payment %s, clearing %s, fees %s", got, w.balance("clearing"), w.balance("network_fees"))
				}
				if !strings.Contains(w.halted(), p.order) || w.text(`SELECT count(*)::text FROM staff_action WHERE action = 'alarm.payment_reorged'`) != "1" {
					t.Fatalf("halted %q", w.halted())
				}
				w.checkBooks()
				w.mine(needed)
				if got := w.balance("network_fees") + " " + w.balance("clearing"); got != ended || w.paymentState(p) != name {
					t.Fatalf("payment %s; fees and clearing %s, were %s", w.paymentState(p), got, ended)
				}
				w.checkBooks()
			})
		})
	}
}

// The change of a payment is spent by the next one, and a reorganisation takes the
// block of both: the second still knows its coin, and both are mined again.
func TestReservedCoinSurvivesAReorg(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{Seed: 1}))
	deep(w)
	w.fund(1)
	first := w.pay(w.small())
	w.mine(needed)
	second := w.pay(w.small())
	w.mine(1)
	w.chain.Reorg(needed+1, fakechain.Return)
	w.chain.MineEmpty(needed + 2)
	w.step()
	if n := w.text(`SELECT count(*)::text FROM coin WHERE height IS NULL AND reserved_by = $1`, second.order); n != "1" {
		t.Fatalf("%s coins wait for a block", n)
	}
	w.checkBooks()
	w.mine(needed)
	if a, b := w.paymentState(first), w.paymentState(second); a != "final" || b != "final" {
		t.Fatalf("payments %s and %s", a, b)
	}
	w.checkBooks()
}

// The node leaves deeper than allowed and returns: a resume is enough.
func TestNodeReturnsAfterTooDeep(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, _ := w.issue()
		w.chain.Pay(address, w.small())
		w.mine(needed)
		other := families[map[string]string{"bitcoin": "utxo", "ethereum": "account"}[string(w.chain.Chain())]](fakechain.Config{Seed: 2})
		other.Mine(20)
		mine := w.chain
		w.reader = other
		w.restart()
		if err := w.watcher.Step(w.ctx); err == nil || w.halted() == "" {
			t.Fatalf("another chain was followed: %v", err)
		}
		before := w.rows()
		w.reader = mine
		w.restart()
		mine.Mine(1)
		w.step()
		if w.halted() == "" || w.rows() == before {
			t.Fatal("it resumed by itself, or stood still")
		}
		w.exec(`DELETE FROM halt`)
		w.mine(1)
		w.checkBooks()
		if w.halted() != "" {
			t.Fatalf("halted: %s", w.halted())
		}
	})
}
