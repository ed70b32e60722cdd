package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/deploy/demo/client"
	"ferry/deploy/demo/show"
	"ferry/swap"
	"ferry/swap/asset"
)

// Venues are those that prices come from, where the run may unplug them.
type Venues struct {
	// Names are all of them, three at least. The first is the last to go.
	Names []string
	// Unplug has a venue answer nobody, Plug has all of them answer again.
	Unplug func(ctx context.Context, name string) error
	Plug   func(ctx context.Context) error
	// Pricing is how many of them price every book now.
	Pricing func(ctx context.Context) (int, error)
	// Watch is how long prices are watched with a venue missing; five seconds if 0.
	Watch time.Duration
}

// defaultWatch is how long prices are watched with a venue missing.
const defaultWatch = 5 * time.Second

// outage is what the run shows of venues that go away while swaps are under way.
type outage struct {
	*run
	line *show.Line
	// deposits are what firm quotes are asked for.
	pairs    []asset.Pair
	deposits []asset.Amount
	// expected is how many venues there are just now.
	expected int
	// looks counts looks at all prices, held the quotes that were taken meanwhile.
	looks, held int
	// priced counts the prices that were seen with one venue missing, told those that were
	// told to be unavailable, refusals the firm quotes that were refused for want of a price.
	priced, told, refusals int
	// cost is the most that a pair and its way back have cost then, in basis points, wider the
	// most that it has grown by since before, which is what each had cost.
	cost, wider int64
	before      map[asset.Pair]int64
}

// lose unplugs one venue: no pair may be refused, and prices must stay close. Then all
// but one: every pair must say why it stopped. Then it plugs them again.
func (r *run) lose(ctx context.Context, pairs []asset.Pair, deposits []asset.Amount) (err error) {
	o := &outage{run: r, pairs: pairs, deposits: deposits, expected: len(r.cfg.Venues.Names)}
	defer func() {
		if err != nil && o.line != nil {
			o.line.Fail(err.Error())
		}
	}()
	for _, step := range []func(context.Context) error{o.loseOne, o.loseMost, o.plug} {
		limited, cancel := r.readyLimit(ctx)
		err = step(limited)
		cancel()
		if err != nil {
			return fmt.Errorf("venues that go away: %w", err)
		}
	}
	return nil
}

// loseOne unplugs the second venue, and watches.
func (o *outage) loseOne(ctx context.Context) error {
	v := o.cfg.Venues
	o.line = o.show.Start("venues", fmt.Sprintf("waiting until all %d price every book", o.expected))
	if err := o.count(ctx, o.expected); err != nil {
		return err
	}
	if err := o.measure(ctx); err != nil {
		return err
	}
	gone := v.Names[1]
	o.line.Update("unplugging " + gone)
	if err := o.order(ctx, gone+" to be unplugged", func(ctx context.Context) error { return v.Unplug(ctx, gone) }); err != nil {
		return err
	}
	o.expected--
	// Swaps go on being priced from the moment it is gone.
	watched := time.Time{}
	err := until(ctx, o.line, pollEvery, "prices without "+gone, func() (bool, string, error) {
		if err := o.look(ctx); err != nil {
			return false, "", err
		}
		n, err := v.Pricing(ctx)
		if watched.IsZero() && err == nil && n <= o.expected {
			watched = time.Now().Add(cmp.Or(v.Watch, defaultWatch))
		}
		return !watched.IsZero() && time.Now().After(watched), gone + " is unplugged; watching prices", nil
	})
	if err != nil {
		return err
	}
	for _, pair := range o.pairs {
		if err := o.hold(ctx, pair); err != nil {
			return err
		}
	}
	o.line.Done(fmt.Sprintf("%s unplugged: %d prices and %d firm quotes given, %d told unavailable, %d refused; there and back cost %s at most, %s more than before at most (bounds %s and %s)",
		gone, o.priced, len(o.pairs), o.told, o.refusals, percent(o.cost), percent(o.wider), percent(costMost), percent(widerMost)))
	return nil
}

// loseMost unplugs all but the first, and asks for the reason.
func (o *outage) loseMost(ctx context.Context) error {
	v := o.cfg.Venues
	o.line = o.show.Start("venues", "unplugging all but "+v.Names[0])
	for _, name := range v.Names[2:] {
		if err := o.order(ctx, name+" to be unplugged", func(ctx context.Context) error { return v.Unplug(ctx, name) }); err != nil {
			return err
		}
	}
	o.expected = 1
	pair, reason := o.pairs[0], ""
	err := until(ctx, o.line, pollEvery, "the reason for which every pair stops", func() (bool, string, error) {
		rates, err := o.api.Rates(ctx)
		if err != nil {
			return false, err.Error(), passing(err)
		}
		for _, rate := range rates {
			if rate.Unavailable == "" {
				return false, fmt.Sprintf("%s→%s has a price yet", rate.From, rate.To), nil
			}
			if rate.From == pair.From && rate.To == pair.To {
				reason = rate.Unavailable
			}
		}
		return reason != "", "no pair is told", nil
	})
	if err != nil {
		return err
	}
	var refusal *client.Problem
	err = until(ctx, o.line, askEvery, "a refusal of "+pair.String(), func() (bool, string, error) {
		_, _, err := o.api.CreateQuote(ctx, o.ask(pair))
		if err == nil {
			return false, "", errors.New("a quote was given with one venue")
		}
		if errors.As(err, &refusal) && refusal.Code == swap.CodePriceUnavailable && refusal.Detail != "" {
			return true, "", nil
		}
		return false, err.Error(), passing(err)
	})
	if err != nil {
		return err
	}
	o.line.Done(fmt.Sprintf("all but %s unplugged: every pair stopped; %s: %q", v.Names[0], pair, refusal.Detail))
	return nil
}

// plug ends it.
func (o *outage) plug(ctx context.Context) error {
	v := o.cfg.Venues
	o.line = o.show.Start("venues", "plugging them again")
	if err := o.order(ctx, "all venues to be plugged", v.Plug); err != nil {
		return err
	}
	o.expected = len(v.Names)
	if err := o.count(ctx, o.expected); err != nil {
		return err
	}
	err := until(ctx, o.line, pollEvery, "a price of every pair again", func() (bool, string, error) {
		rates, err := o.api.Rates(ctx)
		if err != nil {
			return false, err.Error(), passing(err)
		}
		for _, rate := range rates {
			if rate.Unavailable != "" {
				return false, fmt.Sprintf("%s→%s: %s", rate.From, rate.To, rate.Unavailable), nil
			}
		}
		return len(rates) > 0, "no pair is told", nil
	})
	if err == nil {
		o.line.Done(fmt.Sprintf("plugged again: all %d price every pair", o.expected))
	}
	return err
}
