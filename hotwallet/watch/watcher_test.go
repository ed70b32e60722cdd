package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
)

func timeOf(n int) time.Time { return time.Unix(1_800_000_000+int64(n), 0) }

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
