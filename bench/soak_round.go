package main

import (
	"context"
	"fmt"
	"time"

	"ferry/liquidity/venue/simulator"
)

// soakFaults are scripted in turn, at one simulator after the other. Bitstamp proves
// nothing, so that nothing can be missed there that it would have to report.
var soakFaults = []simulator.Fault{
	{Kind: simulator.Gap, Venue: simulator.OKX}, {Kind: simulator.Gap, Venue: simulator.Coinbase},
	{Kind: simulator.WrongChecksum, Venue: simulator.Kraken}, {Kind: simulator.Gap, Venue: simulator.Binance},
}

// round follows all for as long as the row has it, while faults come, and then waits until
// every book is trusted again. A gap that is not reported, or one that was none, fails it.
func (s *soak) round(ctx context.Context, _ int) (Sample, error) {
	before, err := s.env.cpu()
	if err != nil {
		return Sample{}, err
	}
	heard, start := s.messages(), time.Now()
	faults, err := s.trouble(ctx, start)
	if err != nil {
		return Sample{}, err
	}
	after, err := s.env.cpu()
	if err != nil {
		return Sample{}, err
	}
	heard, took := s.messages()-heard, time.Since(start).Seconds()
	var gaps uint64
	err = s.settle(ctx, func() (bool, string, error) {
		if ok, state, err := s.trusted(); !ok {
			return false, state, err
		}
		withheld, err := s.played.withheld()
		gaps = s.gaps()
		return gaps == withheld, fmt.Sprintf("%d gaps are reported of %d", gaps, withheld), err
	})
	if err != nil {
		return Sample{}, err
	}
	rate, cores := float64(heard)/took, (after.self-before.self)/took
	s.note = fmt.Sprintf("%d messages in %.0f s, %.0f a second, on %.2f cores (%.1f µs each); %d faults made %d gaps, %d reported",
		heard, took, rate, cores, 1e6*cores/rate, faults, gaps, gaps)
	worst := max(soakLeast/rate, cores/soakCores)
	return Sample{Operations: 1, Seconds: worst, CPU: worst}, nil
}

// trouble orders a fault each soakEvery, if all have recovered from the one before, and
// returns how many after the row's time.
func (s *soak) trouble(ctx context.Context, start time.Time) (faults int, err error) {
	next := time.NewTicker(soakEvery)
	defer next.Stop()
	for time.Since(start) < s.lasts {
		select {
		case <-ctx.Done():
			return faults, ctx.Err()
		case <-next.C:
		}
		if ok, _, err := s.trusted(); err != nil || !ok {
			continue
		}
		fault := soakFaults[faults%len(soakFaults)]
		if err := s.played.inject(faults/len(soakFaults), fault); err != nil {
			return faults, err
		}
		faults++
	}
	return faults, nil
}

func (s *soak) messages() (n int64) {
	for _, source := range s.sources {
		n += source.Messages()
	}
	return n
}

// gaps are those that operators are told of.
func (s *soak) gaps() (n uint64) {
	for _, p := range s.market.Prices() {
		n += uint64(p.Gaps)
	}
	return n
}
