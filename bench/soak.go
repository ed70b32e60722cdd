package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

const (
	// soakVenues follow soakMarkets instruments each. Those of one simulator hear the same
	// exchanges, on connections of their own.
	soakVenues  = 120
	soakMarkets = 20
	// soakLeast is how many messages a second there have to be, soakCores how much of
	// the processor all of them together may take.
	soakLeast = 28_000
	soakCores = 0.5
	// soakLimit bounds the waits for all books, before and after.
	soakLimit = 5 * time.Minute
	// soakEvery is between two faults, soakLook between two looks.
	soakEvery = 4 * time.Second
	soakLook  = 250 * time.Millisecond
)

func init() {
	for _, r := range []struct {
		name  string
		lasts time.Duration
		named bool
	}{{"soak", 30 * time.Second, true}, {"soak-long", 10 * time.Minute, true}} {
		register(Row{
			Number: 30, Name: r.name, Slow: true, Named: r.named, Lasts: r.lasts + 2*soakLimit, Rounds: 1, Goal: 1, Unit: "limits",
			What: fmt.Sprintf("%d venues of %d instruments for %s: %d messages a second or more, %g cores or less, each gap reported. The worse of the two",
				soakVenues, soakMarkets, r.lasts, soakLeast, soakCores),
			Prepare: func(ctx context.Context, env *Env) (*Trial, error) { return prepareSoak(ctx, env, r.lasts) },
		})
	}
}

// soaked is a connection to a simulator under a venue's name of its own.
type soaked struct {
	*feed.Venue
	name    string
	trusted atomic.Bool
}

// Name implements liquidity.Source.
func (s *soaked) Name() string { return s.name }

// Stream implements liquidity.Source.
func (s *soaked) Stream(ctx context.Context, deliver func(liquidity.Top)) error {
	return s.Venue.Stream(ctx, func(t liquidity.Top) {
		s.trusted.Store(t.Unavailable == "")
		deliver(t)
	})
}

// soak is the simulators, and one market that follows all of them.
type soak struct {
	env     *Env
	lasts   time.Duration
	played  *played
	market  *liquidity.Market
	sources []*soaked
	stop    context.CancelFunc
	done    chan error
	note    string
}

func prepareSoak(ctx context.Context, env *Env, lasts time.Duration) (*Trial, error) {
	s := &soak{env: env, lasts: lasts, done: make(chan error, 1)}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &Trial{
		Baseline: Side{Name: "the limits", Run: func(context.Context, int) (Sample, error) { return Sample{Operations: 1, Seconds: 1, CPU: 1}, nil }},
		Subject:  Side{Name: "what is used of them", Run: s.round},
		Notes:    func() []string { return []string{s.note} },
		Close:    s.close,
	}, nil
}

func (s *soak) open(ctx context.Context) (err error) {
	if s.played, err = play(ctx); err != nil {
		return err
	}
	markets, err := soakedMarkets()
	if err != nil {
		return err
	}
	var all []liquidity.Source
	log := slog.New(slog.DiscardHandler)
	for n := range soakVenues {
		protocol := simulator.Venues()[n%len(simulator.Venues())]
		host := s.played.hosts[n/len(simulator.Venues())%len(s.played.hosts)]
		lines := feed.NewLines()
		for _, m := range markets {
			v, err := follow(protocol, host, m, lines, log)
			if err != nil {
				return err
			}
			source := &soaked{Venue: v, name: fmt.Sprintf("%s-%d", protocol, n)}
			s.sources, all = append(s.sources, source), append(all, source)
		}
	}
	if s.market, err = liquidity.NewMarket(time.Now, all...); err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go func() { s.done <- s.market.Run(running) }()
	return s.settle(ctx, s.trusted)
}

func (s *soak) close() error {
	var err error
	if s.stop != nil {
		s.stop()
		err = <-s.done
	}
	if s.played != nil {
		err = errors.Join(err, s.played.close())
	}
	return err
}

// trusted reports whether every book may be told.
func (s *soak) trusted() (bool, string, error) {
	n, state := 0, ""
	for _, source := range s.sources {
		switch {
		case source.trusted.Load():
			n++
		case state == "":
			state = fmt.Sprintf("%s of %s is not: %+v", source.Instrument(), source.name, source.Counters())
		}
	}
	return n == len(s.sources), fmt.Sprintf("%d of %d books are trusted; %s", n, len(s.sources), state), nil
}

// settle waits until something holds.
func (s *soak) settle(ctx context.Context, holds func() (bool, string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, soakLimit)
	defer cancel()
	look := time.NewTicker(soakLook)
	defer look.Stop()
	for {
		ok, state, err := holds()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s, within %s: %w", state, soakLimit, ctx.Err())
		case <-look.C:
		}
	}
}
