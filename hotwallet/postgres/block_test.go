package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// ours is the one address of these tests.
const (
	ours      = "bcrt1qours"
	elsewhere = "bcrt1qelsewhere"
)

var swapID = swap.NewID(swap.SwapPrefix, time.Unix(1_800_000_000, 0))

// begun is a store with an issued address and the cursor on block 10.
func begun(t *testing.T) (*Store, *pgxpool.Pool) {
	t.Helper()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	run(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash)
		VALUES ('bitcoin', 0, 0, 0, 'm/0', $1, 'issued', $2, 'terms')`, ours, swapID)
	if err := s.Begin(t.Context(), chain.Ref{Height: 10, Hash: "a10"}); err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func run(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) string {
	t.Helper()
	var s string
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// content is all that a block can change.
func content(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return text(t, pool, `SELECT concat_ws(' ', (SELECT height || hash FROM cursor),
		(SELECT string_agg(height || hash, ',' ORDER BY height) FROM block),
		(SELECT string_agg(deposit_id || state || coalesce(block_hash, ''), ',' ORDER BY deposit_id) FROM deposit),
		(SELECT string_agg(txid || idx || coalesce(spent_txid, '') || coalesce(reserved_by, ''), ',' ORDER BY txid, idx) FROM coin),
		(SELECT string_agg(order_id || state || version, ',') FROM payment),
		(SELECT string_agg(key, ',' ORDER BY key) FROM entry), (SELECT count(*) FROM outbox))`)
}

// block is one on branch "a" with its credits; the hash is branch and height.
func block(branch string, height int64, credits ...chain.Credit) chain.Block {
	parent := fmt.Sprintf("%s%d", branch, height-1)
	if height == 11 {
		parent = "a10"
	}
	return chain.Block{Ref: chain.Ref{Height: height, Hash: fmt.Sprintf("%s%d", branch, height)}, Parent: parent,
		Time: time.Unix(1_800_000_000+height, 0), Credits: credits}
}

func credit(txid string, units uint64) chain.Credit {
	return chain.Credit{TxID: txid, Address: ours, Asset: asset.BTC, Units: asset.NewUnits(units)}
}

func apply(t *testing.T, s *Store, blocks ...chain.Block) {
	t.Helper()
	for _, b := range blocks {
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// signed stores a payment with a signed attempt and its hold of units + 10.
func signed(t *testing.T, pool *pgxpool.Pool, order, txid string, units uint64) {
	t.Helper()
	run(t, pool, `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state)
		VALUES ($1, 'bitcoin', $2, 'payout', 'BTC', $3, $4, '{}', 'signed')`, order, swapID, units, elsewhere)
	run(t, pool, `WITH b AS (INSERT INTO batch (batch_id, chain, purpose, state, orders)
		SELECT order_id, chain, purpose, state, ARRAY[order_id] FROM payment WHERE order_id = $1)
		UPDATE payment SET batch_id = order_id WHERE order_id = $1`, order)
	run(t, pool, `INSERT INTO attempt (batch_id, n, chain, state, plan, fee, raw, txid)
		VALUES ($1, 1, 'bitcoin', 'signed', '{}', 10, '\x00', $2)`, order, txid)
	run(t, pool, `WITH e AS (INSERT INTO entry (key, kind) VALUES ('hold:' || $1 || ':1', 'hold') RETURNING key)
		INSERT INTO posting (entry_key, n, account, asset, units) SELECT key, n, account, 'BTC', units
		FROM e, (VALUES (0, 'in_flight', $2::numeric), (1, 'wallet', -$2::numeric)) p (n, account, units)`, order, units+10)
}

// Each row is a change that starts from a state which is not there: the guard
// fires and nothing changes, but that a contradiction halts payments.
func TestBlockGuards(t *testing.T) {
	t.Parallel()
	spending := func(b chain.Block, txid string, coins ...string) chain.Block {
		for _, c := range coins {
			b.Debits = append(b.Debits, chain.Debit{TxID: txid, CoinID: c})
		}
		return b
	}
	paying := spending(block("a", 12), "ourtx", "old:0")
	for name, row := range map[string]struct {
		set  string // SQL before
		do   func(s *Store) error
		want error
	}{
		"a block on another parent": {"", func(s *Store) error { return s.Apply(t.Context(), block("b", 12)) }, ErrCursorMoved},
		"a block twice":             {"", func(s *Store) error { return s.Apply(t.Context(), block("a", 11)) }, ErrCursorMoved},
		"a block too high":          {"", func(s *Store) error { return s.Apply(t.Context(), block("a", 13)) }, ErrCursorMoved},
		"beginning twice":           {"", func(s *Store) error { return s.Begin(t.Context(), chain.Ref{Height: 1, Hash: "x"}) }, ErrCursorMoved},
		"a deposit that is in a block": {"", func(s *Store) error {
			return s.Apply(t.Context(), block("a", 12, credit("old", 500)))
		}, ErrState},
		"a deposit with another amount": {`UPDATE deposit SET state = 'seen', height = NULL, block_hash = NULL, block_time = NULL; DELETE FROM coin`,
			func(s *Store) error { return s.Apply(t.Context(), block("a", 12, credit("old", 501))) }, ErrState},
		"a credit to a stranger": {"", func(s *Store) error {
			return s.Apply(t.Context(), block("a", 12, chain.Credit{TxID: "n", Address: elsewhere, Units: asset.NewUnits(1)}))
		}, ErrState},
		"a coin nobody knows": {"", func(s *Store) error {
			return s.Apply(t.Context(), spending(block("a", 12), "n", "unknown:0"))
		}, ErrState},
		"a coin spent twice": {`UPDATE coin SET spent_txid = 'x', spent_height = 11`, func(s *Store) error {
			return s.Apply(t.Context(), spending(block("a", 12), "n", "old:0"))
		}, ErrState},
		"a coin in a block again": {`UPDATE coin SET txid = 'n'`, func(s *Store) error {
			return s.Apply(t.Context(), block("a", 12, credit("n", 500)))
		}, ErrState},
		"a coin back with another amount": {`UPDATE coin SET txid = 'n', height = NULL, reserved_by = 'order'`, func(s *Store) error {
			return s.Apply(t.Context(), block("a", 12, credit("n", 501)))
		}, ErrState},
		"a malformed coin": {"", func(s *Store) error {
			return s.Apply(t.Context(), spending(block("a", 12), "n", "old"))
		}, errMalformedCoin},
		"a payment that is not signed": {`UPDATE payment SET state = 'queued'`,
			func(s *Store) error { return s.Apply(t.Context(), paying) }, ErrState},
		"a payment in a block already": {`UPDATE payment SET state = 'confirmed', height = 5, block_hash = 'a5'`,
			func(s *Store) error { return s.Apply(t.Context(), paying) }, ErrState},
		"a payment without a hold": {`UPDATE payment SET asset = 'ETH'`,
			func(s *Store) error { return s.Apply(t.Context(), paying) }, ErrState},
		"taking another block back": {"", func(s *Store) error {
			return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "b11"})
		}, ErrState},
		"taking the first block back": {`UPDATE cursor SET height = 10, hash = 'a10'; UPDATE deposit SET height = 9; DELETE FROM block WHERE height = 11`,
			func(s *Store) error { return s.Rollback(t.Context(), chain.Ref{Height: 10, Hash: "a10"}) }, ErrState},
		"taking a block back under the cursor": {`UPDATE cursor SET height = 12, hash = 'a12'`,
			func(s *Store) error { return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}) }, ErrCursorMoved},
		"taking a deposit back whose confirmation was never booked": {`UPDATE deposit SET state = 'confirmed', confirmed_at = now()`,
			func(s *Store) error { return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}) }, ErrState},
		"taking a payment back that was never booked": {`UPDATE payment SET state = 'final', height = 11, block_hash = 'a11'`,
			func(s *Store) error { return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}) }, ErrState},
		"taking a deposit back that was never booked": {`UPDATE deposit SET deposit_id = 'bitcoin:other:0'`,
			func(s *Store) error { return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}) }, ErrState},
		"a swap's confirmation booked before": {`INSERT INTO entry (key, kind) VALUES ('deposit.confirmed:bitcoin:old:0', 'test');
			UPDATE deposit SET height = 5`,
			func(s *Store) error { return s.Apply(t.Context(), block("a", 12)) }, ErrEntryExists},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pool := begun(t)
			apply(t, s, block("a", 11, credit("old", 500)))
			signed(t, pool, "order", "ourtx", 400)
			if row.set != "" {
				run(t, pool, row.set)
			}
			before := content(t, pool)
			if err := row.do(s); !errors.Is(err, row.want) {
				t.Fatalf("%v, want %v", err, row.want)
			}
			if after := content(t, pool); after != before {
				t.Fatalf("it changed\n%s\nto\n%s", before, after)
			}
			moved := errors.Is(row.want, ErrCursorMoved) || errors.Is(row.want, errMalformedCoin)
			if halted := text(t, pool, `SELECT count(*)::text FROM halt`) == "1"; halted == moved {
				t.Fatalf("halted: %v after %v", halted, row.want)
			}
		})
	}
}

func TestEveryWriteIsFenced(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	apply(t, s, block("a", 11, credit("old", 500)))
	run(t, pool, `UPDATE lease SET token = token + 1`)
	before := content(t, pool)
	books, err := s.Books(t.Context())
	if err != nil || len(books) != 1 {
		t.Fatalf("%d books, %v", len(books), err)
	}
	stop := func() error { _, err := s.Stop(t.Context(), "reason"); return err }
	for name, do := range map[string]func() error{
		"apply":    func() error { return s.Apply(t.Context(), block("a", 12)) },
		"rollback": func() error { return s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}) },
		"begin":    func() error { return s.Begin(t.Context(), chain.Ref{Height: 1, Hash: "x"}) },
		"see":      func() error { return s.See(t.Context(), []chain.Credit{credit("new", 1)}) },
		"replace":  func() error { return s.Replace(t.Context(), []string{"bitcoin:old:0"}) },
		"record":   func() error { return s.Record(t.Context(), books[0], asset.NewUnits(1)) },
		"stop":     stop,
	} {
		if err := do(); !errors.Is(err, ErrFenced) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := content(t, pool); after != before || text(t, pool, `SELECT count(*)::text FROM reconciliation`) != "0" {
		t.Fatalf("it changed\n%s\nto\n%s", before, after)
	}
}

// A branch wins, loses and wins again: its entries are booked under new keys and
// the books are right at every step.
func TestABranchComesBack(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	for round := 1; round <= 3; round++ {
		apply(t, s, block("a", 11, credit("tx", 500)))
		if got := text(t, pool, `SELECT sum(units)::text FROM posting WHERE account = 'wallet'`); got != "500" {
			t.Fatalf("round %d: wallet %s", round, got)
		}
		if err := s.Rollback(t.Context(), chain.Ref{Height: 11, Hash: "a11"}); err != nil {
			t.Fatal(err)
		}
		if got := text(t, pool, `SELECT sum(units)::text FROM posting WHERE account = 'wallet'`); got != "0" {
			t.Fatalf("round %d: wallet %s after the block went", round, got)
		}
	}
	keys := text(t, pool, `SELECT string_agg(key, ' ' ORDER BY key) FROM entry WHERE key NOT LIKE 'reversed:%'`)
	if want := "deposit:bitcoin:tx:0@a11 deposit:bitcoin:tx:0@a11#2 deposit:bitcoin:tx:0@a11#3"; keys != want {
		t.Fatalf("entries %s", keys)
	}
}

// A spend of a coin that the same block made, and its way back.
func TestCoinMadeAndSpentInOneBlock(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	b := block("a", 11, credit("tx", 500))
	b.Debits = []chain.Debit{{TxID: "thief", CoinID: "tx:0"}}
	apply(t, s, b)
	if got := text(t, pool, `SELECT sum(units)::text FROM posting WHERE account = 'suspense'`); got != "500" {
		t.Fatalf("suspense %s", got)
	}
	if got := text(t, pool, `SELECT reason FROM halt`); !strings.Contains(got, "thief") {
		t.Fatalf("halted: %s", got)
	}
	if err := s.Rollback(t.Context(), b.Ref); err != nil {
		t.Fatal(err)
	}
	if got := text(t, pool, `SELECT count(*)::text FROM coin`); got != "0" {
		t.Fatalf("%s coins", got)
	}
	for _, account := range []ledger.Account{ledger.Wallet, ledger.Suspense, ledger.DepositConfirming} {
		if got := text(t, pool, `SELECT sum(units)::text FROM posting WHERE account = $1`, account); got != "0" {
			t.Errorf("%s is %s", account, got)
		}
	}
}

// What a hold took beyond the cost comes back, what it lacked is taken.
func TestHoldAndCostDiffer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fee          uint64
		wallet, fees string
	}{
		"exact": {10, "90", "10"}, "cheaper": {4, "96", "4"}, "dearer": {15, "85", "15"}, "free": {0, "100", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, pool := begun(t)
			apply(t, s, block("a", 11, credit("old", 500)))
			signed(t, pool, "order", "ourtx", 400)
			run(t, pool, `UPDATE attempt SET fee = $1`, row.fee)
			b := block("a", 12)
			b.Debits = []chain.Debit{{TxID: "ourtx", CoinID: "old:0"}}
			apply(t, s, b, block("a", 13), block("a", 14))
			for account, want := range map[string]string{"wallet": row.wallet, "in_flight": "0",
				"payment_confirming": "0", "network_fees": row.fees} {
				if got := text(t, pool, `SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1`, account); got != want {
					t.Errorf("%s is %s, want %s", account, got, want)
				}
			}
			if got := text(t, pool, `SELECT state FROM payment`); got != "final" {
				t.Errorf("payment %s", got)
			}
		})
	}
}

// A payment to an address of ours was held as gone: it arrives as a deposit.
func TestPaymentToOurselvesIsADeposit(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	apply(t, s, block("a", 11, credit("old", 500)))
	signed(t, pool, "order", "ourtx", 400)
	run(t, pool, `UPDATE payment SET destination = $1`, ours)
	b := block("a", 12, credit("ourtx", 400))
	b.Debits = []chain.Debit{{TxID: "ourtx", CoinID: "old:0"}}
	apply(t, s, b)
	if got := text(t, pool, `SELECT sum(units)::text FROM posting WHERE account IN ('wallet', 'in_flight')`); got != "490" {
		t.Fatalf("the books hold %s, the chain 490", got)
	}
}

func TestSightingsLeaveBlocksAlone(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	apply(t, s, block("a", 11, credit("old", 500)))
	signed(t, pool, "order", "ourtx", 400)
	before := content(t, pool)
	// In a block already; and change of our own.
	if err := s.See(t.Context(), []chain.Credit{credit("old", 500), credit("ourtx", 100)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), []string{"bitcoin:old:0", "bitcoin:unknown:0"}); err != nil {
		t.Fatal(err)
	}
	if after := content(t, pool); after != before {
		t.Fatalf("it changed\n%s\nto\n%s", before, after)
	}
	if err := s.See(t.Context(), []chain.Credit{{TxID: "n", Address: elsewhere, Units: asset.NewUnits(1)}}); !errors.Is(err, ErrState) {
		t.Fatalf("an address that is not ours: %v", err)
	}
}

func TestOldBlocksArePruned(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	run(t, pool, `INSERT INTO block (chain, height, hash, parent, time)
		SELECT 'bitcoin', h, 'a' || h, 'a' || h - 1, now() FROM generate_series(11, 600) h`)
	run(t, pool, `UPDATE cursor SET height = 600, hash = 'a600'`)
	apply(t, s, block("a", 601))
	if got := text(t, pool, `SELECT min(height) || ' ' || count(*) FROM block`); got != "101 501" {
		t.Fatalf("lowest and number of blocks: %s", got)
	}
	if _, kept, err := s.BlockAt(t.Context(), 100); kept || err != nil {
		t.Fatalf("block 100 is kept: %v, %v", kept, err)
	}
}

func TestBooksAreOfOneChain(t *testing.T) {
	t.Parallel()
	s, pool := begun(t)
	other, _ := openStore(t, pool, asset.Ethereum, Config{})
	if books, err := other.Books(t.Context()); len(books) != 0 || err != nil {
		t.Fatalf("before the first block: %v, %v", books, err)
	}
	apply(t, s, block("a", 11, credit("tx", 500)))
	books, err := s.Books(t.Context())
	if err != nil || len(books) != 1 || books[0].At != (chain.Ref{Height: 11, Hash: "a11"}) || books[0].Units.String() != "500" ||
		len(books[0].Coins) != 1 || books[0].Coins[0] != "tx:0" || books[0].Asset != asset.BTC {
		t.Fatalf("%+v %v", books, err)
	}
	if err := other.Begin(t.Context(), chain.Ref{Height: 1, Hash: "e1"}); err != nil {
		t.Fatal(err)
	}
	empty, err := other.Books(t.Context())
	if err != nil || len(empty) != 1 || empty[0].Units.Sign() != 0 || len(empty[0].Coins)+len(empty[0].Addresses) != 0 {
		t.Fatalf("the other chain's: %+v, %v", empty, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t, asset.Bitcoin, Config{})
	good := s.config
	for name, row := range map[string]struct {
		chain  asset.Chain
		change func(*Config)
	}{
		"unknown chain":    {"dogecoin", func(*Config) {}},
		"no confirmations": {asset.Bitcoin, func(c *Config) { c.Confirmations = 0 }},
		"no log":           {asset.Bitcoin, func(c *Config) { c.Log = nil }},
	} {
		bad := good
		row.change(&bad)
		if _, err := New(pool, row.chain, bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
