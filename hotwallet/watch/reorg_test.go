package watch_test

import (
	"errors"
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/watch"
)

func TestReorgWithinTheLimit(t *testing.T) {
	t.Parallel()
	for fate, want := range map[fakechain.Fate]string{
		fakechain.Return: "confirmed", fakechain.Drop: "reorged", fakechain.DoubleSpend: "reorged",
	} {
		for depth := 1; depth < needed; depth++ {
			t.Run(string(fate), func(t *testing.T) {
				t.Parallel()
				both(t, func(t *testing.T, w *world) {
					address, swapID := w.issue()
					txid := w.chain.Pay(address, w.small())
					w.mine(depth)
					w.chain.Reorg(depth, fate)
					w.mine(needed + 1)
					if got := w.state(w.id(txid, 0)); got != want {
						t.Fatalf("deposit %s, want %s", got, want)
					}
					if n := count(w.kinds(swapID), "deposit.confirmed"); n != map[string]int{"confirmed": 1}[want] {
						t.Fatalf("confirmed %d times: %v", n, w.kinds(swapID))
					}
					if n := count(w.kinds(swapID), "deposit.reorged"); n != 1 {
						t.Fatalf("reorged %d times: %v", n, w.kinds(swapID))
					}
					w.checkBooks()
				})
			})
		}
	}
}

func count(kinds []string, kind string) int {
	n := 0
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func TestDeeperReorgHaltsAndChangesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		txid := w.chain.Pay(address, w.small())
		w.mine(needed)
		before, told := w.rows(), len(w.facts(swapID))
		w.chain.Reorg(needed, fakechain.DoubleSpend)
		w.chain.Mine(needed + 1)
		for range 3 {
			if err := w.watcher.Step(w.ctx); !errors.Is(err, watch.ErrTooDeep) {
				t.Fatalf("step: %v", err)
			}
		}
		if after := w.rows(); after != before || len(w.facts(swapID)) != told || w.state(w.id(txid, 0)) != "confirmed" {
			t.Fatalf("it changed something:\n%s\n%s", before, after)
		}
		if w.halted() == "" || w.text(`SELECT count(*)::text FROM staff_action`) != "1" {
			t.Fatalf("halted: %q", w.halted())
		}
		// Resuming without a remedy halts again.
		w.exec(`DELETE FROM halt`)
		if err := w.watcher.Step(w.ctx); !errors.Is(err, watch.ErrTooDeep) || w.halted() == "" {
			t.Fatalf("after resuming: %v, %q", err, w.halted())
		}
	})
}

// rows sums up all that a block can change.
func (w *world) rows() string {
	w.Helper()
	return w.text(`SELECT concat_ws(' ', (SELECT height || hash FROM cursor), (SELECT count(*) FROM block),
		(SELECT string_agg(deposit_id || state, ',') FROM deposit), (SELECT count(*) FROM coin),
		(SELECT count(*) FROM entry), (SELECT string_agg(order_id || state || version, ',') FROM payment))`)
}

// Two short reorganisations in a row reach below a confirmed deposit although
// each is within the limit: that is told, and nothing halts while nothing was paid.
func TestReorgsThatAddUp(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		txid := w.chain.Pay(address, w.small())
		w.mine(needed)
		w.chain.Reorg(needed-1, fakechain.Drop)
		fork := w.tip()
		w.chain.Before(func(call string) {
			if cursor, _, err := w.store.Cursor(w.ctx); call == "Block" && err == nil && cursor == fork {
				w.chain.Before(nil)
				w.chain.Reorg(int(w.tipHeight(needed+1)-fork.Height)+1, fakechain.Drop)
				w.chain.Mine(needed + 2)
			}
		})
		w.chain.Mine(needed + 1)
		for w.step(); w.state(w.id(txid, 0)) == "confirmed"; {
			w.step()
		}
		w.step()
		if got := w.kinds(swapID); got[len(got)-1] != "deposit.reorged" || w.halted() != "" {
			t.Fatalf("facts %v, halted %q", got, w.halted())
		}
		w.checkBooks()
	})
}

// tipHeight is the height after n more blocks on the fork of the test above.
func (w *world) tipHeight(n int64) int64 {
	cursor, _, err := w.store.Cursor(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return cursor.Height + n
}

func TestNodeThatIsBehindIsNoReorg(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		w.mine(needed + 1)
		before := w.rows()
		w.chain.Reorg(needed, fakechain.Return)
		w.step()
		if after := w.rows(); after != before || w.halted() != "" {
			t.Fatalf("%s\n%s\n%s", before, after, w.halted())
		}
		if got := w.kinds(swapID); got[len(got)-1] != "deposit.confirmed" {
			t.Fatalf("facts %v", got)
		}
	})
}
