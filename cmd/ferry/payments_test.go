package main

import (
	"encoding/json"
	"strings"
	"testing"

	"ferry/swap"

	"ferry/cmd/ferry/internal/seed"
	"ferry/cmd/ferry/internal/support"
)

// Payments are listed by what is asked for; what somebody should look at comes first, the
// oldest of it, whatever else is newer.
func TestPaymentsAreFiltered(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	env := people(db)
	list := func(args ...string) (ids []string, all support.Payments) {
		t.Helper()
		got := ferry(t, env, append([]string{"payments", "--json"}, args...)...)
		if got.code != 0 || json.Unmarshal([]byte(got.out), &all) != nil {
			t.Fatalf("%v: exit status %d, %q", args, got.code, got.errs)
		}
		for _, p := range all.Payments {
			ids = append(ids, p.OrderID)
		}
		return ids, all
	}
	settled, paid := swap.PayoutOrderID(seed.SwapID("00a")), swap.PayoutOrderID(seed.SwapID("00b"))
	want := func(ids []string, expected ...string) {
		t.Helper()
		if strings.Join(ids, " ") != strings.Join(expected, " ") {
			t.Errorf("listed are %v, want %v", ids, expected)
		}
	}
	all, _ := list()
	want(all, paid, settled)
	open, _ := list("--open")
	want(open, paid)
	none, _ := list("--chain", "bitcoin")
	want(none)
	none, _ = list("--purpose", "sweep")
	want(none)
	some, _ := list("--purpose", "payout", "--chain", "ethereum")
	want(some, paid, settled)
	db.Exec(`UPDATE hotwallet.payment SET state = 'failed', mined_failed = true, retry = 2, failed_retry = 2,
		reason = 'mined without effect' WHERE order_id = $1`, settled)
	all, found := list()
	want(all[:1], settled)
	if first := found.Payments[0]; !first.Stuck || first.Retry != 2 || !strings.Contains(first.Next, "ferry swap retry") {
		t.Errorf("the first is %+v", first)
	}
	stuck, _ := list("--stuck")
	want(stuck[:1], settled)
	if got := ferry(t, env, "payments"); !strings.Contains(got.out, "Ordered again 2 times.") || !strings.Contains(got.out, "mined without effect") {
		t.Errorf("people read:\n%s", got.out)
	}
}

// A batch that died is shown with what ended it.
func TestPaymentWithADeadBatch(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	db.Story()
	id := swap.PayoutOrderID(seed.SwapID("00b"))
	db.Exec(`UPDATE hotwallet.batch SET state = 'dead' WHERE batch_id = $1`, id)
	db.Exec(`INSERT INTO hotwallet.death (batch_id, chain, anchor, spent, spender, height, block_hash)
		VALUES ($1, 'ethereum', 'ethereum:0x00:1', 'ethereum:0x00:1', $2, 2001, 'hash')`, id, seed.EthereumTx("d"))
	got := ferry(t, people(db), "payments", "show", id)
	if got.code != 0 || !strings.Contains(got.out, "in block 2001") || !strings.Contains(got.out, seed.EthereumTx("d")) {
		t.Errorf("exit status %d, %q:\n%s", got.code, got.errs, got.out)
	}
}

func TestPaymentsUsedWrongly(t *testing.T) {
	t.Parallel()
	db := seed.New(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"payments", "--chain", "dogecoin"}, 2, "is not known"},
		{[]string{"payments", "--purpose", "gift"}, 2, "is not known"},
		{[]string{"payments", "show"}, 2, ""},
		{[]string{"payments", "show", strings.Repeat("x", 400)}, 2, "300 characters"},
		{[]string{"payments", "show", "payout:nobody"}, 1, "has no payment"},
	} {
		if got := ferry(t, people(db), c.args...); got.code != c.code || !strings.Contains(got.errs, c.says) {
			t.Errorf("%v: exit status %d, %q", c.args, got.code, got.errs)
		}
	}
}
