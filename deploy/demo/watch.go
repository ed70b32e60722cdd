package demo

import (
	"context"
	"errors"
	"fmt"

	"ferry/deploy/demo/client"
	"ferry/swap"
	"ferry/swap/asset"
)

// count waits until so many venues price every book.
func (o *outage) count(ctx context.Context, want int) error {
	return until(ctx, o.line, pollEvery, fmt.Sprintf("%d venues", want), func() (bool, string, error) {
		n, err := o.cfg.Venues.Pricing(ctx)
		if err != nil {
			return false, "who prices can't be asked yet: " + err.Error(), nil //nolint:nilerr // asked again until the time is up
		}
		return n >= want, fmt.Sprintf("%d of %d price every book", n, len(o.cfg.Venues.Names)), nil
	})
}

// order has the venues do something, which may be said twice, until they say that they do.
func (o *outage) order(ctx context.Context, what string, do func(context.Context) error) error {
	return until(ctx, o.line, askEvery, what, func() (bool, string, error) {
		if err := do(ctx); err != nil {
			return false, err.Error(), nil //nolint:nilerr // said again until the time is up
		}
		return true, "", nil
	})
}

// look judges every pair's price.
func (o *outage) look(ctx context.Context) error {
	prices, without, err := o.prices(ctx)
	if err != nil {
		return err
	}
	o.priced += len(prices)
	o.told += len(without)
	// One of them each time: all at once would be more quotes than one client may ask for.
	if len(without) > 0 {
		if err := o.refused(ctx, without[o.looks%len(without)]); err != nil {
			return err
		}
	}
	o.looks++
	return o.judge(prices)
}

const (
	// refusedMost is how often a quote has to be refused to count.
	refusedMost = 3
	// heldMost is how many quotes are taken only to see that they are given. Each is a lock, of
	// which a client may have 20, and the run needs some.
	heldMost = 8
)

// refused asks for a firm quote of a pair that is told to have no price: what is told may lag
// behind. It is an error where that is refused too, again and again, while no other venue is
// missing: a machine that stands still for all of them at once refuses for another reason.
func (o *outage) refused(ctx context.Context, pair asset.Pair) error {
	if o.held >= heldMost {
		return nil
	}
	var last string
	for range refusedMost {
		n, err := o.cfg.Venues.Pricing(ctx)
		if err != nil || n < o.expected {
			return nil //nolint:nilerr // who can't say it now is asked again at the next look
		}
		_, _, err = o.api.CreateQuote(ctx, o.ask(pair))
		var p *client.Problem
		if err == nil {
			o.held++
		}
		if !errors.As(err, &p) {
			return passing(err)
		}
		if p.Code != swap.CodePriceUnavailable {
			return nil // it is not for want of a price
		}
		o.refusals++
		last = p.Detail
	}
	return fmt.Errorf("%s is refused with %d venues: %s", pair, o.expected, last)
}

// hold asks for a firm quote.
func (o *outage) hold(ctx context.Context, pair asset.Pair) error {
	return until(ctx, o.line, askEvery, "a firm quote of "+pair.String(), func() (bool, string, error) {
		_, _, err := o.api.CreateQuote(ctx, o.ask(pair))
		var p *client.Problem
		if errors.As(err, &p) && p.Code == swap.CodePriceUnavailable {
			o.refusals++
			return false, p.Detail, o.refused(ctx, pair)
		}
		if err != nil {
			return false, err.Error(), passing(err)
		}
		return true, "", nil
	})
}

// ask is for what the run swaps of the asset anyway.
func (o *outage) ask(pair asset.Pair) client.QuoteRequest {
	q := client.QuoteRequest{From: pair.From, To: pair.To}
	for _, d := range o.deposits {
		if d.Asset == pair.From {
			q.DepositAmount = d.Decimal()
		}
	}
	return q
}

// passing is nil for what may be asked again.
func passing(err error) error {
	if client.Passing(err) {
		return nil
	}
	return err
}
