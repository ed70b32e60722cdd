package main

import (
	"context"
	"fmt"
	"time"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/simulator"
)

const (
	// hotFrames are recorded and gone through hotPasses times a round.
	hotFrames = 5000
	hotPasses = 40
	// hotMost is the goal: CPU time of a frame, a million a second on one core.
	hotMost = time.Microsecond
)

func init() {
	register(Row{
		Number: 28, Name: "frame-hot",
		What: "binance's frames of one step into the book, numbers checked, nothing allocated",
		Unit: "frames", Goal: 1, ByCPU: true, Prepare: prepareHot,
	})
}

// hotEvents is a book, and events of one step of the market each, as binance writes them.
func hotEvents(n int) (m simulator.Market, snapshot []byte, events [][]byte, err error) {
	if m, err = simulator.ParseMarket(venueMarket); err != nil {
		return m, nil, nil, err
	}
	x := simulator.NewExchange(1, m, simulator.Binance)
	s := x.Snapshot(2 * hotFrames)
	x.Flush()
	snapshot = fmt.Appendf(nil, `{"lastUpdateId":%d,"bids":%s,"asks":%s}`, s.Last, levelsOf(s.Bids), levelsOf(s.Asks))
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for len(events) < n {
		x.Step()
		u, changed := x.Flush()
		if !changed {
			continue
		}
		at = at.Add(50 * time.Millisecond)
		events = append(events, fmt.Appendf(nil, `{"e":"depthUpdate","E":%d,"s":"%s","U":%d,"u":%d,"b":%s,"a":%s}`,
			at.UnixMilli(), m.Symbol(), u.First, u.Last, levelsOf(u.Bids), levelsOf(u.Asks)))
	}
	return m, snapshot, events, nil
}

// levelsOf writes all eight places, as the venue does.
func levelsOf(levels []book.Level) []byte {
	const coin = 100_000_000
	raw := []byte("[")
	for n, l := range levels {
		if n > 0 {
			raw = append(raw, ',')
		}
		raw = fmt.Appendf(raw, `["%d.%08d","%d.%08d"]`, l.Price/coin, l.Price%coin, l.Size/coin, l.Size%coin)
	}
	return append(raw, ']')
}

func prepareHot(_ context.Context, env *Env) (*Trial, error) {
	m, snapshot, events, err := hotEvents(hotFrames)
	if err != nil {
		return nil, err
	}
	bytes := 0
	for _, raw := range events {
		bytes += len(raw)
	}
	passes := env.scale(hotPasses)
	n := passes * len(events)
	subject := func(ctx context.Context, _ int) (Sample, error) {
		opened := make([]feed.Protocol, passes)
		for i := range opened {
			p := binance.Open(m.Symbol(), m.Instrument)
			if _, err := p.Take(events[0]); err != nil {
				return Sample{}, err
			}
			if err := p.Load(snapshot); err != nil {
				return Sample{}, err
			}
			opened[i] = p
		}
		return env.timed(ctx, n, func(context.Context) error {
			for _, p := range opened {
				if err := takeAll(p, events[1:]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	limit := func(context.Context, int) (Sample, error) {
		whole := (time.Duration(n) * hotMost).Seconds()
		return Sample{Operations: n, Seconds: whole, CPU: whole}, nil
	}
	return &Trial{Baseline: Side{Name: fmt.Sprintf("the limit of %s", hotMost), Run: limit}, Subject: Side{Name: "client", Run: subject},
		Notes: func() []string { return []string{fmt.Sprintf("frames of %d bytes on average", bytes/len(events))} }}, nil
}

// takeAll puts frames into a book that stays trusted.
func takeAll(p feed.Protocol, frames [][]byte) error {
	for _, raw := range frames {
		if _, err := p.Take(raw); err != nil {
			return err
		}
		if !p.Trusted() {
			return fmt.Errorf("the book of %.20q is not trusted", raw)
		}
	}
	return nil
}
