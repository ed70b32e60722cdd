package nodes

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"ferry/deploy/acceptance/scenario"
	"ferry/deploy/demo/bitcoin"
	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// usual is what a swap of each asset deposits, in coins; tiny is less than is taken.
var (
	usual = map[asset.ID]string{asset.BTC: "0.02", asset.ETH: "0.5"}
	tiny  = map[asset.ID]string{asset.BTC: "0.00003", asset.ETH: "0.0008"}
)

// world is the cluster as one scenario sees it.
type world struct {
	*Driver
	exclusive bool
	// requests made the scenario's swaps, by swap id.
	requests map[string]request
	// purse are the user's own coins, spent what each transaction spent.
	key   bitcoin.Key
	purse []bitcoin.Coin
	spent map[string][]bitcoin.Coin
	trouble
}

// request is what made a swap, and its idempotency key.
type request struct {
	key string
	ask client.SwapRequest
}

// Create implements scenario.User.
func (w *world) Create(ctx context.Context, ask scenario.Ask) (scenario.Created, error) {
	if ask.Pair.From == asset.BTC {
		if err := w.fill(ctx); err != nil {
			return scenario.Created{}, err
		}
	}
	r := request{key: rand.Text(), ask: client.SwapRequest{Policy: &ask.Policy}}
	var err error
	if r.ask.PayoutAddress, err = w.payoutAddress(ctx, ask); err != nil {
		return scenario.Created{}, err
	}
	if !ask.NoRefundAddress {
		if r.ask.RefundAddress, err = w.NewAddress(ctx, asset.MustLookup(ask.Pair.From).Chain); err != nil {
			return scenario.Created{}, err
		}
	}
	if r.ask.SignedQuote, err = w.quote(ctx, ask.Pair, ask.Variable); err != nil {
		return scenario.Created{}, err
	}
	c, err := w.create(ctx, r)
	if err == nil && ask.PayoutRefused {
		err = w.refuse(ctx, c)
	}
	return c, err
}

func (w *world) create(ctx context.Context, r request) (c scenario.Created, err error) {
	err = w.patiently(ctx, "a swap", func() error {
		created, err := w.api.CreateSwap(ctx, r.key, r.ask)
		c = scenario.Created{Terms: created.Terms, Secret: created.Secret}
		return err
	})
	if err == nil {
		w.requests[c.Receipt.SwapID] = r
	}
	return c, err
}

// quote asks until there is one: one user at a time, so that all of them, who have one
// address, stay within the gateway's limit on requests.
func (w *world) quote(ctx context.Context, pair asset.Pair, variable bool) (signed string, err error) {
	w.asking.Lock()
	defer w.asking.Unlock()
	err = w.patiently(ctx, "a quote of "+pair.String(), func() (err error) {
		_, signed, err = w.api.CreateQuote(ctx, client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: usual[pair.From], Variable: variable})
		return err
	})
	return signed, err
}

// patiently repeats what may pass by itself.
func (w *world) patiently(ctx context.Context, what string, try func() error) error {
	return w.Await(ctx, what, func() (bool, string, error) {
		err := try()
		if client.Passing(err) {
			return false, err.Error(), w.sleep(ctx, time.Second)
		}
		return err == nil, "", refusal(err)
	})
}

// refusal is a problem of the API as the vocabulary has it.
func refusal(err error) error {
	var p *client.Problem
	if errors.As(err, &p) {
		return swap.Refuse(p.Code, p.Field, p.Limit, p.Detail)
	}
	return err
}

// Again implements scenario.User.
func (w *world) Again(ctx context.Context, c scenario.Created) (scenario.Created, error) {
	return w.create(ctx, w.requests[c.Receipt.SwapID])
}

// QuoteBelow implements scenario.User.
func (w *world) QuoteBelow(ctx context.Context, pair asset.Pair) (swap.Code, string, error) {
	w.asking.Lock()
	defer w.asking.Unlock()
	err := w.patiently(ctx, "a refusal", func() error {
		_, _, err := w.api.CreateQuote(ctx, client.QuoteRequest{From: pair.From, To: pair.To, DepositAmount: tiny[pair.From]})
		return err
	})
	var refused *swap.Error
	if !errors.As(err, &refused) {
		return "", "", fmt.Errorf("a quote of %s %s was not refused: %w", tiny[pair.From], pair.From, err)
	}
	return refused.Code, refused.Limit, nil
}
