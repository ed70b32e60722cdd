package main

import (
	"context"
	"fmt"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/feed/scan"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/simulator"
)

const (
	// venueFrames are recorded and gone through venuePasses times a round.
	venueFrames = 2000
	venuePasses = 10
	// venueMarket is what the recordings are of.
	venueMarket = "ETH-BTC=0.035"
)

// protocols are the venues' clients, from a frame to the book.
var protocols = []struct {
	venue string
	open  func(liquidity.Instrument) feed.Protocol
}{
	{simulator.Binance, func(i liquidity.Instrument) feed.Protocol { return binance.Open("ETHBTC", i) }},
	{simulator.Kraken, func(i liquidity.Instrument) feed.Protocol { return kraken.Open("ETH/BTC", i, kraken.Depth) }},
	{simulator.Coinbase, func(i liquidity.Instrument) feed.Protocol { return coinbase.Open("ETH-BTC", i) }},
	{simulator.OKX, func(i liquidity.Instrument) feed.Protocol { return okx.Open("ETH-BTC", i) }},
	{simulator.Bitstamp, func(i liquidity.Instrument) feed.Protocol { return bitstamp.Open("ethbtc", i) }},
}

func init() {
	for n, p := range protocols {
		register(Row{
			Number: 20 + n, Name: "frame-" + p.venue,
			What: "frames into the book, with the venue's own proof",
			Unit: "frames", Goal: 0.5, ByCPU: true,
			Prepare: func(_ context.Context, env *Env) (*Trial, error) { return prepareFrames(env, p.venue, p.open) },
		})
	}
}

func prepareFrames(env *Env, venue string, open func(liquidity.Instrument) feed.Protocol) (*Trial, error) {
	m, err := simulator.ParseMarket(venueMarket)
	if err != nil {
		return nil, err
	}
	r, err := simulator.Record(1, m, venue, venueFrames)
	if err != nil {
		return nil, err
	}
	bytes := 0
	for _, raw := range r.Changes {
		bytes += len(raw)
	}
	passes := func(once func() error) func(context.Context, int) (Sample, error) {
		return func(ctx context.Context, _ int) (Sample, error) {
			return env.timed(ctx, venuePasses*len(r.Changes), func(context.Context) error {
				for range venuePasses {
					if err := once(); err != nil {
						return fmt.Errorf("%s: %w", venue, err)
					}
				}
				return nil
			})
		}
	}
	return &Trial{
		Baseline: Side{Name: "scan", Run: passes(func() error { return scanAll(r.Changes) })},
		Subject:  Side{Name: "client", Run: passes(func() error { return followAll(open(m.Instrument), r) })},
		Notes: func() []string {
			return []string{fmt.Sprintf("frames of %d bytes on average", bytes/len(r.Changes))}
		},
	}, nil
}

// scanAll goes through the frames by hand, byte by byte, and keeps nothing.
func scanAll(frames [][]byte) error {
	for _, raw := range frames {
		s := scan.New(raw)
		s.Skip()
		if err := s.End(); err != nil {
			return err
		}
	}
	return nil
}

// followAll is a whole connection, from the book to the last frame.
func followAll(p feed.Protocol, r simulator.Recording) error {
	if r.Before != nil {
		if _, err := p.Take(r.Before); err != nil {
			return err
		}
		if err := p.Load(r.Snapshot); err != nil {
			return err
		}
	} else if _, err := p.Take(r.Snapshot); err != nil {
		return err
	}
	return takeAll(p, r.Changes)
}
