package watch_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// script drives a chain and the watcher at random, and keeps its own list of what
// was sent to us: the truth is asked from the chain by transaction, never from
// the watcher.
type script struct {
	*world
	t *rapid.T
	// ours are the addresses, with the swap of those that were issued.
	ours map[string]string
	// sent are the outputs of each transaction a stranger made, to us and others.
	sent map[string][]fakechain.Output
	paid []payout
	// most is the greatest height ever: nothing that deep below it is dropped.
	most int64
	away bool
}

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
				s := newScript(rt, again)
				rt.Repeat(s.actions())
				s.finish()
			})
		})
	}
}

// empty removes all rows; the guards against that are put aside for it.
func (w *world) empty() {
	w.Helper()
	for _, table := range []string{"posting", "entry", "staff_action"} {
		w.exec(`ALTER TABLE ` + table + ` DISABLE TRIGGER USER`)
	}
	w.exec(`TRUNCATE posting, entry, staff_action, swap_balance, outbox, address, cursor, block, deposit, coin,
		payment, attempt, sender, halt, reconciliation`)
	for _, table := range []string{"posting", "entry", "staff_action"} {
		w.exec(`ALTER TABLE ` + table + ` ENABLE TRIGGER USER`)
	}
}

func newScript(t *rapid.T, w *world) *script {
	s := &script{world: w, t: t, ours: map[string]string{w.hot: ""}, sent: map[string][]fakechain.Output{}}
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

// actions are what can happen. The order of the keys does not matter to rapid.
func (s *script) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"pay":     func(t *rapid.T) { s.stranger(t, "") },
		"replace": s.replace,
		"evict": func(t *rapid.T) {
			s.chain.Evict(rapid.SampledFrom(s.unconfirmed(t)).Draw(t, "txid"))
		},
		"mine":    func(t *rapid.T) { s.grow(rapid.IntRange(1, needed+1).Draw(t, "blocks")) },
		"empty":   func(t *rapid.T) { s.chain.MineEmpty(1); s.grown() },
		"reorg":   s.reorg,
		"between": s.between,
		"look":    func(*rapid.T) { s.try() },
		"look again and mine": func(*rapid.T) {
			for range 3 {
				s.try()
				s.grow(1)
			}
		},
		"settle a payout": func(t *rapid.T) {
			s.payout(t)
			s.grow(1)
			s.try()
		},
		"restart": func(*rapid.T) { s.restart() },
		"faults":  func(t *rapid.T) { s.chain.FailCalls(rapid.IntRange(1, 4).Draw(t, "calls")) },
		"away":    func(*rapid.T) { s.away = !s.away; s.chain.SetAway(s.away) },
		"payout":  s.payout,
		"resend":  func(*rapid.T) { s.resend() },
	}
	return actions
}

// stranger pays us and perhaps others, in place of an unconfirmed transaction if
// one is named.
func (s *script) stranger(t *rapid.T, instead string) {
	addresses := slices.Sorted(maps.Keys(s.ours))
	n := 1
	if s.chain.Chain() == asset.Bitcoin {
		n = rapid.IntRange(1, 3).Draw(t, "outputs")
	}
	var all []fakechain.Output
	for range n {
		o := fakechain.Output{Units: asset.NewUnits(rapid.Uint64Range(1, 1<<40).Draw(t, "units"))}
		if to := rapid.IntRange(0, len(addresses)).Draw(t, "to"); to < len(addresses) {
			o.Address = addresses[to]
		} else {
			o.Address = s.chain.NewAddress()
		}
		all = append(all, o)
	}
	var txid string
	if instead == "" {
		txid = s.chain.PayMany(all...)
	} else {
		txid = s.chain.Replace(instead, all...)
	}
	s.sent[txid] = all
}

func (s *script) unconfirmed(t *rapid.T) []string {
	ids := slices.DeleteFunc(s.chain.Unconfirmed(), func(id string) bool { return s.sent[id] == nil })
	if len(ids) == 0 {
		t.Skip("the mempool has nothing of a stranger")
	}
	return ids
}

func (s *script) replace(t *rapid.T) {
	s.stranger(t, rapid.SampledFrom(s.unconfirmed(t)).Draw(t, "txid"))
}

func (s *script) grow(n int) {
	s.chain.Mine(n)
	s.grown()
}

func (s *script) grown() { s.most = max(s.most, s.height()) }

// height is the tip's, whether or not the node answers.
func (s *script) height() int64 {
	s.Helper()
	s.chain.SetAway(false)
	s.chain.FailCalls(0)
	height := s.tip().Height
	s.chain.SetAway(s.away)
	return height
}

var fates = []fakechain.Fate{fakechain.Return, fakechain.Drop, fakechain.DoubleSpend}

// reorg drops some blocks, none of them needed deep below the greatest height
// there ever was, and mostly mines a longer branch.
func (s *script) reorg(t *rapid.T) {
	height := s.height()
	depth := int(height - (s.most - (needed - 1)))
	if depth < 1 {
		t.Skip("the limit is used up")
	}
	n := rapid.IntRange(1, depth).Draw(t, "depth")
	s.chain.Reorg(n, rapid.SampledFrom(fates).Draw(t, "fate"))
	if rapid.Bool().Draw(t, "longer") {
		s.grow(n + 1)
	}
}

// between has the chain change in the middle of the watcher's next look.
func (s *script) between(t *rapid.T) {
	skip := rapid.IntRange(0, 8).Draw(t, "calls before")
	fate := rapid.SampledFrom(fates).Draw(t, "fate")
	height := s.height()
	depth := int(height - (s.most - (needed - 1)))
	if depth < 1 {
		t.Skip("the limit is used up")
	}
	n := rapid.IntRange(1, depth).Draw(t, "depth")
	s.chain.Before(func(string) {
		if skip--; skip >= 0 {
			return
		}
		s.chain.Before(nil)
		s.chain.Reorg(n, fate)
		s.chain.Mine(n + 1)
	})
	s.try()
	s.chain.Before(nil)
	s.grown()
}

// try looks once; only the node's absence is an excuse.
func (s *script) try() {
	s.Helper()
	if err := s.watcher.Step(s.ctx); err != nil && !s.away && !fault(err) {
		s.Fatal(err)
	}
}

// fault reports what FailCalls causes, or a block that went between two calls.
func fault(err error) bool {
	return err.Error() == "" || errors.Is(err, chain.ErrBlockGone) || slices.Contains([]string{
		"fakechain: the node is away"}, root(err).Error())
}

func root(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}

func (s *script) payout(t *rapid.T) {
	if s.away {
		t.Skip("no plan without a node")
	}
	s.chain.FailCalls(0)
	p, ok := s.sign(s.small())
	if !ok {
		t.Skip("no funds are settled")
	}
	if s.chain.Chain() == asset.Ethereum && rapid.Bool().Draw(t, "fails") {
		s.chain.Fail(p.txid)
		p.fails = true
	}
	s.broadcast(p)
	s.paid = append(s.paid, p)
}

// resend hands in what is in no block again, as the payment engine does.
func (s *script) resend() {
	for _, p := range s.paid {
		if s.chain.Confirmations(p.txid) > 0 || s.away {
			continue
		}
		s.chain.FailCalls(0)
		s.broadcast(p)
	}
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
		id := ""
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
