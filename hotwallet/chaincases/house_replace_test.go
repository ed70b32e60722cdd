package chaincases_test

import (
	"testing"
	"time"

	"ferry/hotwallet/payment"
	"ferry/swap/asset"
)

// Setup: a sweep of ether that geth has and no block takes. Test: the real signer signs
// another that offers more with the same nonce, geth takes it in place of the first, and
// what arrives is what the rows say was moved.
func TestSweepIsReplacedOnGeth(t *testing.T) {
	t.Parallel()
	w := newHouse(t)
	later := time.Duration(0)
	w.config.Now = func() time.Time { return time.Now().Add(later) }
	w.config.Bid = payment.Rising(w.config.Now, time.Hour, nil)
	var err error
	w.engine, err = payment.New(w.config)
	w.must(err)
	ether := w.deposit()
	w.node.pay(t, ether, asset.MustUnits("300000000000000000"))
	w.mine(needed)
	w.must(w.runner.Look(t.Context()))
	w.must(w.engine.Round(t.Context()))
	first := w.text(w.pool, `SELECT txid FROM attempt WHERE n = 1`)
	w.geth.commit(t, []string{}) // a block of nothing: it has passed the sweep over
	w.look()
	later = time.Hour
	w.must(w.engine.Round(t.Context()))
	second := w.text(w.pool, `SELECT coalesce(string_agg(txid || ' ' || state, ', '), '') FROM attempt WHERE n > 1`)
	if second == "" {
		t.Fatalf("it was not replaced: %s", w.payments())
	}
	w.mine(needed)
	w.wantBooks()
	mined := w.text(w.pool, `SELECT string_agg(txid, ', ') FROM attempt WHERE state = 'mined'`)
	if mined == first || w.payments() != "sweep ETH final" {
		t.Fatalf("%s of %s and then %s is mined: %s", mined, first, second, w.payments())
	}
	if moved := w.text(w.pool, `SELECT units::text FROM payment`); moved != w.has(w.hot, asset.ETH).String() {
		t.Fatalf("the rows say %s, and %s arrived", moved, w.has(w.hot, asset.ETH))
	}
}
