package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/deploy/demo/client"
	"ferry/deploy/parts"
	"ferry/swap"
	"ferry/swap/asset"
)

// absence is how long a part stays away; FERRY_TEST_ABSENCE=1m is the long version.
func absence(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("FERRY_TEST_ABSENCE")
	if text == "" {
		return 5 * time.Second
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// absences is how many parts go away in the test below, one after another.
const absences = 7

// Setup: four swaps, each at another stage: booked, deposit seen, payout ordered,
// payout sent. Test: a part is away for a while. All four settle, once.
func TestPartsGoAway(t *testing.T) { //nolint:paralleltest // one cluster at a time is what a small machine bears
	ctx, cancel := context.WithTimeout(t.Context(), runLimit+absences*absence(t))
	defer cancel()
	h := stormyHouse(ctx, t)
	for _, row := range []struct {
		name, part string
		leave      func(ctx context.Context, name string) error
		back       func(ctx context.Context, name string) error
		blocks     bool // blocks come while it is away
	}{
		{"postgres is killed", "postgres", func(_ context.Context, n string) error { return h.up.Kill(n) }, h.up.Restart, true},
		{"kafka is killed", "kafka", func(_ context.Context, n string) error { return h.up.Kill(n) }, h.up.Restart, true},
		{"btcd stops", "btcd", h.up.StopOne, h.up.Restart, false},
		{"btcd freezes", "btcd", func(_ context.Context, n string) error { return h.up.Freeze(n) },
			func(_ context.Context, n string) error { return h.up.Thaw(n) }, false},
		{"geth stops", "geth", h.up.StopOne, h.up.Restart, true},
		{"geth freezes", "geth", func(_ context.Context, n string) error { return h.up.Freeze(n) },
			func(_ context.Context, n string) error { return h.up.Thaw(n) }, true},
	} {
		step(t, row.name, func(t *testing.T) {
			swaps, goOn, err := h.stages(ctx)
			defer goOn()
			must(t, err)
			must(t, row.leave(ctx, row.part))
			must(t, h.up.Restart(ctx, "signerd"))
			if row.blocks {
				goOn()
			}
			away := time.NewTimer(absence(t))
			defer away.Stop()
			if row.part == "postgres" || row.part == "kafka" {
				must(t, h.deposit(ctx, &swaps[0])) // nobody who needs it sees this deposit
			}
			select {
			case <-away.C:
			case err := <-h.up.Failed():
				t.Fatal(err)
			}
			must(t, row.back(ctx, row.part))
			for _, e := range swaps {
				must(t, h.resend(ctx, e))
			}
			goOn()
			if swaps[0].txid == "" {
				must(t, h.deposit(ctx, &swaps[0]))
			}
			for _, e := range swaps {
				must(t, h.settled(ctx, e.Terms))
			}
			must(t, h.kept(ctx))
			if row.name == "geth freezes" {
				must(t, h.alarmed(ctx, "alarm.stale_feed ethereum", "the node has shown no new block since"))
			}
		})
	}
	step(t, "the venue freezes", h.withoutPrices)
	step(t, "everything is published again", func(t *testing.T) {
		var before, after string
		must(t, h.query(ctx, &before, everythingSQL))
		must(t, h.publishAgain(ctx))
		must(t, h.query(ctx, &after, everythingSQL))
		if before != after {
			t.Fatalf("records at new offsets had an effect: before\n%s\nafter\n%s", before, after)
		}
		var deposits float64
		must(t, h.query(ctx, &deposits, `SELECT count(*)::float8 FROM hotwallet.deposit WHERE state = 'confirmed' AND swap_id <> ''`))
		must(t, h.measures(ctx, "swapd", `ferry_facts_total{kind="deposit.confirmed",outcome="duplicate"}`, deposits))
		must(t, h.kept(ctx))
	})
	must(t, h.booksAgree(ctx))
}

// withoutPrices: a venue that is silent with its connection open is no reason to
// price from what it said last. Quotes are refused and say why until it speaks.
func (h *house) withoutPrices(t *testing.T) {
	ctx := t.Context()
	must(t, h.up.Freeze("venuesim"))
	var shown string
	must(t, h.until(ctx, "rates without a price", lookEvery, func() (bool, error) {
		rates, err := h.api.Rates(ctx)
		if err != nil || len(rates) == 0 {
			return false, err
		}
		shown = rates[0].Unavailable
		return shown != "", nil
	}))
	_, _, err := h.api.CreateQuote(ctx, client.QuoteRequest{From: asset.BTC, To: asset.ETH, DepositAmount: usual[asset.BTC]})
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Code != swap.CodePriceUnavailable || problem.Detail == "" {
		t.Fatalf("a quote of a venue that is silent: %v; the rates say %q", err, shown)
	}
	t.Logf("the rates say %q, the quote %q", shown, problem.Detail)
	must(t, h.alarmed(ctx, "liquidityd is not ready: prices:"))
	must(t, h.up.Thaw("venuesim"))
	both, err := h.bookBoth(ctx)
	must(t, err)
	both, err = h.payBoth(ctx, both)
	must(t, err)
	must(t, h.settleBoth(ctx, both))
	must(t, h.kept(ctx))
}

// everythingSQL is all that a fact or an order can change.
const everythingSQL = `SELECT concat_ws(E'\n',
	(SELECT string_agg(id || ' ' || state || ' ' || version, ',' ORDER BY id) FROM swap.swap),
	(SELECT count(*) || ' events' FROM swap.swap_event), (SELECT count(*) || ' parked' FROM swap.parked_fact),
	(SELECT count(*) || ' entries' FROM swap.entry), (SELECT count(*) || ' malformed' FROM swap.malformed_record),
	(SELECT string_agg(order_id || ' ' || state, ',' ORDER BY order_id) FROM hotwallet.payment),
	(SELECT count(*) || ' attempts' FROM hotwallet.attempt), (SELECT count(*) || ' entries' FROM hotwallet.entry))`

// publishAgain has every relay publish its whole outbox once more, under the same
// numbers and at new offsets, and waits until all of it is consumed.
func (h *house) publishAgain(ctx context.Context) (err error) {
	owner, err := url.Parse(h.up.Settings().SupportURL)
	if err != nil {
		return err
	}
	owner.User = url.User(parts.Superuser)
	conn, err := pgx.Connect(ctx, owner.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	const consumedSQL = `SELECT (SELECT coalesce(sum(next_offset), 0) FROM swap.consumer_offset WHERE topic = 'ferry.facts')
		+ (SELECT coalesce(sum(next_offset), 0) FROM hotwallet.consumer_offset WHERE topic = 'ferry.orders')`
	var consumed, due, now int64
	err = conn.QueryRow(ctx, `SELECT (`+consumedSQL+`), (SELECT count(*) FROM gateway.outbox WHERE topic = 'ferry.facts')
		+ (SELECT count(*) FROM hotwallet.outbox WHERE topic = 'ferry.facts')
		+ (SELECT count(*) FILTER (WHERE topic = 'ferry.facts') + 2 * count(*) FILTER (WHERE topic = 'ferry.orders') FROM swap.outbox)`).
		Scan(&consumed, &due)
	if err != nil {
		return err
	}
	for _, schema := range []string{"gateway", "hotwallet", "swap"} {
		if _, err := conn.Exec(ctx, `UPDATE `+schema+`.relay_cursor SET xid = '0', id = 0, seq = 0`); err != nil {
			return err
		}
	}
	return h.until(ctx, fmt.Sprintf("%d more records to be consumed", due), lookEvery, func() (bool, error) {
		err := conn.QueryRow(ctx, consumedSQL).Scan(&now)
		return due > 0 && now >= consumed+due, err
	})
}

// stages brings four swaps to four stages. signerd is down and the miner held.
func (h *house) stages(ctx context.Context) (swaps [4]storm, goOn func(), err error) {
	goOn = func() {}
	for i, pair := range []asset.Pair{btcToETH, btcToETH, ethToBTC, ethToBTC} {
		if swaps[i], err = h.exchangeOf(ctx, pair); err != nil {
			return swaps, goOn, err
		}
	}
	goOn = h.still()
	sent, ordered, seen := &swaps[3], &swaps[2], &swaps[1]
	if err := h.deposit(ctx, sent); err != nil {
		return swaps, goOn, err
	}
	if err := h.see(ctx, sent.Terms, "sent", reached(swap.PayoutBroadcast)); err != nil {
		return swaps, goOn, err
	}
	if err := h.up.Kill("signerd"); err != nil {
		return swaps, goOn, err
	}
	for _, e := range []*storm{ordered, seen} {
		if err := h.deposit(ctx, e); err != nil {
			return swaps, goOn, err
		}
	}
	if err := h.see(ctx, ordered.Terms, "ordered", reached(swap.PayoutQueued)); err != nil {
		return swaps, goOn, err
	}
	return swaps, goOn, h.see(ctx, seen.Terms, "seen", reached(swap.DepositDetected))
}
