package postgres_test

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/liquidity/trade"
	"ferry/migrations/pgtest"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

func exposure(swapID string, version, eth int64, stage hedge.Stage) hedge.Exposure {
	e := hedge.Exposure{SwapID: swapID, Version: version, Stage: stage, Flows: hedge.Flows{}}
	if eth != 0 {
		e.Flows[asset.ETH], e.Flows[asset.BTC] = big.NewInt(eth), big.NewInt(-eth/10)
	}
	if stage == hedge.StageDetected {
		e.Unconfirmed = asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(uint64(max(eth, -eth)))}
	}
	return e
}

// hedges is a store and the next offset of its one partition.
type hedges struct {
	*postgres.HedgeStore
	t    *testing.T
	next int64
}

func (h *hedges) expose(exposures ...hedge.Exposure) {
	h.t.Helper()
	b := bus.Batch{Topic: bus.TopicUpdates, From: h.next, Next: h.next + 1}
	caps := map[asset.ID]asset.Units{asset.ETH: asset.NewUnits(100)}
	if err := h.Expose(h.t.Context(), hedge.Group, b, exposures, caps, hedge.Marks{}); err != nil {
		h.t.Fatal(err)
	}
	h.next++
	if err := h.Expose(h.t.Context(), hedge.Group, b, exposures, caps, hedge.Marks{}); !errors.Is(err, bus.ErrOffsetMoved) {
		h.t.Fatalf("the same batch again: %v", err)
	}
}

func (h *hedges) position(id asset.ID) hedge.Position {
	h.t.Helper()
	positions, err := h.Positions(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range positions {
		if p.Asset == id {
			return p
		}
	}
	return hedge.Position{Asset: id, Units: new(big.Int)}
}

// Setup: swaps whose exposure changes. Test: the position is what the newest versions come
// to, whatever comes again; what is not confirmed counts up to the cap and no further, and
// makes room when it is gone.
func TestExposures(t *testing.T) {
	t.Parallel()
	h := &hedges{postgres.NewHedges(pgtest.New(t, "liquidity")), t, 0}
	for n, step := range []struct {
		told []hedge.Exposure
		want int64
	}{
		{[]hedge.Exposure{exposure("a", 1, 0, hedge.StageNone), exposure("a", 2, 50, hedge.StageConfirmed)}, 50},
		{[]hedge.Exposure{exposure("a", 1, 0, hedge.StageNone), exposure("a", 2, 99, hedge.StageConfirmed)}, 50},
		{[]hedge.Exposure{exposure("b", 1, -60, hedge.StageDetected), exposure("c", 1, -60, hedge.StageDetected)}, -10},
		{[]hedge.Exposure{exposure("b", 2, 0, hedge.StageNone), exposure("c", 2, -60, hedge.StageDetected)}, -10},
		{[]hedge.Exposure{exposure("b", 3, -41, hedge.StageDetected), exposure("d", 1, -40, hedge.StageDetected)}, -50},
		{[]hedge.Exposure{exposure("b", 4, -41, hedge.StageConfirmed), exposure("a", 3, 0, hedge.StageNone)}, -141},
		{[]hedge.Exposure{exposure("b", 5, 0, hedge.StageNone), exposure("c", 3, 0, hedge.StageNone), exposure("d", 2, 0, hedge.StageNone)}, 0},
	} {
		h.expose(step.told...)
		if got := h.position(asset.ETH).Units; got.Int64() != step.want {
			t.Errorf("step %d: the position is %s, want %d", n, got, step.want)
		}
		if eth, btc := h.position(asset.ETH).Units.Int64(), h.position(asset.BTC).Units.Int64(); n == 0 && (eth != 50 || btc != -5) {
			t.Errorf("%d of ether, %d of bitcoin", eth, btc)
		}
	}
}

func intent(h *hedges, round int64, venue string) hedge.Intent {
	now := time.Now().Truncate(time.Millisecond)
	return hedge.Intent{Venue: venue, Asset: asset.ETH, Mark: 3_500_000, At: now, Order: trade.Order{ClientID: fmt.Sprintf("%032x", round), Side: trade.Buy, Size: 3, Price: 3_600_000,
		Instrument: liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}, Deadline: now.Add(time.Second)}}
}

// Setup: a position, and processes that decide about it at once. Test: one stores its round,
// the others are overtaken, and nobody may while an order is open; its outcome is stored
// once, with its fills, and a fill that was booked before is refused with all of it.
func TestRounds(t *testing.T) {
	t.Parallel()
	h := &hedges{postgres.NewHedges(pgtest.New(t, "liquidity")), t, 0}
	h.expose(exposure("a", 1, -50, hedge.StageConfirmed))
	p := h.position(asset.ETH)
	var group sync.WaitGroup
	errs := make([]error, 5)
	for n := range errs {
		group.Go(func() { errs[n] = h.Intend(t.Context(), p, []hedge.Intent{intent(h, int64(n)+1, "kraken")}) })
	}
	group.Wait()
	stored := 0
	for _, err := range errs {
		if err == nil {
			stored++
		} else if !errors.Is(err, hedge.ErrOvertaken) {
			t.Error(err)
		}
	}
	p = h.position(asset.ETH)
	if stored != 1 || len(p.Open) != 1 || p.Round != 1 {
		t.Fatalf("%d rounds were stored: %+v", stored, p)
	}
	open := p.Open[0]
	if want := intent(h, 1, "kraken"); open.Instrument != want.Instrument || open.Size != want.Size || open.Price != want.Price || open.Mark != want.Mark || open.Side != want.Side {
		t.Errorf("it was stored as %+v", open)
	}
	if err := h.Intend(t.Context(), p, []hedge.Intent{intent(h, 9, "kraken")}); !errors.Is(err, hedge.ErrOvertaken) {
		t.Errorf("while an order is open: %v", err)
	}
	done := hedge.Outcome{Intent: open, Ending: hedge.Done, VenueID: "v1", At: time.Now(), Fills: []trade.Fill{{ID: "f1", VenueOrderID: "v1", Side: trade.Buy, Size: 2, Price: 3_500_000, At: time.Now()}}}
	if err := h.Settle(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	if err := h.Settle(t.Context(), done); !errors.Is(err, hedge.ErrSettled) {
		t.Errorf("settled again: %v", err)
	}
	if got := h.position(asset.ETH).Units.String(); got != "19999999950" {
		t.Errorf("the position is %s", got)
	}
	known, err := h.VenueOrders(t.Context(), "kraken", time.Now())
	if err != nil || !known["v1"] {
		t.Errorf("orders at the venue: %v, %v", known, err)
	}

	again := h.position(asset.ETH)
	if err := h.Intend(t.Context(), again, []hedge.Intent{intent(h, 77, "kraken")}); err != nil {
		t.Fatal(err)
	}
	twice := hedge.Outcome{Intent: intent(h, 77, "kraken"), Ending: hedge.Done, VenueID: "v2", At: time.Now(), Fills: done.Fills}
	if err := h.Settle(t.Context(), twice); err == nil {
		t.Error("a fill was booked twice")
	}
	if p := h.position(asset.ETH); len(p.Open) != 1 || p.Units.String() != "19999999950" {
		t.Errorf("what was refused changed something: %+v", p)
	}
	void := hedge.Outcome{Intent: twice.Intent, Ending: hedge.Void, Reason: "refused", At: time.Now()}
	if err := h.Settle(t.Context(), void); err != nil {
		t.Fatal(err)
	}
	if p := h.position(asset.ETH); len(p.Open) != 0 || p.Units.String() != "19999999950" {
		t.Errorf("a void order changed something: %+v", p)
	}
}

// Setup: proposals of two venues. Test: what is proposed again keeps its beginning, what is
// not ends, and another venue's stay.
func TestProposals(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	h := postgres.NewHedges(pool)
	propose := func(venue string, second int64, units ...uint64) {
		var list []hedge.Proposal
		for n, u := range units {
			list = append(list, hedge.Proposal{Venue: venue, Direction: hedge.ToVenue, Reason: "few", Amount: asset.Amount{Asset: []asset.ID{asset.BTC, asset.ETH}[n], Units: asset.NewUnits(u)}})
		}
		if err := h.Propose(t.Context(), venue, list, time.Unix(second, 0)); err != nil {
			t.Fatal(err)
		}
	}
	propose("okx", 1, 5, 6)
	propose("kraken", 1, 7)
	propose("okx", 2, 8)
	var open string
	err := pool.QueryRow(t.Context(), `SELECT string_agg(venue || ' ' || asset || ' ' || units || ' ' || extract(epoch FROM proposed_at)::int, ', ' ORDER BY venue, asset)
		FROM treasury_proposal WHERE ended_at IS NULL`).Scan(&open)
	if err != nil || open != "kraken BTC 7 1, okx BTC 8 1" {
		t.Errorf("open are %q: %v", open, err)
	}
}

// What swaps have brought and taken since a time, of each asset; the other accounts are no part of it.
func TestFlowsSinceATime(t *testing.T) {
	t.Parallel()
	h := &hedges{postgres.NewHedges(pgtest.New(t, "liquidity")), t, 0}
	before := time.Now().Add(-time.Hour)
	h.expose(exposure("s1", 1, 50, hedge.StageConfirmed), exposure("s2", 1, -20, hedge.StageConfirmed))
	flows, err := h.Flows(t.Context(), before)
	if err != nil || fmt.Sprint(flows) != "map[BTC:-3 ETH:30]" {
		t.Errorf("%v, %v", flows, err)
	}
	if flows, err = h.Flows(t.Context(), time.Now().Add(time.Hour)); err != nil || len(flows) != 0 {
		t.Errorf("later: %v, %v", flows, err)
	}
}

// Each few seconds the day's flows are summed: by an index on the time, since the book grows
// for ever.
func TestFlowsAreFoundByTheirTime(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, "liquidity")
	query, err := os.ReadFile("hedge_flows.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`WITH e AS (INSERT INTO entry (key, kind, created_at) SELECT 'old:' || n, 'old', now() - n * interval '1 hour' FROM generate_series(1, 3000) n RETURNING key)
		 INSERT INTO posting (entry_key, n, account, asset, units) SELECT key, n, CASE n WHEN 0 THEN 'position' ELSE 'conversion' END, 'BTC', 1 - 2 * n FROM e, generate_series(0, 1) n`,
		"ANALYZE entry, posting"} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := pool.Query(t.Context(), "EXPLAIN "+string(query), pgx.NamedArgs{"since": time.Now().Add(-24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if plan := strings.Join(lines, "\n"); err != nil || !strings.Contains(plan, "Index Scan using entry_created") || !strings.Contains(plan, "Index Cond: (created_at >=") {
		t.Errorf("the whole book is read (%v):\n%s", err, plan)
	}
}
