package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/postgres"
	"ferry/swap"
	"ferry/swap/asset"
)

const (
	// lockClients ask for quotes at once, lockEach of them each, a round.
	lockClients = 16
	lockEach    = 500
	// lockOpen is how many open locks each of Ferry's clients comes to have.
	lockOpen = 10
)

func init() {
	register(Row{
		Number: 27, Name: "lock",
		What: fmt.Sprintf("quotes signed and booked against one balance, %d clients at once", lockClients),
		Unit: "locks", Goal: 0.5,
		Prepare: func(ctx context.Context, env *Env) (*Trial, error) {
			base, err := insertAndCommit(ctx, env, lockClients)
			return &Trial{Baseline: base, Subject: Side{Name: "Book", Run: func(ctx context.Context, _ int) (Sample, error) { return lockRound(ctx, env) }}}, err
		},
	})
}

// lockRound books in a schema of its own, so that no round has more promises to sum than
// another.
func lockRound(ctx context.Context, env *Env) (Sample, error) {
	schema, err := env.schema(ctx, "liquidity")
	if err != nil {
		return Sample{}, err
	}
	pool, err := env.pool(ctx, schema, "liquidityd", 4, nil)
	if err != nil {
		return Sample{}, err
	}
	defer pool.Close()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Sample{}, fmt.Errorf("make a key: %w", err)
	}
	defer liquidity.CollectLate()()
	store := postgres.New(pool, time.Now)
	bounds := liquidity.Bounds{Available: asset.MustUnits("1000000000000000000000000000"), BalanceAt: time.Now(), MaxLocks: 1_000_000}
	book := func(ctx context.Context, client string) error {
		q := lockQuote(time.Now())
		signed, err := swap.SignQuote(q, key)
		if err != nil {
			return err
		}
		booking, err := store.Book(ctx, liquidity.Lock{Quote: q, Signed: signed, Client: client}, bounds)
		if err == nil && !booking.Booked {
			err = fmt.Errorf("%s was not booked: %s", q.ID, booking.Stop)
		}
		return err
	}
	if err := book(ctx, "warm"); err != nil {
		return Sample{}, err
	}
	n := lockClients * env.scale(lockEach)
	return env.timed(ctx, n, func(ctx context.Context) error {
		return inParallel(ctx, lockClients, n, func(ctx context.Context, i int) error {
			return book(ctx, fmt.Sprintf("client-%d", i/lockOpen))
		})
	})
}

// lockQuote is a quote of 0.01 BTC.
func lockQuote(now time.Time) swap.Quote {
	now = swap.Millis(now)
	eth := func(units uint64) asset.Amount {
		return asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(units)}
	}
	return swap.Quote{ID: swap.NewID(swap.QuotePrefix, now), Pair: asset.Pair{From: asset.BTC, To: asset.ETH},
		Deposit: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(1_000_000)}, Payout: eth(280_000_000_000_000_000), Rate: "28.5",
		ServiceFee: eth(1_500_000_000_000_000), NetworkFee: eth(400_000_000_000_000), RefundFeeMax: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(3000)},
		IssuedAt: now, AcceptBy: now.Add(time.Minute), DepositWindowSeconds: 1200, ConfirmWindowSeconds: 7200}
}
