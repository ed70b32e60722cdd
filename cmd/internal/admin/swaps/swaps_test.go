package swaps_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/swaps"
	"ferry/migrations/pgtest"
	"ferry/statemachine"
	"ferry/statemachine/consume"
	"ferry/statemachine/postgres"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// stand puts a swap in a state, unchanged for so long.
func stand(t *testing.T, pool *pgxpool.Pool, id int, state swap.State, seconds int) {
	t.Helper()
	_, err := pool.Exec(t.Context(), `INSERT INTO swap (id, state, version, signed_quote, signed_receipt, quote_id, pair,
		deposit_units, payout_units, deposit_address, payout_address, refund_address, seen, created_at, updated_at)
		VALUES ($1, $2, 1, 'q', 'r', $1, 'BTC-ETH', 1, 1, $1, 'p', 'f', '{}', now(), now() - make_interval(secs => $3))`,
		fmt.Sprint(id), state, seconds)
	if err != nil {
		t.Fatal(err)
	}
}

func due(t *testing.T, pool *pgxpool.Pool, id int, name swap.DeadlineName, in int) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `INSERT INTO deadline VALUES ($1, $2, now() + make_interval(secs => $3))`, fmt.Sprint(id), name, in); err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheSchemaHolds(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	stand(t, pool, 1, swap.Settled, 100_000)
	stand(t, pool, 2, swap.Settled, 1)
	// A payout has 15 minutes to be sent.
	stand(t, pool, 3, swap.PayoutQueued, 600)
	stand(t, pool, 4, swap.PayoutQueued, 1200)
	// In time, a minute of grace, over, and told of already.
	stand(t, pool, 5, swap.AwaitingDeposit, 50)
	due(t, pool, 5, swap.DeadlineDepositBy, 600)
	stand(t, pool, 6, swap.AwaitingDeposit, 50)
	due(t, pool, 6, swap.DeadlineDepositBy, -10)
	stand(t, pool, 7, swap.AwaitingDeposit, 50)
	due(t, pool, 7, swap.DeadlineDepositBy, -600)
	stand(t, pool, 8, swap.AwaitingDeposit, 50)
	due(t, pool, 8, swap.DeadlineConfirmBy, 600)
	for n, age := range []int{10, 700} {
		if _, err := pool.Exec(t.Context(), `INSERT INTO parked_fact VALUES ('9', 's', $1, 'k', '{}', 'why', now() - make_interval(secs => $2))`, n, age); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO malformed_record (reason) VALUES ('a'), ('b'), ('c')`); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	swaps.Register(registry, pool)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{
		`ferry_swaps{state="settled"}`: 2, `ferry_swaps{state="payout_queued"}`: 2, `ferry_swaps{state="awaiting_deposit"}`: 4, `ferry_swaps{state="held"}`: 0,
		`ferry_swaps_overdue{state="payout_queued"}`: 1, `ferry_swaps_overdue{state="awaiting_deposit"}`: 2, `ferry_swaps_overdue{state="held"}`: 0,
		`ferry_swap_oldest_age_seconds{state="held"}`: 0, `ferry_parked_facts`: 2, `ferry_malformed_records`: 3,
		`ferry_scrape_ok{part="swaps"}`: 1, `ferry_scrape_ok{part="parked"}`: 1,
	})
	m.AtLeast(t, `ferry_swap_oldest_age_seconds{state="payout_queued"}`, 1200)
	m.AtLeast(t, `ferry_parked_fact_oldest_age_seconds`, 700)
	m.Lack(t, `ferry_swap_oldest_age_seconds{state="settled"}`)
	openSwapsFollowTheTable(t, pool)

	empty := prometheus.NewRegistry()
	swaps.Register(empty, pgtest.New(t, "swap"))
	admintest.Scrape(t, empty).Want(t, admintest.Metrics{`ferry_parked_facts`: 0, `ferry_parked_fact_oldest_age_seconds`: 0, `ferry_malformed_records`: 0})
}

// openSwapsFollowTheTable has a swap go from every state to every other: it is among
// the open ones exactly while its state is not final by the lifecycle's table.
func openSwapsFollowTheTable(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, from := range statemachine.Stages() {
		for _, to := range statemachine.Stages() {
			var open bool
			if _, err := pool.Exec(t.Context(), "UPDATE swap SET state = $1 WHERE id = '1'", from.State); err != nil {
				t.Fatal(err)
			}
			if _, err := pool.Exec(t.Context(), "UPDATE swap SET state = $1 WHERE id = '1'", to.State); err != nil {
				t.Fatal(err)
			}
			if err := pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM open_swap WHERE swap_id = '1')").Scan(&open); err != nil {
				t.Fatal(err)
			}
			if open == to.Final {
				t.Errorf("from %s to %s: among the open swaps %t, final %t", from.State, to.State, open, to.Final)
			}
		}
	}
}

// A table that somebody has locked is missing; the other part is there.
func TestALockedTableIsMissing(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "swap")
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := tx.Exec(t.Context(), "LOCK TABLE swap IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	swaps.Register(registry, pool)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{`ferry_scrape_ok{part="swaps"}`: 0, `ferry_scrape_ok{part="parked"}`: 1, `ferry_parked_facts`: 0})
	m.Lack(t, "ferry_swaps")
}

// Facts through the real handler and store: applied, repeated, parked, and judged.
func TestObserver(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	keys, store := swaptest.NewKeys(), postgres.New(pgtest.New(t, "swap"))
	handler := consume.Handler{Store: store, Log: slog.New(slog.DiscardHandler), Observer: swaps.Observer(registry),
		Rules: statemachine.Rules{QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()}}
	terms := swaptest.NewTerms(t, keys, nil)
	created := swap.Fact{Kind: swap.FactSwapCreated, SwapID: terms.Receipt.SwapID, At: swaptest.Start,
		Created: &swap.CreatedFact{SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt}}
	at := swaptest.Start.Add(time.Minute)
	deposit := func(n int, kind swap.FactKind, amount string) swap.Fact {
		tx := fmt.Sprintf("tx%d", n)
		return swap.Fact{Kind: kind, SwapID: terms.Receipt.SwapID, At: at, Deposit: &swap.DepositFact{DepositID: "bitcoin:" + tx + ":0",
			TxID: tx, Address: terms.Receipt.DepositAddress, Amount: swaptest.Amount(asset.BTC, amount),
			Confirmations: 3, Needed: 3, Height: 7, FirstSeen: at, BlockTime: at, ConfirmedAt: at, DustThreshold: asset.NewUnits(1000)}}
	}
	seqs := map[string]int64{}
	var next int64
	tell := func(facts ...swap.Fact) {
		t.Helper()
		b := bus.Batch{Topic: bus.TopicFacts, From: next}
		for _, f := range facts {
			m, err := bus.FactMessage(f)
			if err != nil {
				t.Fatal(err)
			}
			source := "hotwallet"
			if f.Kind == swap.FactSwapCreated {
				source = "gateway"
			}
			if f.Seq == 0 {
				seqs[source]++
				f.Seq = seqs[source]
			}
			b.Records = append(b.Records, bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Source: source, Seq: f.Seq, Time: f.At, Body: m.Body})
		}
		next += int64(len(facts))
		b.Next = next
		if err := handler.Handle(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	// The deposit is told before its swap: parked, and applied with the creation.
	tell(deposit(1, swap.FactDepositSeen, terms.Quote.Deposit.Decimal()))
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_facts_total{kind="deposit.seen",outcome="parked"}`: 1})
	repeated := created
	repeated.Seq = 1
	tell(created, repeated)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{`ferry_facts_total{kind="swap.created",outcome="applied"}`: 1, `ferry_facts_total{kind="swap.created",outcome="duplicate"}`: 1,
		`ferry_facts_total{kind="deposit.seen",outcome="applied"}`: 1, `ferry_facts_total{kind="deposit.seen",outcome="parked"}`: 1})
	m.Lack(t, "ferry_deposits_total")
	m.Lack(t, `ferry_facts_total{kind="deposit.seen",outcome="duplicate"}`)

	tell(deposit(1, swap.FactDepositConfirmed, terms.Quote.Deposit.Decimal()), deposit(2, swap.FactDepositConfirmed, "0.000001"))
	tell(deposit(3, swap.FactDepositConfirmed, terms.Quote.Deposit.Decimal()))
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_facts_total{kind="deposit.confirmed",outcome="applied"}`: 3,
		`ferry_deposits_total{asset="BTC",verdict="counted"}`: 1, `ferry_deposits_total{asset="BTC",verdict="dust"}`: 1,
		`ferry_deposits_total{asset="BTC",verdict="extra"}`: 1})
}
