package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
)

func timeOf(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0) }

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

func TestDustIsADepositLikeOthers(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		w.chain.Pay(address, asset.NewUnits(1))
		w.mine(needed)
		wantKinds(t, w, swapID, "deposit.in_block 1", "deposit.in_block 2", "deposit.confirmed")
		w.checkBooks()
	})
}

func TestTwoOutputsAreTwoDeposits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{}))
	address, swapID := w.issue()
	other, otherID := w.issue()
	txid := w.chain.PayMany(fakechain.Output{Address: address, Units: asset.NewUnits(7)},
		fakechain.Output{Address: other, Units: asset.NewUnits(8)}, fakechain.Output{Address: address, Units: asset.NewUnits(9)})
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

func TestCoinbaseDeposit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewBitcoin(fakechain.Config{}))
	address, _ := w.issue()
	txid := w.chain.MineCoinbase(address, w.small())
	w.mine(needed)
	if got := w.text(`SELECT coinbase::text FROM coin WHERE txid = $1`, txid); got != "true" {
		t.Fatalf("coinbase is %s", got)
	}
	w.checkBooks()
}

func TestReplacedAfterTwoLooks(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		txid := w.chain.Pay(address, w.small())
		w.step()
		w.chain.Replace(txid, fakechain.Output{Address: w.chain.NewAddress(), Units: w.small()})
		w.step()
		if got := w.state(w.id(txid, 0)); got != "seen" {
			t.Fatalf("after one look without it: %s", got)
		}
		w.step()
		if got := w.state(w.id(txid, 0)); got != "replaced" {
			t.Fatalf("after two looks without it: %s", got)
		}
		w.mine(needed)
		wantKinds(t, w, swapID, "deposit.seen", "deposit.replaced")
		if got := w.balance("wallet"); got != "0" {
			t.Fatalf("wallet %s", got)
		}
	})
}

// A look counts only while the cursor is on the tip: what is gone from the
// mempool because a block has just taken it was not replaced.
func TestMinedBetweenLooksIsNotReplaced(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		w.step()
		for range 3 {
			w.chain.Before(func(call string) {
				if call == "Mempool" {
					w.chain.Before(nil)
					w.chain.Mine(1)
				}
			})
			w.step()
		}
		w.chain.Before(nil)
		w.step()
		if kinds := w.kinds(swapID); slices.Contains(kinds, "deposit.replaced") || !slices.Contains(kinds, "deposit.confirmed") {
			t.Fatalf("facts %v", kinds)
		}
	})
}

// partial is a node whose mempool is not whole.
type partial struct {
	chain.Reader
	hidden bool
}

func (p *partial) Mempool(ctx context.Context, w chain.Watch) ([]chain.Credit, error) {
	credits, err := p.Reader.Mempool(ctx, w)
	if p.hidden {
		return nil, err
	}
	return credits, err
}

// Missing once, and then mined while the mempool is read: still not replaced.
func TestLookOnAnOldTipDoesNotCount(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		node := &partial{Reader: w.chain}
		w.reader = node
		w.restart()
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		w.step()
		node.hidden = true
		w.step()
		node.hidden = false
		w.chain.Before(func(call string) {
			if call == "Mempool" {
				w.chain.Before(nil)
				w.chain.Mine(1)
			}
		})
		w.step()
		w.step()
		wantKinds(t, w, swapID, "deposit.seen", "deposit.in_block 1")
	})
}

// The deposit is mined and back in the mempool before the watcher looks there.
func TestSeenAgainAfterAReorgBetweenLooks(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		w.step()
		mined := w.chain.Mine(1)
		w.chain.Before(func(call string) {
			if cursor, _, err := w.store.Cursor(w.ctx); call == "Tip" && err == nil && cursor == mined {
				w.chain.Before(nil)
				w.chain.Reorg(1, fakechain.Return)
				w.chain.MineEmpty(2)
			}
		})
		w.step()
		wantKinds(t, w, swapID, "deposit.seen", "deposit.in_block 1", "deposit.reorged", "deposit.seen")
	})
}

func TestEvictedComesBack(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		txid := w.chain.Pay(address, w.small())
		w.mine(1)
		w.chain.Reorg(1, fakechain.Return)
		w.chain.MineEmpty(2)
		w.step()
		if got := w.state(w.id(txid, 0)); got != "seen" {
			t.Fatalf("in the mempool again: %s", got)
		}
		w.chain.Evict(txid)
		w.step()
		w.step()
		wantKinds(t, w, swapID, "deposit.in_block 1", "deposit.reorged", "deposit.seen", "deposit.replaced")
		w.checkBooks()
	})
}

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
// each is within the limit.
func TestReorgsThatAddUpNeverUndoConfirmed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, _ := w.issue()
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
		err := w.watcher.Step(w.ctx)
		for err == nil && w.halted() == "" {
			err = w.watcher.Step(w.ctx)
		}
		if !errors.Is(err, watch.ErrTooDeep) || w.state(w.id(txid, 0)) != "confirmed" {
			t.Fatalf("%v, deposit %s", err, w.state(w.id(txid, 0)))
		}
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

func TestPaymentToFinal(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.step()
		w.checkBooks() // while it is in flight
		w.mine(1)
		if got := w.paymentState(p); got != "confirmed" {
			t.Fatalf("in a block: %s", got)
		}
		w.checkBooks()
		w.mine(needed - 1)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.final")
		final := w.facts(p.swapID)[1].Payment
		if final.TxID != p.txid || final.OrderID != p.order || final.Amount.Units != w.small() || final.Fee.IsZero() ||
			p.fee.Less(final.Fee) || final.Height == 0 || final.Purpose != swap.PurposePayout || final.Destination != p.destination {
			t.Fatalf("%+v", final)
		}
		for account, want := range map[string]string{"in_flight": "0", "payment_confirming": "0",
			"clearing": w.small().String(), "network_fees": final.Fee.String()} {
			if got := w.balance(account); got != want {
				t.Errorf("%s is %s, want %s", account, got, want)
			}
		}
		if n := w.text(`SELECT count(*)::text FROM deposit WHERE txid = $1`, p.txid); n != "0" {
			t.Errorf("%s deposits of our own change", n)
		}
		w.checkBooks()
	})
}

func TestPaymentThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakechain.NewEthereum(fakechain.Config{}))
	w.fund(1)
	p, _ := w.sign(w.small())
	w.chain.Fail(p.txid)
	w.broadcast(p)
	w.mine(1)
	w.checkBooks()
	w.mine(needed)
	wantKinds(t, w, p.swapID, "payment.failed")
	if got := w.paymentState(p); got != "failed" {
		t.Fatalf("payment %s", got)
	}
	failed := w.facts(p.swapID)[0].Payment
	for account, want := range map[string]string{"in_flight": "0", "payment_confirming": "0", "clearing": "0",
		"network_fees": failed.Fee.String()} {
		if got := w.balance(account); got != want {
			t.Errorf("%s is %s, want %s", account, got, want)
		}
	}
	w.checkBooks()
}

func TestPaymentIsReorgedOutAndBack(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.mine(needed - 1)
		w.chain.Reorg(needed-1, fakechain.Return)
		w.chain.MineEmpty(needed)
		w.step()
		if got := w.paymentState(p); got != "broadcast" {
			t.Fatalf("out of its block: %s", got)
		}
		if got := w.balance("in_flight"); got == "0" {
			t.Fatal("its hold is gone")
		}
		w.checkBooks()
		w.mine(needed)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.confirmed", "payment.final")
		w.checkBooks()
	})
}

// The coin it spends is watched again as soon as its block is taken back.
func TestPaymentMovesToAnotherBlock(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.mine(1)
		w.chain.Reorg(1, fakechain.Return)
		w.chain.Mine(2)
		w.step()
		w.checkBooks()
		w.mine(1)
		wantKinds(t, w, p.swapID, "payment.confirmed", "payment.confirmed", "payment.final")
		w.checkBooks()
	})
}

// The process ended after the node took the payment and before that was stored.
func TestPaymentMinedBeforeItsBroadcastWasStored(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		p := w.pay(w.small())
		w.exec(`UPDATE payment SET state = 'signed'`)
		w.exec(`UPDATE attempt SET state = 'signed'`)
		w.mine(needed)
		wantKinds(t, w, p.swapID, "payment.broadcast", "payment.confirmed", "payment.final")
	})
}

func TestForeignSpendHalts(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.fund(1)
		plan, err := w.chain.Plan(w.ctx, w.settledFunds(), chain.Request{Destination: w.chain.NewAddress(), Units: w.small(), FeeMax: w.large()})
		if err != nil {
			t.Fatal(err)
		}
		raw, txid := fakechain.Sign(plan)
		w.broadcast(payout{raw: raw})
		w.mine(1)
		if !strings.Contains(w.halted(), txid) {
			t.Fatalf("halted: %q", w.halted())
		}
		if w.balance("suspense") == "0" {
			t.Fatal("nothing is in suspense")
		}
		w.checkBooks()
		// Deposits are watched all the same, and the spend can be reorganised away.
		w.chain.Reorg(1, fakechain.Drop)
		w.mine(2)
		if got := w.balance("suspense"); got != "0" {
			t.Fatalf("suspense is %s after the spend went", got)
		}
		w.checkBooks()
	})
}

func TestFencedWatcherChangesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		old := w.watcher
		w.restart()
		address, _ := w.issue()
		w.chain.Pay(address, w.small())
		w.chain.Mine(1)
		before := w.rows()
		if err := old.Step(w.ctx); !errors.Is(err, postgres.ErrFenced) {
			t.Fatalf("step: %v", err)
		}
		if after := w.rows(); after != before {
			t.Fatalf("%s\n%s", before, after)
		}
		w.step()
		w.checkBooks()
	})
}

func TestBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ birth, want int64 }{{0, 5}, {2, 2}} {
		c := fakechain.NewBitcoin(fakechain.Config{})
		c.Mine(5)
		w := &world{tb: t, ctx: t.Context(), chain: c, pool: pgtest.New(t, "hotwallet"), birth: row.birth}
		w.restart()
		cursors := []int64{}
		c.Before(func(string) {
			if cursor, begun, err := w.store.Cursor(w.ctx); err == nil && begun {
				cursors = append(cursors, cursor.Height)
			}
		})
		w.step()
		if len(cursors) == 0 || cursors[0] != row.want || cursors[len(cursors)-1] != 5 {
			t.Errorf("birth height %d: the cursor went through %v", row.birth, cursors)
		}
		if err := w.lease.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestRunFollowsAndEnds(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		address, swapID := w.issue()
		ctx, cancel := context.WithCancel(t.Context())
		arrived := make(chan struct{}, 1)
		w.atTip = func(context.Context) { arrived <- struct{}{} }
		w.wake = make(chan struct{})
		w.restart()
		ended := make(chan error, 1)
		go func() { ended <- w.watcher.Run(ctx) }()
		<-arrived
		w.chain.Pay(address, w.small())
		for range needed {
			w.chain.FailCalls(1) // a failure is tried again
			w.chain.Mine(1)
			w.wake <- struct{}{}
			w.wake <- struct{}{}
			<-arrived
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if n := count(w.kinds(swapID), "deposit.confirmed"); n != 1 {
			t.Fatalf("facts %v", w.kinds(swapID))
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	c := fakechain.NewBitcoin(fakechain.Config{})
	good := watch.Config{Reader: c, Store: &postgres.Store{}, Set: watch.NewSet(), Poll: time.Second, Log: slog.Default()}
	if _, err := watch.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*watch.Config){
		"no reader":      func(c *watch.Config) { c.Reader = nil },
		"no store":       func(c *watch.Config) { c.Store = nil },
		"no set":         func(c *watch.Config) { c.Set = nil },
		"no log":         func(c *watch.Config) { c.Log = nil },
		"no pause":       func(c *watch.Config) { c.Poll = 0 },
		"negative birth": func(c *watch.Config) { c.BirthHeight = -1 },
		"negative limit": func(c *watch.Config) { c.ReorgLimit = -1 },
	} {
		bad := good
		change(&bad)
		if _, err := watch.New(bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
