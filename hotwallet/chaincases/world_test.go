package chaincases_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/postgres"
	"ferry/hotwallet/reconcile"
	"ferry/hotwallet/watch"
	"ferry/migrations/pgtest"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	swaps "ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

const (
	// needed is how deep deposits have to be here.
	needed = 3
	// reorgLimit is the most blocks that are taken back.
	reorgLimit = 6
	// dustThreshold is Bitcoin's in these tests; Ethereum's is that many wei.
	dustThreshold = 5000
)

// node is the real software of a chain, driven by a test.
type node interface {
	name() string
	adapter() chain.Adapter
	// newAddress is one that nobody has used. Whether it is ours, the world says.
	newAddress(t *testing.T) string
	// pay has a stranger pay an address, into the mempool. It returns the txid.
	pay(t *testing.T, address string, units asset.Units) string
	mine(t *testing.T, n int)
	// reorg replaces the last n blocks by n+1 others, in which strangers' payments
	// are made again or their funds are spent elsewhere.
	reorg(t *testing.T, n int, again bool)
}

// world is a node, the hot wallet's watcher and store behind it, and the state
// machine that hears its facts.
type world struct {
	*testing.T
	node  node
	chain asset.Chain
	// asset is what swaps deposit: the chain's own unless a case is about a token.
	asset asset.ID
	// pool is the hot wallet's schema, swapPool the state machine's.
	pool, swapPool *pgxpool.Pool
	store          *postgres.Store
	watcher        *watch.Watcher
	set            *watch.Set
	keys           swaptest.Keys
	handler        consume.Handler
	// told counts the facts that the state machine was handed, next is its offset.
	told, next int64
	created    int64
	addresses  int
}

// each runs a case on each node there is, or on geth and those of the UTXO family
// that are named.
func each(t *testing.T, f func(w *world), only ...string) {
	t.Helper()
	t.Run("geth", func(t *testing.T) { t.Parallel(); f(newWorld(t, newGeth(t))) })
	eachUTXO(t, func(w *world, _ *utxoNode) { f(w) }, only...)
}

// eachUTXO runs a case on each node of the UTXO family, or on the ones named.
func eachUTXO(t *testing.T, f func(w *world, n *utxoNode), only ...string) {
	t.Helper()
	for name, start := range utxoKinds {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t)
			f(newWorld(t, n), n)
		})
	}
}

func newWorld(t *testing.T, n node, tokens ...asset.ID) *world {
	t.Helper()
	w := &world{T: t, node: n, chain: n.adapter().Chain(), asset: n.adapter().Chain().NativeID(), pool: quick(t, "hotwallet"), swapPool: quick(t, "swap"),
		keys: swaptest.NewKeys(), set: watch.NewSet()}
	log := slog.New(slog.DiscardHandler)
	var err error
	w.store, err = postgres.New(w.pool, w.chain, postgres.Config{Confirmations: needed, Networks: networks, Tokens: tokens, DustThreshold: asset.NewUnits(dustThreshold), Log: log})
	w.must(err)
	lease, err := w.store.AcquireLease(t.Context(), "test")
	w.must(err)
	t.Cleanup(func() {
		if err := lease.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.watcher, err = watch.New(watch.Config{Reader: n.adapter(), Store: w.store, Siblings: w.store.Siblings, Set: w.set, Poll: time.Hour, ReorgLimit: reorgLimit, Log: log})
	w.must(err)
	w.handler = consume.Handler{Store: swaps.New(w.swapPool), Log: log,
		Rules: statemachine.Rules{QuoteKeys: w.keys.QuoteKeys(), AttestKeys: w.keys.AttestKeys()}}
	w.look()
	return w
}

// quick is a fresh schema that does not wait for the disk: no machine ends here.
func quick(t *testing.T, service string) *pgxpool.Pool {
	t.Helper()
	config := pgtest.New(t, service).Config()
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// usual is a deposit of the usual size.
func (w *world) usual() asset.Units {
	switch {
	case asset.MustLookup(w.asset).Token:
		return asset.NewUnits(700_000_000)
	case w.asset == asset.ETH:
		return asset.MustUnits("280000000000000000")
	}
	return asset.NewUnits(1_000_000)
}

// look is one look of the watcher that has to succeed.
func (w *world) look() {
	w.Helper()
	w.must(w.watcher.Step(w.Context()))
}

// mine makes n blocks and looks after each.
func (w *world) mine(n int) {
	w.Helper()
	for range n {
		w.node.mine(w.T, 1)
		w.look()
	}
}

// issue gives an address to a new swap that expects a deposit of the usual size.
func (w *world) issue() (address, swapID string) {
	w.Helper()
	address = w.node.newAddress(w.T)
	return address, w.give(address)
}

// give makes an address ours and gives it to a new swap, of which the state machine
// is told.
func (w *world) give(address string) (swapID string) {
	w.Helper()
	now := swap.Millis(time.Now())
	terms := swaptest.NewTerms(w, w.keys, func(q *swap.Quote, r *swap.Receipt) {
		q.Pair.From = w.asset
		if w.chain.Family() == asset.UTXO {
			q.RefundFeeMax = swaptest.Amount(w.asset, "0.00002")
		}
		if w.chain == asset.Ethereum {
			q.Pair = asset.Pair{From: w.asset, To: asset.BTC}
			q.Payout, q.ServiceFee = swaptest.Amount(asset.BTC, "0.01"), swaptest.Amount(asset.BTC, "0.0001")
			q.NetworkFee, q.RefundFeeMax = swaptest.Amount(asset.BTC, "0.00002"), swaptest.Amount(w.asset, "0.0005")
			r.PayoutAddress, r.RefundAddress = swaptest.BitcoinAddress, swaptest.EthereumAddress
		}
		q.ID = swap.NewID(swap.QuotePrefix, now)
		q.Deposit = asset.Amount{Asset: w.asset, Units: w.usual()}
		q.IssuedAt, q.AcceptBy = now, now.Add(time.Minute)
		r.SwapID, r.QuoteID = swap.NewID(swap.SwapPrefix, now), q.ID
		r.DepositChain, r.DepositAsset, r.DepositAddress = w.chain, w.asset, address
		r.IssuedAt, r.DepositBy, r.ConfirmBy = now, now.Add(time.Hour), now.Add(2*time.Hour)
	})
	swapID = terms.Receipt.SwapID
	w.ours(address, "issued", &swapID)
	w.created++
	fact := swap.Fact{Kind: swap.FactSwapCreated, SwapID: swapID, At: now,
		Created: &swap.CreatedFact{SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt}}
	w.deliver(w.record("gateway", w.created, fact))
	return swapID
}

// ours stores and watches an address of ours.
func (w *world) ours(address, state string, swapID *string) {
	w.Helper()
	var terms *string
	if swapID != nil {
		hash := "terms of " + *swapID
		terms = &hash
	}
	_, err := w.pool.Exec(w.Context(), `INSERT INTO address (chain, role, branch, idx, path, address, state, swap_id, terms_hash)
		VALUES ($1, 0, 0, $2, $3, $4, $5, $6, $7)`, w.chain, w.addresses, fmt.Sprintf("m/0/0/%d", w.addresses), address, state, swapID, terms)
	w.must(err)
	w.addresses++
	w.set.Add(address)
}

func (w *world) record(source string, seq int64, f swap.Fact) bus.Record {
	w.Helper()
	m, err := bus.FactMessage(f)
	w.must(err)
	return bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: source, Seq: seq, Time: f.At, Body: m.Body}
}

// deliver hands the state machine a batch of records at the offset it stands at.
func (w *world) deliver(records ...bus.Record) bus.Batch {
	w.Helper()
	b := bus.Batch{Topic: bus.TopicFacts, From: w.next, Next: w.next + int64(len(records)), Records: records}
	w.must(w.handler.Handle(w.Context(), b))
	w.next = b.Next
	return b
}

// facts are those the hot wallet has told, of one swap or of all, in their order.
func (w *world) facts(swapID string) []swap.Fact {
	w.Helper()
	rows, err := w.pool.Query(w.Context(), `SELECT body FROM outbox WHERE topic = $1 AND ($2 = '' OR key = $2) ORDER BY xid, id`, bus.TopicFacts, swapID)
	w.must(err)
	defer rows.Close()
	var facts []swap.Fact
	for rows.Next() {
		var body string
		var f swap.Fact
		w.must(rows.Scan(&body))
		w.must(json.Unmarshal([]byte(body), &f))
		facts = append(facts, f)
	}
	w.must(rows.Err())
	return facts
}

// kinds are the kinds of a swap's facts, each once in a row.
func (w *world) kinds(swapID string) string {
	w.Helper()
	var kinds []string
	for _, f := range w.facts(swapID) {
		kinds = append(kinds, strings.TrimPrefix(string(f.Kind), "deposit."))
	}
	return strings.Join(slices.Compact(kinds), " ")
}

// pass hands the state machine every fact that it has not been told, in one batch.
func (w *world) pass() []bus.Record {
	w.Helper()
	var fresh []bus.Record
	for i, f := range w.facts("") {
		if seq := int64(i) + 1; seq > w.told {
			fresh = append(fresh, w.record("hotwallet", seq, f))
			w.told = seq
		}
	}
	if len(fresh) > 0 {
		w.deliver(fresh...)
	}
	return fresh
}

// wantCredit demands what a swap has been credited, in base units, in the hot
// wallet's books and in the state machine's.
func (w *world) wantCredit(swapID string, want asset.Units) {
	w.Helper()
	w.pass()
	const cleared = `SELECT coalesce(sum(units), 0)::text FROM posting p JOIN entry e ON e.key = p.entry_key
		WHERE e.swap_id = $1 AND account = 'clearing' AND asset = $2`
	sent := w.text(w.pool, cleared, swapID, w.asset)
	taken := w.text(w.swapPool, cleared, swapID, w.asset)
	if zero := want.IsZero(); sent != "-"+want.String() && !zero || taken != want.String() || zero && sent != "0" {
		w.Fatalf("the hot wallet has cleared %s and the swap was credited %s, want %s", sent, taken, want)
	}
}

// state is a deposit's in the hot wallet; "" if there is no row.
func (w *world) state(depositID string) string {
	w.Helper()
	return w.text(w.pool, `SELECT coalesce((SELECT state FROM deposit WHERE deposit_id = $1), '')`, depositID)
}

func (w *world) wantState(depositID, want string) {
	w.Helper()
	if got := w.state(depositID); got != want {
		w.Fatalf("%s is %q, want %q", depositID, got, want)
	}
}

// deposits counts all rows.
func (w *world) wantDeposits(want string) {
	w.Helper()
	if n := w.text(w.pool, `SELECT count(*)::text FROM deposit`); n != want {
		w.Fatalf("%s deposits, want %s", n, want)
	}
}

func (w *world) text(pool *pgxpool.Pool, sql string, args ...any) string {
	w.Helper()
	var s string
	w.must(pool.QueryRow(w.Context(), sql, args...).Scan(&s))
	return s
}

func (w *world) id(txid string, index int) string {
	return fmt.Sprintf("%s:%s:%d", w.chain, txid, index)
}

// wantBooks demands that the books balance and equal what the node says it holds.
func (w *world) wantBooks() {
	w.Helper()
	for _, pool := range []*pgxpool.Pool{w.pool, w.swapPool} {
		if bad := w.text(pool, `SELECT count(*)::text FROM (SELECT FROM posting GROUP BY entry_key, asset HAVING sum(units) <> 0) x`); bad != "0" {
			w.Fatalf("%s entries do not balance", bad)
		}
	}
	result, err := reconcile.Check(w.Context(), w.store, w.node.adapter(), slog.New(slog.DiscardHandler))
	if err != nil || result != reconcile.Equal {
		w.Fatalf("reconcile: %s, %v", result, err)
	}
}
