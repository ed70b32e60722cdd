package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/deploy/demo/faucet"
	"ferry/swap"
	"ferry/swap/asset"
)

// The two directions.
var (
	toEther = asset.Pair{From: asset.BTC, To: asset.ETH}
	toCoins = asset.Pair{From: asset.ETH, To: asset.BTC}
)

// deposits are what the sweep's swaps pay in, in coins.
var deposits = map[asset.ID]string{asset.BTC: "0.01", asset.ETH: "0.3", asset.USDT: "300"}

const (
	// createLimit bounds the wait for a swap to be made, swapLimit that for it to
	// be over, daemons dying meanwhile.
	createLimit = time.Minute
	swapLimit   = 2 * time.Minute
)

// destination is a fresh address that nothing but one swap pays.
type destination struct {
	chain   asset.Chain
	address string
	key     bitcoin.Key
}

// trip is one swap of the sweep.
type trip struct {
	pair    asset.Pair
	signed  string
	ask     client.SwapRequest
	terms   swap.Terms
	secret  string
	payout  destination
	refund  destination
	done    swap.State  // how it ended, empty while it has not
	expects asset.Units // at payout or refund, by done
}

func (t *trip) id() string { return t.terms.Receipt.SwapID }

func (w *world) destination(chain asset.Chain) (destination, error) {
	d := destination{chain: chain}
	if chain == asset.Bitcoin {
		var err error
		d.key, err = bitcoin.NewKey(w.deploy.Networks)
		d.address = d.key.Address()
		return d, err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return d, fmt.Errorf("make an ethereum key: %w", err)
	}
	d.address = crypto.PubkeyToAddress(key.PublicKey).Hex()
	return d, nil
}

// begin makes a swap, and takes another quote where daemons were away until the
// first had lapsed: that is refused without a trace.
// What does not match is refunded.
func (w *world) begin(ctx context.Context, pair asset.Pair) (t *trip, err error) {
	refund := swap.RefundPolicy()
	return w.agree(ctx, pair, &refund, true)
}

// agree is begin with a policy, and with a refund address or without.
func (w *world) agree(ctx context.Context, pair asset.Pair, policy *swap.Policy, refundable bool) (t *trip, err error) {
	fresh := func() (destination, error) { return w.destination(asset.MustLookup(pair.To).Chain) }
	return w.agreeAt(ctx, pair, policy, refundable, fresh)
}

// beginAt is begin with a payout to a place that is made for it.
func (w *world) beginAt(ctx context.Context, pair asset.Pair, place func() (destination, error)) (*trip, error) {
	refund := swap.RefundPolicy()
	return w.agreeAt(ctx, pair, &refund, true, place)
}

func (w *world) agreeAt(ctx context.Context, pair asset.Pair, policy *swap.Policy, refundable bool, place func() (destination, error)) (t *trip, err error) {
	for range 3 {
		t, err = w.try(ctx, pair, policy, refundable, place)
		var problem *client.Problem
		if !errors.As(err, &problem) || problem.Code != swap.CodeQuoteExpired {
			return t, err
		}
	}
	return t, err
}

// try gets a quote and makes a swap of it, as a patient client would: what says
// "try later" is tried later, with the same idempotency key.
func (w *world) try(ctx context.Context, pair asset.Pair, policy *swap.Policy, refundable bool, place func() (destination, error)) (*trip, error) {
	t := &trip{pair: pair}
	var err error
	if t.payout, err = place(); err != nil {
		return nil, err
	}
	if t.refund, err = w.destination(asset.MustLookup(pair.From).Chain); err != nil {
		return nil, err
	}
	err = until(ctx, createLimit, "a quote", func() (bool, string, error) {
		_, signed, err := w.api.CreateQuote(ctx, client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: deposits[pair.From]})
		if err != nil {
			return later(err)
		}
		t.signed = signed
		return true, "", nil
	})
	if err != nil {
		return nil, err
	}
	t.ask = client.SwapRequest{SignedQuote: t.signed, PayoutAddress: t.payout.address, Policy: policy}
	if refundable {
		t.ask.RefundAddress = t.refund.address
	}
	created, err := w.create(ctx, rand.Text(), t.ask)
	if err != nil {
		return nil, err
	}
	t.terms, t.secret = created.Terms, created.Secret
	w.remember(t)
	return t, nil
}

// create repeats one request under one key until it is answered for good.
func (w *world) create(ctx context.Context, key string, ask client.SwapRequest) (created client.Created, err error) {
	err = until(ctx, createLimit, "the swap's receipt", func() (bool, string, error) {
		created, err = w.api.CreateSwap(ctx, key, ask)
		if client.Passing(err) {
			return later(err)
		}
		return err == nil, "", err
	})
	return created, err
}

// pay sends the deposit from the faucet.
func (w *world) pay(ctx context.Context, t *trip, units asset.Units) (err error) {
	to := t.terms.Receipt.DepositAddress
	if t.pair.From == asset.BTC {
		_, err = w.coins.Pay(ctx, []faucet.Output{{Address: to, Units: units}})
	} else {
		_, err = w.ether.PayAsset(ctx, to, asset.Amount{Asset: t.pair.From, Units: units})
	}
	return err
}

// await waits for a state of the swap; another final one is an error.
func (w *world) await(ctx context.Context, t *trip, limit time.Duration, wanted swap.State) error {
	err := until(ctx, limit, fmt.Sprintf("swap %s to be %s", t.id(), wanted), func() (bool, string, error) {
		s, err := w.api.Swap(ctx, t.id())
		if err != nil {
			return later(err)
		}
		switch {
		case s.State == wanted:
			return true, "", nil
		case s.State == swap.Settled || s.State == swap.Refunded || s.State == swap.Held:
			return false, "", fmt.Errorf("swap %s is %s (%s), not %s", t.id(), s.State, s.Message, wanted)
		}
		return false, string(s.State) + ": " + s.Message, nil
	})
	return errors.Join(err, w.trouble())
}

// settle waits until the swap is settled, and asks the node for the payout.
func (w *world) settle(ctx context.Context, t *trip) error {
	if err := w.await(ctx, t, swapLimit, swap.Settled); err != nil {
		return err
	}
	t.done, t.expects = swap.Settled, t.terms.Quote.Payout.Units
	return w.received(ctx, t)
}

// returned waits until the deposit was refunded, and asks the node for it.
func (w *world) returned(ctx context.Context, t *trip, paid asset.Units) error {
	if err := w.await(ctx, t, swapLimit, swap.Refunded); err != nil {
		return err
	}
	back, err := paid.Sub(t.terms.Quote.RefundFeeMax.Units)
	if err != nil {
		return fmt.Errorf("refund of %s: %w", t.id(), err)
	}
	t.done, t.expects = swap.Refunded, back
	return w.received(ctx, t)
}

// received asks the nodes what a swap's two destinations hold: what is due to the
// unit, in one transaction, at one of them, and nothing at the other.
func (w *world) received(ctx context.Context, t *trip) error {
	due := map[*destination]asset.Units{&t.payout: {}, &t.refund: {}}
	to := &t.payout
	if t.done == swap.Refunded {
		to = &t.refund
	}
	due[to] = t.expects
	for d, want := range due {
		has, count, err := w.holds(ctx, *d)
		if err != nil {
			return err
		}
		switch {
		case want.Less(has):
			return fmt.Errorf("%w: swap %s was owed %s at %s and the node shows %s", errPaidTwice, t.id(), want, d.address, has)
		case has != want:
			return fmt.Errorf("%w: swap %s was owed %s at %s and the node shows %s", errLost, t.id(), want, d.address, has)
		case count > 1:
			return fmt.Errorf("%w: swap %s was paid in %d transactions", errPaidTwice, t.id(), count)
		}
	}
	return nil
}

// What the sweep looks for.
var (
	errPaidTwice   = errors.New("PAID TWICE")
	errLost        = errors.New("LOST")
	errHedgedTwice = errors.New("HEDGED TWICE")
)

// holds is what arrived at a destination, in base units, and in how many
// transactions where the node can tell (Bitcoin).
func (w *world) holds(ctx context.Context, d destination) (asset.Units, int, error) {
	if d.chain == asset.Bitcoin {
		sat, err := w.node.Received(ctx, d.key)
		if err != nil {
			return asset.Units{}, 0, err
		}
		txs, err := w.node.Transactions(ctx, d.address)
		return asset.NewUnits(uint64(sat)), len(txs), err
	}
	wei, err := w.ether.Balance(ctx, d.address)
	if err != nil {
		return asset.Units{}, 0, err
	}
	units, err := asset.UnitsFromBig(wei)
	return units, 0, err
}
