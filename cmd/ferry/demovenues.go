package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"ferry/cmd/internal/admin/market"
	"ferry/deploy/cluster"
	"ferry/deploy/demo"
	"ferry/liquidity/venue/simulator"
)

// venueLimit bounds a word to the simulated venues, venueSaid what they answer, in bytes.
const (
	venueLimit = 10 * time.Second
	venueSaid  = 1 << 10
)

// demoVenues are the simulated ones, of which the demo unplugs some.
func demoVenues(s cluster.Settings) *demo.Venues {
	return &demo.Venues{
		Names: []string{simulator.Coinbase, simulator.Kraken, simulator.Binance, simulator.OKX, simulator.Bitstamp},
		Unplug: func(ctx context.Context, name string) error {
			return misbehave(ctx, s.Venues, simulator.Fault{Kind: simulator.Unplug, Venue: name})
		},
		Plug: func(ctx context.Context) error {
			return misbehave(ctx, s.Venues, simulator.Fault{Kind: simulator.Plug})
		},
		Pricing: func(ctx context.Context) (int, error) {
			var now market.Answer
			if err := cluster.Ask(ctx, s.Admin["liquidityd"], market.Path, &now); err != nil {
				return 0, err
			}
			return pricing(now), nil
		},
	}
}

// pricing is how many venues price the book that fewest do.
func pricing(a market.Answer) int {
	least := -1
	for _, i := range a.Instruments {
		used := 0
		for _, v := range i.Venues {
			if v.State == market.Used {
				used++
			}
		}
		if least < 0 || used < least {
			least = used
		}
	}
	return max(least, 0)
}

// misbehave orders a fault of the simulated venues.
func misbehave(ctx context.Context, url string, fault simulator.Fault) (err error) {
	ctx, cancel := context.WithTimeout(ctx, venueLimit)
	defer cancel()
	raw, err := json.Marshal(fault)
	if err != nil {
		return fmt.Errorf("order %s: %w", fault.Kind, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/control/fault", bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("order %s: %w", fault.Kind, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("order %s: %w", fault.Kind, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if said, err := io.ReadAll(io.LimitReader(response.Body, venueSaid)); err != nil || response.StatusCode != http.StatusNoContent {
		return errors.Join(fmt.Errorf("order %s: the venues answer %s: %s", fault.Kind, response.Status, said), err)
	}
	return nil
}
