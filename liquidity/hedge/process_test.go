package hedge_test

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ferry/liquidity"
	"ferry/liquidity/hedge"
	"ferry/liquidity/postgres"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
)

var errDead = errors.New("this process is dead")

// life is how long a process lives: it dies before or after its n-th effect.
type life struct {
	mu    sync.Mutex
	steps int
	// killAt is the step, 0 for never; after says that its effect still happens.
	killAt int
	after  bool
	dead   bool
}

// step does what, if the process lives, and answers errDead if it does not live after it.
func (l *life) step(what func() error) error {
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		return errDead
	}
	l.steps++
	now := l.steps == l.killAt
	l.dead = now
	l.mu.Unlock()
	if now && !l.after {
		return errDead
	}
	if err := what(); !now {
		return err
	}
	return errDead
}

// mortalStore and mortalVenue are what a process has, as long as it lives.
type mortalStore struct {
	hedge.Store
	*life
}

func (s mortalStore) Expose(ctx context.Context, consumer string, b bus.Batch, e []hedge.Exposure, caps map[asset.ID]asset.Units, m hedge.Marks) error {
	return s.step(func() error { return s.Store.Expose(ctx, consumer, b, e, caps, m) })
}

func (s mortalStore) Positions(ctx context.Context) (p []hedge.Position, err error) {
	err = s.step(func() error { p, err = s.Store.Positions(ctx); return err })
	return p, err
}

func (s mortalStore) Intend(ctx context.Context, p hedge.Position, orders []hedge.Intent) error {
	return s.step(func() error { return s.Store.Intend(ctx, p, orders) })
}

func (s mortalStore) Settle(ctx context.Context, o hedge.Outcome) error {
	return s.step(func() error { return s.Store.Settle(ctx, o) })
}

type mortalVenue struct {
	trade.Venue
	*life
	patience
}

// patience ends with the call of whoever waits for an answer that will never come.
type patience chan struct{}

func (p patience) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, giveUp := context.WithCancel(ctx)
	go func() {
		select {
		case <-p:
			giveUp()
		case <-ctx.Done():
		}
	}()
	return ctx, giveUp
}

func (v mortalVenue) Place(ctx context.Context, o trade.Order) (r trade.Report, err error) {
	ctx, giveUp := v.until(ctx)
	defer giveUp()
	err = v.step(func() error { r, err = v.Venue.Place(ctx, o); return err })
	return r, err
}

func (v mortalVenue) Find(ctx context.Context, o trade.Order, since time.Time) (r trade.Report, err error) {
	err = v.step(func() error { r, err = v.Venue.Find(ctx, o, since); return err })
	return r, err
}

func (v mortalVenue) Fills(ctx context.Context, i liquidity.Instrument, since time.Time) (f []trade.Fill, err error) {
	err = v.step(func() error { f, err = v.Venue.Fills(ctx, i, since); return err })
	return f, err
}

// clock is everybody's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a database, an exchange with some venues and a clock; processes come and go.
type world struct {
	t     *testing.T
	pool  *pgxpool.Pool
	store *postgres.HedgeStore
	venuetest.Exchange
	clock  *clock
	hung   patience
	venues []string
	start  map[asset.ID]*big.Int
	offset int64
	swaps  int
	// trusts is the processes' Parts.Trusts.
	trusts func(venue string, i liquidity.Instrument) bool
}

var ethBTC = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

const fair = 3_500_000 // 0.035, where the exchange begins

func units(text string) asset.Units { return asset.MustUnits(text) }

func config() hedge.Config {
	return hedge.Config{Assets: map[asset.ID]hedge.Policy{asset.ETH: {Instrument: ethBTC, Target: new(big.Int), Band: units("10000000000000000"),
		OrderMost: units("100000000000000000000"), Early: units("1000000000000000000"), AtLock: units("20000000000000000000"),
		UnconfirmedMost: units("50000000000000000000")}},
		Every: time.Second, OrderFor: 5 * time.Second, Grace: time.Second, SlipBPS: 500, PauseFor: 2 * time.Second}
}

func newWorld(t *testing.T, venues ...string) *world {
	t.Helper()
	w := &world{t: t, pool: pgtest.New(t, "liquidity"), clock: &clock{now: time.Now().Truncate(time.Millisecond)}, hung: make(patience), venues: venues}
	w.store = postgres.NewHedges(w.pool)
	w.Exchange = venuetest.Play(t, "127.0.0.1:0", func(c *simulator.Config) {
		c.Venues, c.Now = venues, w.clock.Now
		c.Hung = func() {
			select {
			case w.hung <- struct{}{}: // whoever placed it is waiting
			case <-t.Context().Done():
			}
		}
	})
	w.start = w.holdings()
	return w
}

// process is a hedger that lives as long as its life says.
func (w *world) process(l *life) *hedge.Hedger {
	w.t.Helper()
	var traders []hedge.Trader
	for n, name := range w.venues {
		traders = append(traders, hedge.Trader{Venue: mortalVenue{w.trader(name), l, w.hung}, FeeBPS: 10 + int64(n)})
	}
	h, err := hedge.New(config(), hedge.Parts{Store: mortalStore{w.store, l},
		Venues: traders, Fair: func(liquidity.Instrument) (uint64, uint64, bool) { return fair - 100, fair + 100, true }, Trusts: w.trusts,
		Log: slog.New(slog.DiscardHandler), Now: w.clock.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// trader trades at one of the exchange's venues.
func (w *world) trader(name string) trade.Venue {
	w.t.Helper()
	key := rest.Key{ID: simulator.AccountKey, Secret: rest.NewSecret(simulator.AccountPhrase), Passphrase: rest.NewSecret(simulator.AccountPhrase)}
	var v trade.Venue
	var err error
	switch base := "http://" + w.Address + "/" + name; name {
	case simulator.Binance:
		v, err = binance.NewTrader("http://"+w.Address, key, venuetest.AnswerWithin, w.clock.Now)
	case simulator.Kraken:
		v, err = kraken.NewTrader(base, key, venuetest.AnswerWithin, w.clock.Now)
	case simulator.OKX:
		v, err = okx.NewTrader(base, key, venuetest.AnswerWithin, w.clock.Now)
	case simulator.Bitstamp:
		v, err = bitstamp.NewTrader(base, key, venuetest.AnswerWithin, w.clock.Now)
	case simulator.Coinbase:
		key.Secret = rest.NewSecret(simulator.CoinbaseKey())
		v, err = coinbase.NewTrader(base, key, venuetest.AnswerWithin, w.clock.Now)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// settled is an update of a new swap that was exchanged: ether in and bitcoin out, or the
// other way if it is negative, in hundredths of an ether.
func (w *world) settled(hundredths int64) swap.Update {
	w.swaps++
	ether := asset.Amount{Asset: asset.ETH, Units: units(big.NewInt(0).Mul(big.NewInt(max(hundredths, -hundredths)), big.NewInt(1e16)).String())}
	bitcoin := asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(uint64(max(hundredths, -hundredths)) * fair / 100)}
	in, out := ether, bitcoin
	if hundredths < 0 {
		in, out = bitcoin, ether
	}
	id := swap.NewID(swap.SwapPrefix, w.clock.Now())
	return swap.Update{SwapID: id, Version: 1, State: swap.PayoutQueued, At: w.clock.Now(),
		Deposits: []swap.Deposit{{ID: "d", Amount: in, State: swap.DepositFinal, Verdict: swap.VerdictCounted}},
		Payments: []swap.Payment{{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout, Deposits: []string{"d"}, Amount: out, State: swap.PaymentQueued}}}
}

// batch is the next batch of the topic, until it is handled.
func (w *world) batch(updates ...swap.Update) bus.Batch {
	w.t.Helper()
	b := bus.Batch{Topic: bus.TopicUpdates, From: w.offset, Next: w.offset + int64(len(updates))}
	for _, u := range updates {
		m, err := bus.UpdateMessage(u)
		if err != nil {
			w.t.Fatal(err)
		}
		b.Records = append(b.Records, bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Body: m.Body})
	}
	return b
}

// deliver has a process handle the batch unless it was handled.
func (w *world) deliver(h *hedge.Hedger, b bus.Batch) error {
	w.t.Helper()
	stored, err := w.store.Offset(w.t.Context(), hedge.Group, b.Topic, b.Partition)
	if err != nil {
		w.t.Fatal(err)
	}
	if stored == b.Next {
		w.offset = b.Next
		return nil
	}
	if err := h.Handle(w.t.Context(), b); err != nil {
		return err
	}
	w.offset = b.Next
	return nil
}

// position is what the book says; open how many orders are not resolved.
func (w *world) position(id asset.ID) (n *big.Int, open int) {
	w.t.Helper()
	positions, err := w.store.Positions(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	n = new(big.Int)
	for _, p := range positions {
		open += len(p.Open)
		if p.Asset == id {
			n = p.Units
		}
	}
	return n, open
}

// holdings are what the exchange's accounts hold, in base units.
func (w *world) holdings() map[asset.ID]*big.Int {
	sum := map[asset.ID]*big.Int{asset.ETH: new(big.Int), asset.BTC: new(big.Int)}
	for _, venue := range w.venues {
		for id, n := range sum {
			n.Add(n, new(big.Int).SetUint64(w.Holdings(venue)[id]))
		}
	}
	sum[asset.ETH].Mul(sum[asset.ETH], big.NewInt(1e10))
	return sum
}
