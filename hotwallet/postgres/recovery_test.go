package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// ordered is a store that begins a recovery from block 10, with the pool's addresses 0
// to 49 of which 0 to 9 are burnt, and treasury's.
func ordered(t *testing.T, on asset.Chain) (*Store, *pgxpool.Pool) {
	t.Helper()
	s, pool := newStore(t, on, Config{})
	run(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state)
		SELECT $1, 0, 0, n, 'm/0/' || n, 'deposit' || n, CASE WHEN n < 10 THEN 'burnt' ELSE 'pool' END FROM generate_series(0, 49) n`, on)
	run(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state) VALUES ($1, 1, 0, 0, 'm/1', 'house', 'hot')`, on)
	run(t, pool, `INSERT INTO recovery (chain, highest, gap, birth) VALUES ($1, 9, 0, 10)`, on)
	if on == asset.Ethereum {
		run(t, pool, `INSERT INTO sender (chain, address, path, next_nonce) VALUES ($1, 'house', 'm/1', 0)`, on)
	}
	if until, began, err := s.BeginRecovery(t.Context(), 12, 10); err != nil || until != 12 || began != 10 {
		t.Fatalf("recovers from %d to %d, %v", began, until, err)
	}
	if err := s.Begin(t.Context(), chain.Ref{Height: 10, Hash: "a10"}); err != nil {
		t.Fatal(err)
	}
	return s, pool
}

const sumsSQL = `SELECT coalesce(string_agg(account || ' ' || units, ', ' ORDER BY account), '') FROM
	(SELECT account, sum(units) AS units FROM posting GROUP BY account HAVING sum(units) <> 0) s`

// A payment that the rows have lost is booked as recovered, its change is a coin and no
// deposit, and nothing is halted; the same above the last block halts. A block that is
// taken back takes both with it.
func TestLostPaymentIsRecovered(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Bitcoin)
	funded := block("a", 11, chain.Credit{TxID: "fund", Address: "house", Asset: asset.BTC, Units: asset.NewUnits(1000)},
		chain.Credit{TxID: "paid", Address: "deposit3", Asset: asset.BTC, Units: asset.NewUnits(300)})
	spent := block("a", 12, chain.Credit{TxID: "lost", Index: 1, Address: "house", Asset: asset.BTC, Units: asset.NewUnits(600)})
	spent.Debits = []chain.Debit{{TxID: "lost", CoinID: "fund:0", Asset: asset.BTC}}
	apply(t, s, funded, spent)
	want := "house_capital -1000, recovered 400, suspense -300, wallet 900"
	if got := text(t, pool, sumsSQL); got != want {
		t.Fatalf("the book says %s, want %s", got, want)
	}
	if got := text(t, pool, `SELECT string_agg(txid, ',' ORDER BY txid) FROM coin WHERE spent_txid IS NULL`); got != "lost,paid" {
		t.Fatalf("coins %s", got)
	}
	if got := text(t, pool, `SELECT string_agg(txid || ' ' || purpose, ', ' ORDER BY txid) FROM deposit`); got != "fund funding, paid unattributed" {
		t.Fatalf("deposits %s", got)
	}
	if n := text(t, pool, `SELECT (SELECT count(*) FROM halt) + (SELECT count(*) FROM staff_action) || ''`); n != "0" {
		t.Fatalf("%s halts or alarms", n)
	}
	if err := s.Rollback(t.Context(), spent.Ref); err != nil {
		t.Fatal(err)
	}
	if got := text(t, pool, sumsSQL); got != "house_capital -1000, suspense -300, wallet 1300" {
		t.Fatalf("after the block is gone the book says %s", got)
	}
	spent.Hash, spent.Debits[0].TxID, spent.Credits[0].TxID = "b12", "lost too", "lost too"
	above := chain.Block{Ref: chain.Ref{Height: 13, Hash: "b13"}, Parent: "b12", Time: spent.Time,
		Debits: []chain.Debit{{TxID: "theft", CoinID: "paid:0", Asset: asset.BTC}}}
	apply(t, s, spent)
	if got := text(t, pool, sumsSQL); got != want {
		t.Fatalf("in another block the book says %s, want %s", got, want)
	}
	apply(t, s, above)
	if got := text(t, pool, `SELECT reason FROM halt`); !strings.Contains(got, "spent by theft in block 13") {
		t.Fatalf("halted: %q", got)
	}
	if finished, err := s.FinishRecovery(t.Context()); err != nil || !finished {
		t.Fatalf("finished: %v, %v", finished, err)
	}
}

// The sender goes on after its transactions in recovered blocks, failed ones too, and
// never goes back.
func TestNonceIsRecovered(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Ethereum)
	funded := block("a", 11, chain.Credit{TxID: "fund", Address: "house", Asset: asset.ETH, Units: asset.NewUnits(1000)})
	sent := block("a", 12)
	for nonce, fails := range []bool{false, true} {
		sent.Debits = append(sent.Debits, chain.Debit{TxID: "lost" + string(rune('0'+nonce)), Address: "house", Nonce: uint64(nonce), Asset: asset.ETH,
			Units: asset.NewUnits(map[bool]uint64{false: 100, true: 0}[fails]), Fee: asset.NewUnits(7), Failed: fails})
	}
	apply(t, s, funded, sent)
	if got := text(t, pool, `SELECT next_nonce::text FROM sender`); got != "2" {
		t.Fatalf("next nonce %s, want 2", got)
	}
	if got := text(t, pool, sumsSQL); got != "house_capital -1000, recovered 114, wallet 886" {
		t.Fatalf("the book says %s", got)
	}
	run(t, pool, `UPDATE sender SET next_nonce = 9`)
	if err := s.Rollback(t.Context(), sent.Ref); err != nil {
		t.Fatal(err)
	}
	apply(t, s, sent)
	if got := text(t, pool, `SELECT next_nonce::text FROM sender`); got != "9" {
		t.Fatalf("next nonce %s, want it left at 9", got)
	}
}

// A sweep that the rows have lost is no funding when it is found again: only its fee has
// left. A block that is taken back takes it with it.
func TestLostSweepIsRecovered(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Ethereum)
	funded := block("a", 11, chain.Credit{TxID: "fund", Address: "house", Asset: asset.ETH, Units: asset.NewUnits(1000)},
		chain.Credit{TxID: "paid", Address: "deposit3", Asset: asset.ETH, Units: asset.NewUnits(300)})
	swept := block("a", 12, chain.Credit{TxID: "swept", Address: "house", Asset: asset.ETH, Units: asset.NewUnits(290)})
	swept.Debits = []chain.Debit{{TxID: "swept", Address: "deposit3", Asset: asset.ETH, Units: asset.NewUnits(290), Fee: asset.NewUnits(7)}}
	apply(t, s, funded)
	before := text(t, pool, sumsSQL)
	for range 2 {
		apply(t, s, swept)
		if got := text(t, pool, sumsSQL); got != "house_capital -1000, recovered 7, suspense -300, wallet 1293" {
			t.Fatalf("the book says %s", got)
		}
		if got := text(t, pool, `SELECT string_agg(txid, ',' ORDER BY txid) FROM deposit`); got != "fund,paid" {
			t.Fatalf("deposits %s", got)
		}
		if got := text(t, pool, `SELECT address || ' ' || nonce FROM deposit_sent`); got != "deposit3 0" {
			t.Fatalf("sent %s", got)
		}
		if err := s.Rollback(t.Context(), swept.Ref); err != nil {
			t.Fatal(err)
		}
		if got := text(t, pool, sumsSQL); got != before {
			t.Fatalf("after the block is gone the book says %s, want %s", got, before)
		}
	}
}

// Gas that a lost top-up brought to an issued address is no deposit of its user: it is
// booked as recovered and an alarm names it. What others send there is one. A block that is taken back takes it with it.
func TestLostTopUpIsRecovered(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Ethereum)
	issued, err := s.IssueDeposit(t.Context(), swapID, "terms")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, block("a", 11, chain.Credit{TxID: "fund", Address: "house", Asset: asset.ETH, Units: asset.NewUnits(1000)}))
	before := text(t, pool, sumsSQL)
	sent := block("a", 12, chain.Credit{TxID: "gas", Address: issued.Address.Address, Asset: asset.ETH, Units: asset.NewUnits(40)},
		chain.Credit{TxID: "paid", Address: issued.Address.Address, Asset: asset.ETH, Units: asset.NewUnits(5)})
	sent.Debits = []chain.Debit{{TxID: "gas", Address: "house", Asset: asset.ETH, Units: asset.NewUnits(40), Fee: asset.NewUnits(7)}}
	for range 2 {
		apply(t, s, sent)
		if got := text(t, pool, sumsSQL); got != "deposit_confirming -5, house_capital -1000, recovered 7, wallet 998" {
			t.Fatalf("the book says %s", got)
		}
		if got := text(t, pool, `SELECT string_agg(txid, ',' ORDER BY txid) FROM deposit WHERE state = 'in_block'`); got != "fund,paid" {
			t.Fatalf("deposits %s", got)
		}
		if got := text(t, pool, `SELECT DISTINCT target FROM staff_action WHERE action = 'alarm.recovered_top_up'`); got != "ethereum:gas:0" {
			t.Fatalf("alarms %s", got)
		}
		if err := s.Rollback(t.Context(), sent.Ref); err != nil {
			t.Fatal(err)
		}
		if got := text(t, pool, sumsSQL); got != before {
			t.Fatalf("after the block is gone the book says %s, want %s", got, before)
		}
	}
}

// Who is paid was given an address: one of the pool that is paid is never given, nor
// those below it and as many above as BIP44's gap. In a block or in the mempool.
func TestPaidPoolIsBurnt(t *testing.T) {
	t.Parallel()
	for name, arrive := range map[string]func(s *Store, c chain.Credit) error{
		"in a block": func(s *Store, c chain.Credit) error { return s.Apply(t.Context(), block("a", 11, c)) },
		"seen":       func(s *Store, c chain.Credit) error { return s.See(t.Context(), []chain.Credit{c}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pool := ordered(t, asset.Bitcoin)
			if err := arrive(s, chain.Credit{TxID: "n", Address: "deposit15", Asset: asset.BTC, Units: asset.NewUnits(5)}); err != nil {
				t.Fatal(err)
			}
			if got := text(t, pool, `SELECT max(idx) FILTER (WHERE state = 'burnt') || ' ' || min(idx) FILTER (WHERE state = 'pool') FROM address WHERE role = 0`); got != "35 36" {
				t.Fatalf("burnt up to and pool from %s, want 35 36", got)
			}
			issued, err := s.IssueDeposit(t.Context(), swapID, "terms")
			if err != nil || issued.Index != 36 {
				t.Fatalf("issued %d, %v", issued.Index, err)
			}
		})
	}
}

// begin_recovery waits for nobody for ever, changes nothing where a hotwalletd runs, and
// raises what other processes compare above all that was given before.
func TestBeginRecovery(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	const order = `SELECT begin_recovery('bitcoin', 7, 20, $1::bigint, NULL, 'lost', 'alice')`
	begin := func(birth any) error {
		_, err := pool.Exec(t.Context(), order, birth)
		return err
	}
	if err := begin(5); err == nil || !strings.Contains(err.Error(), "stop those of all chains first") {
		t.Fatalf("with a hotwalletd at work: %v", err)
	}
	if n := text(t, pool, `SELECT (SELECT count(*) FROM recovery) + (SELECT count(*) FROM halt) || ''`); n != "0" {
		t.Fatal("a refused recovery has left something")
	}
	killSession(t, pool)
	if err := begin(nil); err == nil || !strings.Contains(err.Error(), "birth height") {
		t.Fatalf("without cursor and birth: %v", err)
	}
	run(t, pool, `UPDATE relay_cursor SET seq = 41`)
	if err := begin(5); err != nil {
		t.Fatal(err)
	}
	plan, found, err := s.Recovery(t.Context())
	if err != nil || !found || plan.Highest != 7 || plan.Gap != 20 || plan.Birth == nil || *plan.Birth != 5 || plan.Until != nil || plan.Finished {
		t.Fatalf("the plan is %+v, %v, %v", plan, found, err)
	}
	next, lease := openStore(t, pool, asset.Bitcoin, Config{})
	micros := time.Now().Add(-time.Hour).UnixMicro()
	if lease.Token() < micros {
		t.Errorf("the next token is %d, which may be below one given before", lease.Token())
	}
	var seq int64
	if err := pool.QueryRow(t.Context(), `SELECT seq FROM relay_cursor`).Scan(&seq); err != nil || seq < micros {
		t.Errorf("the outbox goes on after %d (%v)", seq, err)
	}
	if got := text(t, pool, `SELECT reason || ' ' || actor FROM halt`); got != "recovery: lost alice" {
		t.Errorf("halted: %s", got)
	}
	if finished, err := next.FinishRecovery(t.Context()); err != nil || finished {
		t.Errorf("finished before it began: %v, %v", finished, err)
	}
}

// An order told before the recovery may have been paid: it is not taken. One told after
// it is.
func TestOrdersFromBefore(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Bitcoin)
	run(t, pool, `UPDATE recovery SET started_at = '2026-03-01'`)
	order := func(n int, at time.Time) swap.Order {
		id := swap.NewID(swap.SwapPrefix, time.Unix(1_700_000_000+int64(n), 0))
		return swap.Order{ID: swap.PayoutOrderID(id), SwapID: id, Purpose: swap.PurposePayout, Chain: asset.Bitcoin, At: at, Destination: elsewhere,
			Amount:   asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(9)},
			Deposits: []swap.OrderDeposit{{ID: "ethereum:" + id + ":0", Amount: asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(8)}}}}
	}
	began := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	orders := []swap.Order{order(1, began.Add(-time.Hour)), order(2, began.Add(-time.Second)), order(3, began.Add(time.Second))}
	refused, err := s.AcceptOrders(context.Background(), "test", bus.Batch{Topic: bus.TopicOrders, Next: 3}, orders, nil)
	if err != nil || len(refused) != 1 || !strings.Contains(refused[0].Reason, "2 orders told before the recovery") {
		t.Fatalf("refused %+v, %v", refused, err)
	}
	if got := text(t, pool, `SELECT string_agg(order_id, ',') FROM payment`); got != orders[2].ID {
		t.Fatalf("taken: %s", got)
	}
	if n := text(t, pool, `SELECT count(*)::text FROM staff_action WHERE action = 'alarm.order_refused'`); n != "1" {
		t.Fatalf("%s alarms", n)
	}
}

// What lay queued and unplanned in rows from before may have been paid after they were
// copied: it is not planned, says why, and one alarm counts it. Whatever has an attempt,
// or came afterwards, goes on.
func TestQueuedPaymentsFromBefore(t *testing.T) {
	t.Parallel()
	s, pool := ordered(t, asset.Bitcoin)
	run(t, pool, `UPDATE recovery SET started_at = '2026-03-01 12:00Z'`)
	run(t, pool, `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, queued_at)
		SELECT o.id, o.chain, $1, 'payout', 'BTC', 9, 'x', '{}', o.state, '2026-03-01Z'::timestamptz + o.hour * interval '1 hour'
		FROM (VALUES ('second', 'bitcoin', 'queued', 11), ('first', 'bitcoin', 'queued', 10), ('planned', 'bitcoin', 'queued', 9),
			('sent', 'bitcoin', 'broadcast', 8), ('fresh', 'bitcoin', 'queued', 12), ('elsewhere', 'litecoin', 'queued', 1)) o (id, chain, state, hour)`, swapID)
	run(t, pool, `WITH b AS (INSERT INTO batch (batch_id, chain, purpose, state, orders)
		SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM payment WHERE order_id = 'planned')
		UPDATE payment SET batch_id = order_id WHERE order_id = 'planned'`)
	run(t, pool, `INSERT INTO attempt (batch_id, n, chain, state, plan, fee, planned_at) VALUES ('planned', 1, 'bitcoin', 'planned', '{}', 1, now())`)
	open, err := s.OpenPayments(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, o := range open {
		ids = append(ids, o.OrderID)
	}
	if got := strings.Join(ids, ","); got != "sent,planned,fresh" {
		t.Errorf("open are %s, want sent,planned,fresh", got)
	}
	const kept = `SELECT coalesce(string_agg(order_id || ' ' || version, ',' ORDER BY order_id), '') FROM payment WHERE reason LIKE 'queued before the recovery%'`
	if finished, err := s.FinishRecovery(t.Context()); err != nil || finished || text(t, pool, kept) != "" {
		t.Fatalf("finished early: %v, %v", finished, err)
	}
	apply(t, s, block("a", 11), block("a", 12))
	for range 2 { // the second time there is nothing left to end
		if _, err := s.FinishRecovery(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := text(t, pool, kept); got != "first 2,second 2" {
		t.Errorf("kept back are %s", got)
	}
	if got := text(t, pool, `SELECT string_agg(target || ': ' || reason, ';') FROM staff_action WHERE action = 'alarm.payments_kept_back'`); !strings.HasPrefix(got,
		"bitcoin: 2 payments that were queued before the recovery") || !strings.HasSuffix(got, "the first is first") {
		t.Errorf("alarms: %s", got)
	}
}
