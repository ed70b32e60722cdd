package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/maker"
	"ferry/liquidity/venue/okx"
	"ferry/swap/asset"
)

// How old a venue's word may be to be acted on. Venues with a heartbeat each second,
// and Binance with its many trades, are never silent for so long; the others may be.
const (
	priceStaleAfter = 5 * time.Second
	quietStaleAfter = 10 * time.Second
	// Makers take back what they do not repeat.
	makerStaleAfter = time.Second
)

// instruments are the books that pairs are priced from, by the asset that each brings
// in: all meet in BTC, so that two price any pair. All venues have all of them. Every
// one is counted in the same ticks at all venues.
var instruments = map[asset.ID]liquidity.Instrument{
	asset.ETH:  {Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8},
	asset.LTC:  {Base: asset.LTC, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8},
	asset.BCH:  {Base: asset.BCH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8},
	asset.USDT: {Base: asset.BTC, Quote: asset.USDT, PriceDecimals: 8, SizeDecimals: 8},
	asset.USDC: {Base: asset.BTC, Quote: asset.USDC, PriceDecimals: 8, SizeDecimals: 8},
}

// needed are the instruments that price the pairs, in Ferry's order of assets.
func needed(pairs []liquidity.PairConfig) ([]liquidity.Instrument, error) {
	var list []liquidity.Instrument
	for _, a := range asset.All() {
		wanted := func(p liquidity.PairConfig) bool { return p.Pair.From == a.ID || p.Pair.To == a.ID }
		if a.ID == asset.BTC || !slices.ContainsFunc(pairs, wanted) {
			continue
		}
		i, ok := instruments[a.ID]
		if !ok {
			return nil, fmt.Errorf("no book of %s is known to the venues", a.ID)
		}
		list = append(list, i)
	}
	return list, nil
}

// place is where a venue is, and what is read there.
type place struct {
	instrument liquidity.Instrument
	// rest is empty where nothing is fetched.
	stream, rest string
	log          *slog.Logger
	// lines are those of all books; nil for one that shares none.
	lines *feed.Lines
}

func (p place) market(staleAfter time.Duration) feed.Market {
	return feed.Market{StreamURL: p.stream, Instrument: p.instrument, StaleAfter: staleAfter, Lines: p.lines, Log: p.log, Now: time.Now}
}

// registration is a venue: where it is, and its client.
type registration struct {
	name, stream, rest string
	open               func(place) (liquidity.Source, error)
}

// register lists the venues there are, a line each.
var register = []registration{
	{binance.Name, "wss://data-stream.binance.vision", "https://data-api.binance.vision", onBinance},
	{kraken.Name, kraken.StreamURL, "", func(p place) (liquidity.Source, error) { return kraken.New(p.market(priceStaleAfter)) }},
	{coinbase.Name, coinbase.StreamURL, "", func(p place) (liquidity.Source, error) { return coinbase.New(p.market(priceStaleAfter)) }},
	{okx.Name, okx.StreamURL, "", func(p place) (liquidity.Source, error) { return okx.New(p.market(quietStaleAfter)) }},
	{bitstamp.Name, bitstamp.StreamURL, bitstamp.RestURL, func(p place) (liquidity.Source, error) {
		return bitstamp.New(bitstamp.Config{Market: p.market(quietStaleAfter), RestURL: p.rest})
	}},
}

// named lists those that have no address of their own: they are followed where FERRY_VENUES
// names them.
var named = []registration{
	{maker.Name, "", "", func(p place) (liquidity.Source, error) { return maker.New(p.market(makerStaleAfter)) }},
}

func onBinance(p place) (liquidity.Source, error) {
	return binance.New(binance.Config{StreamURL: p.stream, RestURL: p.rest, Symbol: string(p.instrument.Base + p.instrument.Quote),
		StaleAfter: priceStaleAfter, Lines: p.lines, Log: p.log, Now: time.Now, Instrument: p.instrument})
}

// at is where a venue is: FERRY_<VENUE>_STREAM_URL and FERRY_<VENUE>_REST_URL go before the
// addresses that are registered.
func (r registration) at(setting func(name, otherwise string) string) place {
	prefix := "FERRY_" + strings.ToUpper(r.name)
	return place{stream: setting(prefix+"_STREAM_URL", r.stream), rest: setting(prefix+"_REST_URL", r.rest)}
}

// opener opens books at venues.
func opener(setting func(name, otherwise string) string, log *slog.Logger) func(liquidity.Subscription) (liquidity.Source, error) {
	lines := feed.NewLines()
	return func(w liquidity.Subscription) (liquidity.Source, error) {
		for _, r := range slices.Concat(register, named) {
			if r.name == w.Venue {
				p := r.at(setting)
				p.instrument, p.lines, p.log = w.Instrument, lines, log
				return r.open(p)
			}
		}
		return nil, fmt.Errorf("venue %.40q is not known", w.Venue)
	}
}
