package chaincases_test

import (
	"context"
	"log/slog"
	"testing"

	"ferry/hotwallet/sweep"
	"ferry/swap/asset"
)

// Setup: more small coins of the house on btcd than it keeps. Test: the signer signs their
// sweep, the node mines it, and they are one coin on a change address; it is no deposit, and
// the books agree.
func TestSmallCoinsOnBtcd(t *testing.T) {
	t.Parallel()
	w := newSiblings(t)
	runner, err := sweep.New(sweep.Config{Chain: asset.Bitcoin, Store: w.store, Payer: w.btcd.reader, FeeMax: asset.NewUnits(100_000),
		FeesUsual: func(context.Context) (bool, error) { return true, nil }, Settings: sweep.Settings{CoinsMost: 11, ConsolidatePerDay: 1},
		Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	hot := w.text(w.pool, `SELECT address FROM address WHERE chain = 'bitcoin' AND role = 1 AND branch = 0`)
	for range 12 {
		w.payScript(hot, asset.NewUnits(40_000))
		w.mine(1)
	}
	w.mine(needed)
	w.must(runner.Look(t.Context()))
	w.must(runner.Look(t.Context()))
	w.must(w.engine.Round(t.Context()))
	w.mine(needed)
	if got := w.text(w.pool, `SELECT string_agg(purpose || ' ' || state || ' ' || reason, ', ') FROM payment`); got != "sweep final " {
		t.Fatalf("payments: %s", got)
	}
	if got := w.text(w.pool, `SELECT string_agg(a.branch::text, ',' ORDER BY a.branch) FROM coin c JOIN address a USING (chain, address) WHERE c.spent_txid IS NULL`); got != "1" {
		t.Fatalf("coins on branches %s, want one on that of change", got)
	}
	if n := w.text(w.pool, `SELECT count(*)::text FROM deposit WHERE purpose = 'funding'`); n != "13" {
		t.Fatalf("%s fundings: the sweep came as one", n)
	}
	w.wantBooks()
}
