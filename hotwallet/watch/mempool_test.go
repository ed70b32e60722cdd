package watch_test

import (
	"context"
	"slices"
	"testing"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
)

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

// Beyond the limit of sightings only blocks count; room comes back as they go.
func TestSightingsAreLimited(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.exec(`INSERT INTO deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, state, first_seen)
			SELECT $1 || ':flood' || n || ':0', $1, 'flood' || n, 0, 'pool', 'BTC', 1, 'unattributed', 'seen', now()
			FROM generate_series(1, 10000) n`, w.chain.Chain())
		address, swapID := w.issue()
		w.chain.Pay(address, w.small())
		w.step()
		wantKinds(t, w, swapID)
		w.step() // the flood was never in the mempool: it is withdrawn
		w.step()
		wantKinds(t, w, swapID, "deposit.seen")
		w.mine(1)
		wantKinds(t, w, swapID, "deposit.seen", "deposit.in_block 1")
		if n := w.text(`SELECT count(*)::text FROM deposit WHERE state = 'replaced'`); n != "10000" {
			t.Fatalf("%s withdrawn", n)
		}
	})
}
