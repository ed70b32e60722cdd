package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/swap/asset"
)

// How old a venue's word may be to be acted on. Venues with a heartbeat each second,
// and Binance with its many trades, are never silent for so long; the others may be.
const (
	priceStaleAfter = 5 * time.Second
	quietStaleAfter = 10 * time.Second
)

// ethBTCInstrument is the market that both pairs are priced from, in the ticks that
// all venues are counted in.
var ethBTCInstrument = liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC, PriceDecimals: 8, SizeDecimals: 8}

// registration is a venue: where it is, and its client. rest is empty where nothing
// is fetched.
type registration struct {
	name, stream, rest string
	open               func(streamURL, restURL string, log *slog.Logger) (liquidity.Source, error)
}

// register lists the venues there are, a line each.
var register = []registration{
	{binance.Name, "wss://data-stream.binance.vision", "https://data-api.binance.vision", ethBTC},
	{kraken.Name, kraken.StreamURL, "", func(stream, _ string, log *slog.Logger) (liquidity.Source, error) {
		return kraken.New(kraken.Config{StreamURL: stream, Instrument: ethBTCInstrument, StaleAfter: priceStaleAfter, Log: log, Now: time.Now})
	}},
	{coinbase.Name, coinbase.StreamURL, "", func(stream, _ string, log *slog.Logger) (liquidity.Source, error) {
		return coinbase.New(coinbase.Config{StreamURL: stream, Instrument: ethBTCInstrument, StaleAfter: priceStaleAfter, Log: log, Now: time.Now})
	}},
	{okx.Name, okx.StreamURL, "", func(stream, _ string, log *slog.Logger) (liquidity.Source, error) {
		return okx.New(okx.Config{StreamURL: stream, Instrument: ethBTCInstrument, StaleAfter: quietStaleAfter, Log: log, Now: time.Now})
	}},
	{bitstamp.Name, bitstamp.StreamURL, bitstamp.RestURL, func(stream, rest string, log *slog.Logger) (liquidity.Source, error) {
		return bitstamp.New(bitstamp.Config{StreamURL: stream, RestURL: rest, Instrument: ethBTCInstrument, StaleAfter: quietStaleAfter, Log: log, Now: time.Now})
	}},
}

// ethBTC is Binance's market.
func ethBTC(streamURL, restURL string, log *slog.Logger) (liquidity.Source, error) {
	return binance.New(binance.Config{StreamURL: streamURL, RestURL: restURL, Symbol: "ETHBTC",
		StaleAfter: priceStaleAfter, Log: log, Now: time.Now, Instrument: ethBTCInstrument})
}

// sources opens the venues that FERRY_VENUES names, all of them if it is not set.
// FERRY_<VENUE>_STREAM_URL and FERRY_<VENUE>_REST_URL go before the addresses that are
// registered.
func sources(setting func(name, otherwise string) string, log *slog.Logger) ([]liquidity.Source, error) {
	var all []string
	for _, r := range register {
		all = append(all, r.name)
	}
	var opened []liquidity.Source
	for name := range strings.SplitSeq(setting("FERRY_VENUES", strings.Join(all, ",")), ",") {
		found := false
		for _, r := range register {
			if r.name != name {
				continue
			}
			found = true
			prefix := "FERRY_" + strings.ToUpper(name)
			source, err := r.open(setting(prefix+"_STREAM_URL", r.stream), setting(prefix+"_REST_URL", r.rest), log)
			if err != nil {
				return nil, fmt.Errorf("venue %s: %w", name, err)
			}
			opened = append(opened, source)
		}
		if !found {
			return nil, fmt.Errorf("FERRY_VENUES names %.40q, which is none of %s", name, strings.Join(all, ","))
		}
	}
	return opened, nil
}
