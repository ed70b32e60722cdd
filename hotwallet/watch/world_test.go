package watch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/chain/fakechain"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

// needed is how deep deposits and payments have to be in these tests.
const needed = 3

// dustThreshold is only passed through.
const dustThreshold = 5000

// tb is what testing.T and rapid.T share.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// world is a chain, the hot wallet's rows and a watcher between them.
type world struct {
	tb
	ctx     context.Context
	chain   *fakechain.Chain
	pool    *pgxpool.Pool
	store   *postgres.Store
	lease   *postgres.Lease
	watcher *watch.Watcher
	set     *watch.Set
	// hot is treasury's address and, on the account chain, the sender.
	hot     string
	indexes [2]int
	nonce   uint64
	payouts int
	// What a test may set before restart: another reader, where to begin, hooks.
	reader chain.Reader
	birth  int64
	limit  int64 // of a reorganisation; needed-1 if 0
	atTip  func(context.Context)
	wake   chan struct{}
	dust   func(asset.ID) asset.Units // the threshold as it moves; fixed if nil
	told   watch.Observer
	tokens []asset.ID
}

func newWorld(t testing.TB, c *fakechain.Chain) *world {
	w := &world{tb: t, ctx: context.Background(), chain: c, pool: fastPool(t)}
	w.begin()
	t.Cleanup(func() {
		if err := w.lease.Close(w.ctx); err != nil {
			t.Error(err)
		}
	})
	return w
}

// fastPool is on a fresh schema and does not wait for the disk: these tests end
// processes, not machines.
func fastPool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	config := pgtest.New(t, "hotwallet").Config()
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// begin gives the wallet its hot address, and starts.
func (w *world) begin() {
	w.indexes, w.nonce, w.payouts = [2]int{}, 0, 0
	w.chain.Mine(1)
	w.hot = w.address(1, "hot", "")
	w.restart()
	w.step()
}

// restart replaces store, lease and watcher, as a new process does.
func (w *world) restart() {
	w.Helper()
	var err error
	if w.lease != nil {
		if err := w.lease.Close(w.ctx); err != nil {
			w.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	w.store, err = postgres.New(w.pool, w.chain.Chain(), postgres.Config{
		Confirmations: needed, DustThreshold: asset.NewUnits(dustThreshold), Dust: w.dust, Tokens: w.tokens, Log: log,
	})
	if err != nil {
		w.Fatal(err)
	}
	if w.lease, err = w.store.AcquireLease(w.ctx, "test"); err != nil {
		w.Fatal(err)
	}
	w.set = watch.NewSet()
	reader := w.reader
	if reader == nil {
		reader = w.chain
	}
	limit := w.limit
	if limit == 0 {
		limit = needed - 1
	}
	w.watcher, err = watch.New(watch.Config{Reader: reader, Store: w.store, Set: w.set, Poll: time.Hour,
		BirthHeight: w.birth, ReorgLimit: limit, AtTip: w.atTip, Wake: w.wake, Observer: w.told, Log: log})
	if err != nil {
		w.Fatal(err)
	}
}

// step is one look of the watcher that has to succeed.
func (w *world) step() {
	w.Helper()
	if err := w.watcher.Step(w.ctx); err != nil {
		w.Fatal(err)
	}
}

// mine makes n blocks and looks after each.
func (w *world) mine(n int) {
	w.Helper()
	for range n {
		w.chain.Mine(1)
		w.step()
	}
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.pool.Exec(w.ctx, sql, args...); err != nil {
		w.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// address stores and watches a new address of ours; swapID issues it.
func (w *world) address(role int, state, swapID string) string {
	w.Helper()
	a := w.chain.NewAddress()
	var id, terms *string
	if swapID != "" {
		hash := "terms of " + swapID
		id, terms = &swapID, &hash
	}
	w.exec(`INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash)
		VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8)`, w.chain.Chain(), role, w.indexes[role],
		fmt.Sprintf("m/%d/0/%d", role, w.indexes[role]), a, state, id, terms)
	w.indexes[role]++
	if w.set != nil {
		w.set.Add(a)
	}
	return a
}

// issue is an address given to a new swap.
func (w *world) issue() (address, swapID string) {
	w.Helper()
	swapID = swap.NewID(swap.SwapPrefix, time.Now())
	return w.address(0, "issued", swapID), swapID
}

// state is a deposit's; "" if there is no row.
func (w *world) state(depositID string) string {
	w.Helper()
	return w.text(`SELECT coalesce((SELECT state FROM deposit WHERE deposit_id = $1), '')`, depositID)
}

func (w *world) text(sql string, args ...any) string {
	w.Helper()
	var s string
	if err := w.pool.QueryRow(w.ctx, sql, args...).Scan(&s); err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) id(txid string, index int) string {
	return fmt.Sprintf("%s:%s:%d", w.chain.Chain(), txid, index)
}

// facts are those told of a swap, in their order.
func (w *world) facts(swapID string) []swap.Fact {
	w.Helper()
	rows, err := w.pool.Query(w.ctx, `SELECT body FROM outbox WHERE topic = $1 AND ($2 = '' OR key = $2)
		ORDER BY xid, id`, bus.TopicFacts, swapID)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	var facts []swap.Fact
	for rows.Next() {
		var body string
		var f swap.Fact
		if err := rows.Scan(&body); err != nil {
			w.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			w.Fatal(err)
		}
		facts = append(facts, f)
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	return facts
}

// kinds are the kinds of the facts of a swap, with confirmations of deposits.
func (w *world) kinds(swapID string) []string {
	w.Helper()
	var kinds []string
	for _, f := range w.facts(swapID) {
		kind := string(f.Kind)
		if f.Kind == swap.FactDepositInBlock {
			kind += fmt.Sprintf(" %d", f.Deposit.Confirmations)
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// balance is an account's sum in base units, as text.
func (w *world) balance(account string) string {
	w.Helper()
	return w.text(`SELECT coalesce(sum(units), 0)::text FROM posting WHERE account = $1`, account)
}

// halted is the reason payments stand still; "" if they do not.
func (w *world) halted() string {
	w.Helper()
	return w.text(`SELECT coalesce((SELECT reason FROM halt), '')`)
}

// checkBooks demands that the books balance and equal what the chain holds.
func (w *world) checkBooks() {
	w.Helper()
	if bad := w.text(`SELECT count(*)::text FROM (SELECT entry_key FROM posting GROUP BY entry_key, asset
		HAVING sum(units) <> 0) unbalanced`); bad != "0" {
		w.Fatalf("%s entries do not balance", bad)
	}
	result, err := reconcile.Check(w.ctx, w.store, w.chain, slog.New(slog.DiscardHandler))
	if err != nil || result != reconcile.Equal {
		w.Fatalf("reconcile: %s, %v; %s", result, err, w.halted())
	}
	if cursor, _, err := w.store.Cursor(w.ctx); err != nil || cursor != w.tip() {
		w.Fatalf("the cursor is on %s, the tip %s (%v)", cursor, w.tip(), err)
	}
}

func (w *world) tip() chain.Ref {
	w.Helper()
	ref, err := w.chain.Tip(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return ref
}

// large is enough for anything, small for one payment and its fee.
var (
	large = map[asset.Chain]asset.Units{asset.Bitcoin: asset.NewUnits(100_000_000), asset.Ethereum: asset.MustUnits("50000000000000000000")}
	small = map[asset.Chain]asset.Units{asset.Bitcoin: asset.NewUnits(70_000), asset.Ethereum: asset.MustUnits("20000000000000000")}
)

func (w *world) large() asset.Units { return large[w.chain.Chain()] }
func (w *world) small() asset.Units { return small[w.chain.Chain()] }

// fund has treasury pay in, and waits until it is settled.
func (w *world) fund(times int) {
	w.Helper()
	for range times {
		w.chain.Pay(w.hot, w.large())
	}
	w.mine(needed)
}

// both runs a test on a chain of each family.
func both(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for name, family := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newWorld(t, family(fakechain.Config{Seed: 1})))
		})
	}
}

var families = map[string]func(fakechain.Config) *fakechain.Chain{
	"utxo": fakechain.NewBitcoin, "account": fakechain.NewEthereum,
}
