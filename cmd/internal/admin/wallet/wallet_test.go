package wallet_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"ferry/cmd/internal/admin/admintest"
	"ferry/cmd/internal/admin/wallet"
	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/hotwallet/treasury"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
)

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func pay(t *testing.T, pool *pgxpool.Pool, id int, on asset.Chain, purpose swap.Purpose, state swap.PaymentState, reason string, age int) {
	t.Helper()
	exec(t, pool, `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, reason, height, queued_at)
		VALUES ($1, $2, 's', $3, 'BTC', 1, 'd', '{}', $4, $5, 7, now() - make_interval(secs => $6))`, fmt.Sprint(id), on, purpose, state, reason, age)
}

func TestWhatTheSchemaHolds(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "hotwallet")
	exec(t, pool, `INSERT INTO cursor (chain, height, hash, time, seen_at) VALUES ('bitcoin', 120, 'h', now(), now() - interval '90 s')`)
	exec(t, pool, `INSERT INTO halt (chain, reason, actor) VALUES ('bitcoin', 'why', 'who')`)
	exec(t, pool, `INSERT INTO reconciliation (chain, height, hash, asset, book, node, at) VALUES ('bitcoin', 120, 'h', 'BTC', 150000000, 149999999, now() - interval '30 s')`)
	pay(t, pool, 1, asset.Bitcoin, swap.PurposePayout, swap.PaymentQueued, "waiting for funds", 400)
	pay(t, pool, 2, asset.Bitcoin, swap.PurposePayout, swap.PaymentQueued, "", 20)
	pay(t, pool, 3, asset.Bitcoin, swap.PurposeRefund, swap.PaymentBroadcast, "", 10)
	pay(t, pool, 4, asset.Bitcoin, swap.PurposePayout, swap.PaymentFinal, "", 9000)
	pay(t, pool, 5, asset.Ethereum, swap.PurposePayout, swap.PaymentQueued, "", 9000)
	exec(t, pool, `INSERT INTO payment (order_id, chain, swap_id, purpose, asset, units, destination, body, state, reason, fee_max, queued_at)
		VALUES ('sweep', 'bitcoin', '', 'sweep', 'BTC', 1, 'd', '{}', 'broadcast', 'fees_above_limit: deferred: it waits', 1, now())`)
	for id, state := range map[string]string{"a": "broadcast", "b": "signed", "c": "queued", "d": "final"} {
		exec(t, pool, `INSERT INTO batch (batch_id, chain, purpose, state, orders, planned_at)
			VALUES ($1, 'bitcoin', 'payout', $2, ARRAY['x'], now() - CASE $1 WHEN 'a' THEN interval '500 s' WHEN 'b' THEN interval '5 s' ELSE interval '9000 s' END)`, id, state)
	}
	exec(t, pool, `INSERT INTO deposit (deposit_id, chain, txid, idx, address, asset, units, purpose, state, first_seen)
		SELECT n, 'bitcoin', 'tx', 0, 'a', 'BTC', 1, 'funding', 'seen', now() FROM generate_series(1, 3) n`)
	exec(t, pool, `INSERT INTO address (chain, role, branch, idx, path, address, state) SELECT 'bitcoin', 0, 0, n, 'p', n, 'pool' FROM generate_series(1, 7) n`)

	registry := prometheus.NewRegistry()
	wallet.New(registry, pool, asset.Bitcoin, time.Now)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{
		`ferry_chain_height{chain="bitcoin"}`: 120, `ferry_chain_halted{chain="bitcoin"}`: 1,
		`ferry_reconciliation_difference_coins{asset="BTC",chain="bitcoin"}`:         -0.00000001,
		`ferry_payments_open{chain="bitcoin",purpose="payout",state="queued"}`:       2,
		`ferry_payments_standing{chain="bitcoin",purpose="payout",state="queued"}`:   1,
		`ferry_payments_open{chain="bitcoin",purpose="refund",state="broadcast"}`:    1,
		`ferry_payments_waiting_people{chain="bitcoin",purpose="payout"}`:            1,
		`ferry_payments_waiting_people{chain="bitcoin",purpose="sweep"}`:             0,
		`ferry_payments_standing{chain="bitcoin",purpose="sweep",state="broadcast"}`: 0,
		`ferry_payments_unmined{chain="bitcoin"}`:                                    2,
		`ferry_deposits_unconfirmed{chain="bitcoin",state="seen"}`:                   3,
		`ferry_addresses_ready{chain="bitcoin"}`:                                     7, `ferry_scrape_ok{part="wallet"}`: 1,
	})
	m.AtLeast(t, `ferry_chain_tip_age_seconds{chain="bitcoin"}`, 90)
	m.AtLeast(t, `ferry_reconciliation_age_seconds{asset="BTC",chain="bitcoin"}`, 30)
	m.AtLeast(t, `ferry_payment_unmined_oldest_seconds{chain="bitcoin"}`, 500)
	m.AtLeast(t, `ferry_payment_oldest_age_seconds{chain="bitcoin",purpose="payout",state="queued"}`, 400)
	m.Lack(t, `ferry_payments_open{chain="bitcoin",purpose="payout",state="final"}`)
	m.Lack(t, `ferry_payments_open{chain="ethereum",purpose="payout",state="queued"}`)
}

// Before the first block there is no tip, no comparison, and no alarm.
func TestAnEmptySchema(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	wallet.New(registry, pgtest.New(t, "hotwallet"), asset.Ethereum, time.Now)
	m := admintest.Scrape(t, registry)
	m.Want(t, admintest.Metrics{`ferry_chain_height{chain="ethereum"}`: -1, `ferry_chain_halted{chain="ethereum"}`: 0,
		`ferry_addresses_ready{chain="ethereum"}`: 0, `ferry_scrape_ok{part="wallet"}`: 1})
	for _, name := range []string{"ferry_chain_tip_age_seconds", "ferry_reconciliation_difference_coins", "ferry_payments_open", "ferry_balance_coins"} {
		m.Lack(t, name)
	}
}

func TestWhatThePartsTell(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	registry := prometheus.NewRegistry()
	w := wallet.New(registry, pgtest.New(t, "hotwallet"), asset.Bitcoin, func() time.Time { return now })
	if err := w.Node(t.Context()); err == nil || !strings.Contains(err.Error(), "has not answered yet") {
		t.Errorf("a node never heard of: %v", err)
	}
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{`ferry_node_answer_age_seconds{chain="bitcoin"}`: -1})

	w.Watch().Tip(321)
	now = now.Add(30 * time.Second)
	if err := w.Node(t.Context()); err != nil {
		t.Errorf("a node that has answered: %v", err)
	}
	now = now.Add(time.Second)
	if err := w.Node(t.Context()); err == nil || !strings.Contains(err.Error(), "for 31 s") {
		t.Errorf("a silent node: %v", err)
	}
	w.Watch().Reorg(1)
	w.Watch().Reorg(2)
	w.Watch().TooDeep()
	w.Watch().Credits([]chain.Credit{{}, {Source: chain.Internal}, {Source: chain.Internal}})
	w.Watch().Unseen(true)
	w.Payment().Signing(payment.Refused)
	w.Payment().Broadcast(chain.Unknown)
	w.Call("issue", "")
	w.Call("issue", swap.CodeUnavailable)
	w.Balances(treasury.Balances{Asset: asset.BTC, Available: asset.NewUnits(150_000_000), Reserved: asset.NewUnits(1),
		OnChain: big.NewInt(200_000_000), InFlight: big.NewInt(-5), Suspense: big.NewInt(0),
		DustThreshold: asset.NewUnits(6800)})
	admintest.Scrape(t, registry).Want(t, admintest.Metrics{
		`ferry_node_height{chain="bitcoin"}`: 321, `ferry_node_answer_age_seconds{chain="bitcoin"}`: 31,
		`ferry_chain_reorg_depth_blocks_count{chain="bitcoin"}`: 2, `ferry_chain_reorg_depth_blocks_sum{chain="bitcoin"}`: 3,
		`ferry_chain_reorg_depth_blocks_bucket{chain="bitcoin",le="1"}`: 1, `ferry_chain_reorg_too_deep_total{chain="bitcoin"}`: 1,
		`ferry_chain_credits_total{chain="bitcoin",source="transfer"}`: 1, `ferry_chain_credits_total{chain="bitcoin",source="internal"}`: 2,
		`ferry_node_unseen{chain="bitcoin"}`:                                        1,
		`ferry_payment_signings_total{chain="bitcoin",outcome="refused"}`:           1,
		`ferry_payment_broadcasts_total{answer="unknown",chain="bitcoin"}`:          1,
		`ferry_wallet_calls_total{call="issue",chain="bitcoin",code="ok"}`:          1,
		`ferry_wallet_calls_total{call="issue",chain="bitcoin",code="unavailable"}`: 1,
		`ferry_balance_coins{asset="BTC",kind="available"}`:                         1.5,
		`ferry_balance_coins{asset="BTC",kind="on_chain"}`:                          2,
		`ferry_balance_coins{asset="BTC",kind="reserved"}`:                          0.00000001,
		`ferry_balance_coins{asset="BTC",kind="in_flight"}`:                         -0.00000005,
		`ferry_balance_coins{asset="BTC",kind="suspense"}`:                          0,
		`ferry_balance_coins{asset="BTC",kind="dust_threshold"}`:                    0.000068,
	})
}
