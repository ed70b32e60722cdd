package liquidity_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

const (
	stopMovePPM = 900
	settleAfter = 10 * minuteTicks
	moving      = "The price of ETH-BTC moves too much now."
)

// played is a day under way: the real engine, hedger and store, at venues that follow the
// script, under a clock that only ticks.
type played struct {
	t *testing.T
	script
	halted  []bool
	start   time.Time
	at      int
	venues  []*bourse
	tell    []func(liquidity.Top)
	engine  *liquidity.Engine
	hedger  *hedge.Hedger
	store   *postgres.Store
	hedges  *postgres.HedgeStore
	pool    *pgxpool.Pool
	keys    swaptest.Keys
	offset  int64
	settle  map[int]swap.Update
	swaps   int
	refused int
	want    account
}

func (d *played) now() time.Time { return d.start.Add(time.Duration(d.at) * tick) }

// Setup: a day from a seed, with a move of 20 to 50 %, a venue that is gone for a while,
// one that is 6 % off for a while, and swaps; played through the real engine, locks, hedger
// and books on Postgres. Test: at each tick prices, alerts, exclusions and stops are those
// that the seed implies; in the evening the books balance, and the result is what the test
// has summed up by itself, as a whole and in its parts.
func TestSeededDay(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 3, 6} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d := newDay(t, seed)
			for d.at = range ticks {
				d.tick()
			}
			d.evening()
			t.Log(d.script)
		})
	}
}

func newDay(t *testing.T, seed uint64) *played {
	t.Helper()
	d := &played{t: t, start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), keys: swaptest.NewKeys(), settle: map[int]swap.Update{},
		pool: pgtest.New(t, "liquidity"), want: newAccount()}
	var sources []liquidity.Source
	var traders []hedge.Trader
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		b := newBourse(name)
		d.venues, sources, traders = append(d.venues, b), append(sources, b), append(traders, hedge.Trader{Venue: b, FeeBPS: bourseFeeBPS})
	}
	d.script = newScript(seed, len(d.venues))
	d.halted = d.halts(len(d.venues), stopMovePPM)
	for at, halted := range d.halted {
		if halted && (at < d.moveFrom || at > d.moveFrom+moveTicks+2*minuteTicks) {
			t.Fatalf("the script stands still at tick %d: %s", at, d.script)
		}
	}
	if !d.halted[d.moveFrom+moveTicks/2] {
		t.Fatalf("the script's move does not stop the pair: %s", d.script)
	}
	d.store, d.hedges = postgres.New(d.pool, d.now), postgres.NewHedges(d.pool)
	config, log := liquidity.Default(), slog.New(slog.DiscardHandler)
	config.Market.StopMovePPM = stopMovePPM
	var err error
	d.engine, err = liquidity.New(config, liquidity.Parts{Store: d.store, Sources: sources, Key: d.keys.Quote, AttestKeys: d.keys.AttestKeys(),
		Brokers: []string{"none"}, Log: log, Now: d.now})
	if err != nil {
		t.Fatal(err)
	}
	d.hedger, err = hedge.New(hedge.Config{Assets: map[asset.ID]hedge.Policy{asset.ETH: {Instrument: sources[0].Instrument(), Target: new(big.Int),
		Band: bandETH, OrderMost: asset.MustUnits("20000000000000000000")}}, Every: time.Second, OrderFor: 5 * time.Second, Grace: time.Second,
		SlipBPS: 100, PauseFor: time.Second}, hedge.Parts{Store: d.hedges, Venues: traders, Fair: d.fair, Log: log, Now: d.now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.engine.Follow(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for _, b := range d.venues {
		d.tell = append(d.tell, <-b.deliver)
	}
	return d
}

// fair is what swaps are priced from, as liquidityd asks for it.
func (d *played) fair(liquidity.Instrument) (bid, ask uint64, ok bool) {
	p := d.engine.Prices()[0]
	return p.Bid, p.Ask, p.Unfit == ""
}

// tick is five seconds: all venues speak, what is due is settled, somebody may swap.
func (d *played) tick() {
	for n, b := range d.venues {
		mid := d.told(n, d.at)
		if mid > 0 || d.at > 0 && d.told(n, d.at-1) > 0 {
			d.tell[n](b.stand(mid, d.now()))
		}
	}
	d.judge()
	if u, due := d.settle[d.at]; due {
		d.handle(u)
	}
	if w, due := d.wishes[d.at]; due {
		d.serve(w)
	}
	if _, swapped := d.settle[d.at+settleAfter]; swapped || d.at%minuteTicks == 0 {
		if err := d.hedger.Round(d.t.Context()); err != nil {
			d.t.Fatalf("tick %d: %v", d.at, err)
		}
		if swapped {
			d.inBand()
		}
	}
}

// judge compares what operators are told with the script.
func (d *played) judge() {
	p, mid := d.engine.Prices()[0], d.path[d.at]
	bid, ask, unfit := mid-halfOf(mid), mid+halfOf(mid), ""
	if d.halted[d.at] {
		bid, ask, unfit = 0, 0, moving
	}
	if p.Bid != bid || p.Ask != ask || p.Unfit != unfit {
		d.t.Fatalf("tick %d: priced at %d to %d (%q), want %d to %d (%q)", d.at, p.Bid, p.Ask, p.Unfit, bid, ask, unfit)
	}
	for n, v := range p.Venues {
		if v.Alert != d.alert(n, d.at) || v.Excluded != d.off.has(n, d.at) {
			d.t.Fatalf("tick %d: venue %d has alert %q, excluded is %t; want %q", d.at, n, v.Alert, v.Excluded, d.alert(n, d.at))
		}
	}
}
