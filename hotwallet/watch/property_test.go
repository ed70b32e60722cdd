package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
)

// Whatever a chain does within the reorganisation limit, and wherever the process
// is restarted or the node away: in the end the confirmed deposits are exactly the
// best chain's outputs to us that are deep enough, each told once; payments are
// final exactly if they are deep enough; and the books equal the chain.
func TestAnyScriptEndsInTheTruth(t *testing.T) {
	t.Parallel()
	for name, newChain := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newChain(fakechain.Config{}))
			rapid.Check(t, func(rt *rapid.T) {
				// A fresh chain on emptied tables; the schema is made once.
				again := &world{tb: rt, ctx: w.ctx, pool: w.pool, lease: w.lease,
					chain: newChain(fakechain.Config{Seed: rapid.Uint64().Draw(rt, "seed")})}
				again.empty()
				again.begin()
				defer func() { w.lease = again.lease }()
				s := newScript(again)
				rt.Repeat(s.actions())
				s.finish()
			})
		})
	}
}

// empty removes all rows; the guards against that are put aside for it.
func (w *world) empty() {
	w.Helper()
	guarded := []string{"posting", "entry", "staff_action"}
	var sql strings.Builder
	for _, table := range guarded {
		sql.WriteString("ALTER TABLE " + table + " DISABLE TRIGGER USER;")
	}
	// A few rows each: deleting them is much faster than truncating the tables.
	for _, table := range []string{"posting", "entry", "staff_action", "swap_balance", "outbox", "address", "cursor",
		"block", "deposit", "coin", "attempt", "payment", "batch", "halt", "reconciliation", "holding", "holding_change"} {
		sql.WriteString("DELETE FROM " + table + ";")
	}
	for _, table := range guarded {
		sql.WriteString("ALTER TABLE " + table + " ENABLE TRIGGER USER;")
	}
	w.exec(sql.String())
}

func newScript(w *world) *script {
	s := &script{world: w, ours: map[string]string{w.hot: ""}, sent: map[string][]fakechain.Output{}}
	for range 3 {
		address, swapID := w.issue()
		s.ours[address] = swapID
	}
	s.ours[w.address(0, "pool", "")] = ""
	for range 3 {
		output := fakechain.Output{Address: w.hot, Units: w.large()}
		s.sent[w.chain.PayMany(output)] = []fakechain.Output{output}
	}
	w.mine(needed)
	s.most = w.tip().Height
	return s
}

// finish lets the chain grow beyond all it has been, and compares.
func (s *script) finish() {
	s.away = false
	s.chain.SetAway(false)
	s.chain.FailCalls(0)
	s.chain.Before(nil)
	s.resend()
	for s.grow(1); s.height() <= s.most-1; {
		s.grow(1)
	}
	for range 3 { // the last two looks without a new block withdraw what is gone
		s.step()
	}
	if s.halted() != "" {
		s.Fatalf("halted: %s", s.halted())
	}
	s.compareDeposits()
	s.comparePayments()
	s.checkBooks()
	if facts := s.facts(""); len(facts) > 0 {
		s.compareFacts(facts)
	}
}

// compareDeposits holds each output ever sent to us against its row.
func (s *script) compareDeposits() {
	s.Helper()
	rows := 0
	for txid, outputs := range s.sent {
		depth := s.chain.Confirmations(txid)
		pending := slices.Contains(s.chain.Unconfirmed(), txid)
		for i, o := range outputs {
			if _, ours := s.ours[o.Address]; !ours {
				continue
			}
			state := s.state(s.id(txid, i))
			if state != "" {
				rows++
			}
			ok := map[string]bool{
				"confirmed": depth >= needed,
				"in_block":  depth > 0 && depth < needed,
				"seen":      depth == 0 && pending,
				"replaced":  depth == 0 && !pending,
				"reorged":   depth == 0 && !pending,
				"":          depth == 0 && !pending,
			}[state]
			if !ok {
				s.Fatalf("%s is %q; %d confirmations, in the mempool: %v", s.id(txid, i), state, depth, pending)
			}
			if state != "" && s.text(`SELECT units::text FROM deposit WHERE deposit_id = $1`, s.id(txid, i)) != o.Units.String() {
				s.Fatalf("%s has another amount than %s", s.id(txid, i), o.Units)
			}
		}
	}
	if n := s.text(`SELECT count(*)::text FROM deposit`); n != fmt.Sprint(rows) {
		s.Fatalf("%s deposits, of which %d were sent", n, rows)
	}
}

func (s *script) comparePayments() {
	s.Helper()
	for _, p := range s.paid {
		depth := s.chain.Confirmations(p.txid)
		final := "final"
		if p.fails {
			final = "failed"
		}
		want := map[bool]string{true: final, false: "confirmed"}[depth >= needed]
		if depth == 0 {
			want = "broadcast"
		}
		if got := s.paymentState(p); got != want {
			s.Fatalf("%s is %s, want %s with %d confirmations", p.order, got, want, depth)
		}
	}
}

// compareFacts demands that each deposit was confirmed, and each payment ended,
// at most once and nothing was told of it after.
func (s *script) compareFacts(facts []swap.Fact) {
	s.Helper()
	over := map[string]swap.FactKind{}
	confirmed := 0
	for _, f := range facts {
		var id string
		if f.Deposit != nil {
			id = f.Deposit.DepositID
		} else {
			id = f.Payment.OrderID
		}
		if before, ok := over[id]; ok {
			s.Fatalf("%s of %s after %s", f.Kind, id, before)
		}
		switch f.Kind {
		case swap.FactDepositConfirmed:
			confirmed++
			over[id] = f.Kind
		case swap.FactPaymentFinal, swap.FactPaymentFailed:
			over[id] = f.Kind
		default: // not the last word on anything
		}
	}
	want := s.text(`SELECT count(*)::text FROM deposit WHERE purpose = 'swap' AND state = 'confirmed'`)
	if fmt.Sprint(confirmed) != want {
		s.Fatalf("%d deposits told as confirmed, %s are", confirmed, want)
	}
	if ended := s.text(`SELECT count(*)::text FROM payment WHERE state IN ('final', 'failed')`); fmt.Sprint(len(over)-confirmed) != ended {
		s.Fatalf("%d payments told as ended, %s have", len(over)-confirmed, ended)
	}
}
