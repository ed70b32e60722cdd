package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// scenario is one course of events that swaps have to survive.
type scenario struct {
	name string
	// pairs are the directions of its swaps; it runs in the world of the first.
	pairs []asset.Pair
	// last scenarios leave the cluster unfit for more.
	last bool
	// own, if not nil, are the points that it is swept at, whether or not another scenario
	// is too: it is about a purpose of its own. Its daemons die at many in one round.
	own func(a aim) bool
	run func(ctx context.Context, w *world) error
}

// scenarios in the order they are traced and swept.
func scenarios() []scenario {
	var (
		forth = []asset.Pair{toEther}
		back  = []asset.Pair{toCoins}
		both  = []asset.Pair{toEther, toCoins}
	)
	to := func(pair asset.Pair, play func(w *world, ctx context.Context, pair asset.Pair) error) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error { return play(w, ctx, pair) }
	}
	return []scenario{
		{name: "BTC→ETH", pairs: forth, run: to(toEther, (*world).happy)},
		{name: "ETH→BTC", pairs: back, run: to(toCoins, (*world).happy)},
		{name: "ETH swept", pairs: back, run: swept},
		{name: "payouts batched", pairs: back, run: batch},
		{name: "payout outbid", pairs: back, run: outbid},
		{name: "USDT topped up", pairs: back, own: planning, run: func(ctx context.Context, w *world) error { return sweptToken(ctx, w, false) }},
		{name: "USDT swept", pairs: back, own: paying, run: func(ctx context.Context, w *world) error { return sweptToken(ctx, w, true) }},
		{name: "ETH payout retried", pairs: forth, own: paying, run: retried},
		{name: "ETH payout outbid", pairs: forth, own: paying, run: outbidEther},
		{name: "hedged, BTC→ETH", pairs: forth, own: hedging, run: to(toEther, (*world).hedged)},
		{name: "hedged, ETH→BTC", pairs: back, own: hedging, run: to(toCoins, (*world).hedged)},
		{name: "short BTC, refunded", pairs: forth, run: to(toEther, (*world).short)},
		{name: "short ETH, refunded", pairs: back, run: to(toCoins, (*world).short)},
		{name: "short BTC, swapped anew", pairs: forth, run: to(toEther, (*world).repriced)},
		{name: "short ETH, swapped anew", pairs: back, run: to(toCoins, (*world).repriced)},
		{name: "short BTC, asked", pairs: forth, run: to(toEther, (*world).asked)},
		{name: "short ETH, asked", pairs: back, run: to(toCoins, (*world).asked)},
		{name: "quote used twice, BTC→ETH", pairs: forth, run: to(toEther, (*world).usedTwice)},
		{name: "quote used twice, ETH→BTC", pairs: back, run: to(toCoins, (*world).usedTwice)},
		{name: "deadline passes", pairs: both, run: expired},
		{name: "daemons restart", pairs: both, run: restarted},
		{name: "relay taken over, BTC→ETH", pairs: forth, run: to(toEther, (*world).takenOver)},
		{name: "relay taken over, ETH→BTC", pairs: back, run: to(toCoins, (*world).takenOver)},
		{name: "reorg of a BTC deposit", pairs: forth, run: coinsDepositBack},
		{name: "reorg of an ETH deposit", pairs: back, run: etherDepositBack},
		{name: "reorg of an ETH payout", pairs: forth, run: etherPayoutBack},
		{name: "reorg of a BTC payout", pairs: back, run: coinsPayoutBack},
		{name: "node forgets mempool", pairs: forth, run: forgotten},
		{name: "signer away, BTC→ETH", pairs: forth, run: to(toEther, (*world).signerAway)},
		{name: "signer away, ETH→BTC", pairs: back, run: to(toCoins, (*world).signerAway)},
		{name: "dies signed, signer away", pairs: back, run: signedAndAway},
		{name: "reorg too deep, returns", pairs: both, run: coinsTooDeep},
		{name: "order replayed", pairs: back, last: true, run: replayed},
		{name: "reorg too deep", pairs: both, last: true, run: etherTooDeep},
	}
}

// each does the same for both directions at once.
func each(do func(pair asset.Pair) error) error {
	pairs := []asset.Pair{toEther, toCoins}
	errs := make([]error, len(pairs))
	var all sync.WaitGroup
	for i, pair := range pairs {
		all.Go(func() { errs[i] = do(pair) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// happy is a swap that goes as it should.
func (w *world) happy(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	// No block comes at once, so that the deposit is seen in the mempool before.
	resume := w.miner.pause()
	defer resume()
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	if pair.From == asset.BTC {
		if err := w.await(ctx, t, createLimit, swap.DepositDetected); err != nil {
			return err
		}
	}
	resume()
	return w.settle(ctx, t)
}

// short pays one unit less than was quoted, too little to ask for, and is refunded.
func (w *world) short(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	paid, err := almost(t)
	if err != nil {
		return err
	}
	if err := w.pay(ctx, t, paid); err != nil {
		return err
	}
	return w.returned(ctx, t, paid)
}

// almost is one unit less than was quoted: too little to ask for the rest.
func almost(t *trip) (asset.Units, error) {
	units, err := t.terms.Quote.Deposit.Units.Sub(asset.NewUnits(1))
	if err != nil {
		return units, fmt.Errorf("a unit less than a deposit: %w", err)
	}
	return units, nil
}

// usedTwice asks for a second swap of a quote that has one. It must be refused,
// and the first must settle.
func (w *world) usedTwice(ctx context.Context, pair asset.Pair) error {
	t, err := w.begin(ctx, pair)
	if err != nil {
		return err
	}
	_, err = w.create(ctx, rand.Text(), t.ask)
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Code != swap.CodeQuoteUsed {
		return fmt.Errorf("a quote used twice was answered by: %w", err)
	}
	if err := w.pay(ctx, t, t.terms.Quote.Deposit.Units); err != nil {
		return err
	}
	return w.settle(ctx, t)
}

// expired makes swaps and never pays them.
func expired(ctx context.Context, w *world) error {
	return each(func(pair asset.Pair) error {
		t, err := w.begin(ctx, pair)
		if err != nil {
			return err
		}
		return w.await(ctx, t, depositWindow+swapLimit, swap.Expired)
	})
}

// restarted starts every daemon anew, one by one, armed as they are, and then
// swaps in both directions.
func restarted(ctx context.Context, w *world) error {
	for _, daemon := range w.up.Daemons() {
		if programs[programOf(daemon)] == nil {
			continue
		}
		if armed := w.aimed(); len(armed) > 0 && armed[daemon] == "" {
			continue // a case is about the armed ones
		}
		if err := w.bounce(ctx, daemon); err != nil {
			return err
		}
	}
	return each(func(pair asset.Pair) error { return w.happy(ctx, pair) })
}

// takenOver starts each hot wallet anew before a swap: they have one outbox, and the
// other one's relay, which waits for its turn, takes it over.
func (w *world) takenOver(ctx context.Context, pair asset.Pair) error {
	for _, wallet := range programs["hotwalletd"] {
		if err := w.bounce(ctx, wallet); err != nil {
			return err
		}
		if err := w.happy(ctx, pair); err != nil {
			return err
		}
	}
	return nil
}
