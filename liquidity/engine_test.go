package liquidity_test

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kfake"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/migrations/pgtest"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/rpc"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/rpc/ferry/v1/ferryv1connect"
	"ferry/swap/swaptest"
)

const patience = 60 * time.Second

// venue quotes what a test tells it to, and a book of 0.0350 to 0.0360 at first.
type venue struct{ tops chan liquidity.Top }

func (venue) Instrument() liquidity.Instrument {
	return liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
}
func (venue) StaleAfter() time.Duration { return time.Hour }
func (venue) Name() string              { return "played" }

func (v venue) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-v.tops:
			deliver(t)
		}
	}
}

func (v venue) quote(bid, ask uint64) {
	v.tops <- liquidity.Top{Instrument: v.Instrument(), Bid: liquidity.Level{Price: bid, Size: 1e12}, Ask: liquidity.Level{Price: ask, Size: 1e12},
		VenueTime: time.Now(), ReceivedAt: time.Now()}
}

// wallet tells balances again and again, as the hot wallet does.
type wallet struct {
	mu       sync.Mutex
	balances map[asset.ID]swap.Balance
}

func (w *wallet) set(id asset.ID, available, halted string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, err := asset.ParseDecimal(id, available)
	if err != nil {
		panic(err)
	}
	w.balances[id] = swap.Balance{Asset: id, Available: a.Units, DustThreshold: asset.NewUnits(546), Halted: halted}
}

func (w *wallet) run(ctx context.Context, t *testing.T, p *bus.Publisher) {
	t.Helper()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		w.mu.Lock()
		for id, b := range w.balances {
			b.At = time.Now()
			if err := p.Publish(ctx, bus.TopicBalances, string(id), bus.KindBalance, b); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// desk is a running engine behind a Unix socket, with a Kafka and a schema of its own.
type desk struct {
	client    ferryv1connect.LiquidityClient
	pool      *pgxpool.Pool
	venue     venue
	wallet    *wallet
	publisher *bus.Publisher
	rates     chan swap.Rate
	keys      swap.PublicKeys
	pairs     []liquidity.PairConfig
	consumed  *progress
	// locked counts the locks that the engine told of.
	locked *atomic.Int64
	// signing are the engine's key and its attestor's; requoted what became of requests.
	signing  swaptest.Keys
	requoted chan string
	// failed is told of each batch that will be read again.
	failed chan struct{}
}

// failures are log records of batches that failed.
type failures struct {
	slog.Handler
	failed chan struct{}
}

func (failures) Enabled(context.Context, slog.Level) bool { return true }

func (f failures) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "batch failed, will read it again" {
		select {
		case f.failed <- struct{}{}:
		default:
		}
	}
	return nil
}

// progress is how many updates a test has told.
type progress struct{ want int64 }

func open(t *testing.T, change func(*liquidity.Config)) desk {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, bus.TopicRates, bus.TopicBalances, bus.TopicUpdates, bus.TopicRequotes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := desk{pool: pgtest.New(t, "liquidity"), venue: venue{make(chan liquidity.Top)}, rates: make(chan swap.Rate),
		wallet: &wallet{balances: map[asset.ID]swap.Balance{}}, keys: swap.PublicKeys{swap.KeyID(pub): pub}, consumed: &progress{}, locked: &atomic.Int64{},
		signing: swaptest.Keys{Quote: key, Attest: swaptest.NewKeys().Attest}, requoted: make(chan string, 100), failed: make(chan struct{}, 1)}
	config := liquidity.Default()
	if change != nil {
		change(&config)
	}
	d.pairs = config.Pairs
	log := slog.New(failures{slog.DiscardHandler, d.failed})
	engine, err := liquidity.New(config, liquidity.Parts{Store: postgres.New(d.pool, time.Now), Sources: []liquidity.Source{d.venue},
		Key: key, AttestKeys: d.signing.AttestKeys(), Brokers: cluster.ListenAddrs(), Log: log, Now: time.Now,
		Observe: func(call string, code swap.Code) {
			if call == "lock" && code == "" {
				d.locked.Add(1)
			}
		}, Requoted: func(outcome string) { d.requoted <- outcome }})
	if err != nil {
		t.Fatal(err)
	}
	if d.publisher, err = bus.NewPublisher("test", cluster.ListenAddrs()); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(engine.Handler())
	socket := filepath.Join(t.TempDir(), "l.sock")
	listener, err := rpc.Listen(socket, -1)
	if err != nil {
		t.Fatal(err)
	}
	d.client = ferryv1connect.NewLiquidityClient(rpc.Client(socket), rpc.BaseURL, rpc.ClientOptions()...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	var running sync.WaitGroup
	start := func(f func() error) {
		running.Go(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	start(func() error { return engine.Run(ctx) })
	start(func() error { return rpc.Serve(ctx, listener, mux) })
	start(func() error { d.wallet.run(ctx, t, d.publisher); return nil })
	start(func() error {
		return bus.Follow(ctx, cluster.ListenAddrs(), bus.TopicRates, log, func(r bus.Record) { d.heard(ctx, t, r) })
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		d.publisher.Close()
	})
	return d
}

func (d desk) heard(ctx context.Context, t *testing.T, r bus.Record) {
	t.Helper()
	rate, err := bus.Decode[swap.Rate](r)
	if err != nil || rate.Pair.String() != r.Key || r.Kind != bus.KindRate || r.Source != "liquidity" {
		t.Errorf("record %+v: %v", r, err)
	}
	select {
	case d.rates <- rate:
	case <-ctx.Done():
	}
}

// until reads rates until one of the pair fits.
func (d desk) until(t *testing.T, pair string, fits func(swap.Rate) bool) swap.Rate {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last swap.Rate
	for {
		select {
		case rate := <-d.rates:
			if rate.Pair.String() == pair {
				last = rate
			}
			if rate.Pair.String() == pair && fits(rate) {
				return rate
			}
		case <-ctx.Done():
			t.Fatalf("no rate of %s fits; the last was %+v", pair, last)
		}
	}
}

func available(r swap.Rate) bool { return r.Unavailable == "" }

// openForBusiness has a book and balances, and its rates out.
func openForBusiness(t *testing.T, change func(*liquidity.Config)) desk {
	t.Helper()
	d := open(t, change)
	d.venue.quote(3_500_000, 3_600_000)
	d.wallet.set(asset.BTC, "10", "")
	d.wallet.set(asset.ETH, "100", "")
	for _, pair := range d.pairs {
		d.until(t, pair.Pair.String(), available)
	}
	return d
}

func (d desk) lock(ctx context.Context, from, to, deposit, payout, client string) (string, error) {
	res, err := d.client.Lock(ctx, connect.NewRequest(&ferryv1.LockRequest{From: from, To: to, DepositAmount: deposit, PayoutAmount: payout, Client: client}))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedQuote(), nil
}

func (d desk) accept(ctx context.Context, signed, swapID string) error {
	_, err := d.client.Accept(ctx, connect.NewRequest(&ferryv1.AcceptRequest{SignedQuote: signed, SwapId: swapID}))
	return err
}

func (d desk) count(t *testing.T, where string) int {
	t.Helper()
	var n int
	if err := d.pool.QueryRow(t.Context(), "SELECT count(*) FROM lock WHERE "+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
