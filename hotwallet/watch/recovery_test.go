package watch_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"ferry/hotwallet/chain/fakechain"
)

// Setup: any history of a chain and of its hot wallet, as the scripts make them.
//
// Test: all rows are lost, and rebuilt from the addresses, the birth height and the
// chain alone. The unspent coins, what the books hold and what the house paid in are as
// before, deposits are there to the unit, the sender's nonce goes on, and nothing is
// halted but by the recovery itself. Reorganisations of recovered blocks are followed,
// and a spend that nobody knows above the last of them halts the chain.
func TestAnyHistoryIsRebuilt(t *testing.T) {
	t.Parallel()
	for name, newChain := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newChain(fakechain.Config{}))
			rapid.Check(t, func(rt *rapid.T) {
				again := &world{tb: rt, ctx: w.ctx, pool: w.pool, lease: w.lease,
					chain: newChain(fakechain.Config{Seed: rapid.Uint64().Draw(rt, "seed")})}
				again.empty()
				again.begin()
				defer func() { w.lease = again.lease }()
				s := newScript(again)
				rt.Repeat(s.actions())
				s.finish()
				s.resend()
				s.mine(1) // nothing of ours waits in the mempool now
				s.sender(s.nonce)
				before := s.holdings()
				s.lose()
				s.recoverFrom(1)
				if after := s.holdings(); after != before {
					rt.Fatalf("rebuilt:\n%s\nbefore:\n%s", after, before)
				}
				s.checkRecovered()
				s.reorgAfter(rt)
			})
		})
	}
}

// holdings is all that the chain alone can tell of us: unspent coins, what is held,
// the house's funds, deposits in blocks, and the next nonce.
func (w *world) holdings() string {
	w.Helper()
	nonce := ""
	if w.chain.Chain() == "ethereum" {
		nonce = "nonce " + w.text(`SELECT next_nonce::text FROM sender`)
	}
	return strings.Join([]string{
		w.text(`SELECT 'coins ' || coalesce(string_agg(txid || ':' || idx || ' ' || units || ' ' || address || ' ' || height, ', ' ORDER BY txid, idx), '')
			FROM coin WHERE spent_txid IS NULL AND height IS NOT NULL`),
		w.text(`SELECT 'held ' || coalesce(sum(units), 0) FROM posting WHERE account IN ('wallet', 'in_flight')`),
		w.text(`SELECT 'places ' || coalesce(string_agg(address || ' ' || asset || ' ' || units, ', ' ORDER BY address, asset), '')
			FROM holding WHERE units <> 0`),
		w.text(`SELECT 'house ' || coalesce(sum(units), 0) FROM posting WHERE account = 'house_capital'`),
		w.text(`SELECT 'deposits ' || coalesce(string_agg(deposit_id || ' ' || units || ' ' || state || ' ' || height, ', ' ORDER BY deposit_id), '')
			FROM deposit WHERE height IS NOT NULL`), nonce,
	}, "\n")
}

// lose removes all rows but the addresses, which are derived again: burnt, because the
// database that knew whom they were given to is gone.
func (s *script) lose() {
	s.Helper()
	type row struct {
		role, idx     int
		path, address string
	}
	var derived []row
	rows, err := s.pool.Query(s.ctx, `SELECT role, idx, path, address FROM address ORDER BY role, idx`)
	if err != nil {
		s.Fatal(err)
	}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.role, &r.idx, &r.path, &r.address); err != nil {
			s.Fatal(err)
		}
		derived = append(derived, r)
	}
	if err := rows.Err(); err != nil {
		s.Fatal(err)
	}
	s.empty()
	for _, r := range derived {
		s.exec(`INSERT INTO address (chain, role, branch, idx, path, address, state) VALUES ($1, $2, 0, $3, $4, $5, $6)`,
			s.chain.Chain(), r.role, r.idx, r.path, r.address, map[int]string{0: "burnt", 1: "hot"}[r.role])
	}
	s.sender(0)
}

// sender is the account that pays, as treasury stores it at a start.
func (w *world) sender(next uint64) {
	w.Helper()
	if w.chain.Chain() == "ethereum" {
		w.exec(`DELETE FROM sender`)
		w.exec(`INSERT INTO sender (chain, address, path, next_nonce) VALUES ('ethereum', $1, 'm/1/0/0', $2)`, w.hot, next)
	}
}

// recoverFrom has an operator order the recovery while nothing runs, and a new process
// carry it out.
func (w *world) recoverFrom(birth int64) {
	w.Helper()
	if err := w.lease.Close(w.ctx); err != nil {
		w.Fatal(err)
	}
	w.lease = nil
	w.exec(`SELECT begin_recovery($1, 3, 20, $2, NULL, 'the disk is gone', 'alice')`, w.chain.Chain(), birth)
	w.birth = birth
	w.restart()
	until, began, err := w.store.BeginRecovery(w.ctx, w.tip().Height, birth)
	if err != nil || until != w.tip().Height || began != birth {
		w.Fatalf("recovers from %d to %d, %v", began, until, err)
	}
	w.step()
	if finished, err := w.store.FinishRecovery(w.ctx); err != nil || !finished {
		w.Fatalf("finished: %v, %v", finished, err)
	}
}

// checkRecovered demands the books' sense, and that nothing but the recovery halts.
func (w *world) checkRecovered() {
	w.Helper()
	w.checkBooks()
	if got := w.halted(); got != "recovery: the disk is gone" {
		w.Fatalf("halted: %q", got)
	}
	if n := w.text(`SELECT count(*)::text FROM staff_action WHERE action NOT IN ('recover')`); n != "0" {
		w.Fatalf("%s alarms", n)
	}
	deposits := w.text(`SELECT coalesce(sum(units), 0)::text FROM deposit WHERE purpose = 'unattributed' AND height IS NOT NULL`)
	if suspense := w.text(`SELECT coalesce(-sum(units), 0)::text FROM posting WHERE account = 'suspense'`); suspense != deposits {
		w.Fatalf("suspense %s, unattributed deposits %s", suspense, deposits)
	}
	if n := w.text(`SELECT count(*)::text FROM deposit WHERE purpose = 'swap'`); n != "0" {
		w.Fatalf("%s deposits belong to swaps that nobody knows", n)
	}
}

// reorgAfter takes recovered blocks back and brings their transactions again.
func (s *script) reorgAfter(rt *rapid.T) {
	s.Helper()
	n := rapid.IntRange(1, needed-1).Draw(rt, "recovered blocks taken back")
	s.chain.Reorg(n, fakechain.Return)
	s.chain.Mine(n)
	s.step()
	s.chain.Mine(1)
	s.step()
	if s.text(`SELECT count(*)::text FROM staff_action WHERE action = 'foreign spend'`) == "0" {
		s.checkBooks()
	}
}
