package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"ferry/liquidity"
	"ferry/swap/asset"
)

const (
	// tickVenues tell a book of liquidity.DepthMost levels a side; ticks are their words,
	// a round.
	tickVenues = 20
	ticks      = 400_000
	// tickMost is the goal: CPU time from one word to the price that follows from all.
	tickMost = 5 * time.Microsecond
)

func init() {
	register(Row{
		Number: 26, Name: "tick",
		What: fmt.Sprintf("words of %d venues, each until the price of all is published", tickVenues),
		Unit: "ticks", Goal: 1, ByCPU: true, Prepare: prepareTick,
	})
}

// wordy is a venue whose words the row tells.
type wordy struct {
	name string
	// told is given the venue's ear once it is followed.
	told chan<- func(liquidity.Top)
}

func (w wordy) Name() string                   { return w.name }
func (wordy) Instrument() liquidity.Instrument { return tickInstrument }
func (wordy) StaleAfter() time.Duration        { return time.Hour }

func (w wordy) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	w.told <- deliver
	<-ctx.Done()
	return nil
}

var (
	tickInstrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}
	tickPair       = asset.Pair{From: asset.BTC, To: asset.ETH}
)

// tickMarket is a market of all venues, with a clock, that has heard of each once, and the venues'
// ears.
func tickMarket(ctx context.Context, clock func() time.Time) (market *liquidity.Market, ears []func(liquidity.Top), stop func() error, err error) {
	told := make(chan func(liquidity.Top), tickVenues)
	var sources []liquidity.Source
	for n := range tickVenues {
		sources = append(sources, wordy{fmt.Sprintf("venue-%d", n), told})
	}
	if market, err = liquidity.NewMarket(clock, sources...); err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- market.Run(ctx) }()
	tops := tickTops(clock())
	for n := range tickVenues {
		ears = append(ears, <-told)
		ears[n](tops[n])
	}
	return market, ears, func() error { cancel(); return <-done }, nil
}

func prepareTick(ctx context.Context, env *Env) (*Trial, error) {
	now := time.Now()
	var words atomic.Int64
	// Time passes with each word, so that none is so near to the last that it waits for others.
	clock := func() time.Time { return now.Add(time.Duration(words.Add(1)) * tickVenues * liquidity.JudgeEvery) }
	market, ears, stop, err := tickMarket(ctx, clock)
	if err != nil {
		return nil, err
	}
	tops := tickTops(now)
	n := env.scale(ticks)
	subject := func(ctx context.Context, _ int) (Sample, error) {
		s, err := env.timed(ctx, n, func(context.Context) error {
			for i := range n {
				ears[i%tickVenues](tops[i%len(tops)])
			}
			return nil
		})
		if err == nil {
			_, err = market.Top(tickPair)
		}
		return s, err
	}
	limit := func(context.Context, int) (Sample, error) {
		whole := (time.Duration(n) * tickMost).Seconds()
		return Sample{Operations: n, Seconds: whole, CPU: whole}, nil
	}
	return &Trial{Baseline: Side{Name: fmt.Sprintf("the limit of %s", tickMost), Run: limit}, Subject: Side{Name: "market", Run: subject}, Close: stop}, nil
}

// tickTops are books around a price that moves by some ticks.
func tickTops(now time.Time) []liquidity.Top {
	tops := make([]liquidity.Top, 64)
	for i := range tops {
		t := liquidity.Top{Instrument: tickInstrument, VenueTime: now, ReceivedAt: now}
		middle := 3_500_000 + uint64(i%8)*10
		for n := range uint64(liquidity.DepthMost) {
			t.Bids = append(t.Bids, liquidity.Level{Price: middle - 50 - 175*n, Size: 1e9 + n})
			t.Asks = append(t.Asks, liquidity.Level{Price: middle + 50 + 175*n, Size: 1e9 + n})
		}
		t.Bid, t.Ask = t.Bids[0], t.Asks[0]
		tops[i] = t
	}
	return tops
}
