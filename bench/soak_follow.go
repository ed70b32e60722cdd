package main

import (
	"fmt"
	"log/slog"
	"time"

	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/simulator"
)

// soakStale is the silence allowed: more than a machine with other work is slow by.
const soakStale = 20 * time.Second

// soakWeight is what each venue may spend of the 6000 a minute that a simulator has for snapshots
// of four.
const soakWeight = 1500

// follow is a venue's client, as liquidityd has it, at a simulator.
func follow(protocol, host string, m simulator.Market, lines *feed.Lines, log *slog.Logger) (*feed.Venue, error) {
	at := func(path string) feed.Market {
		return feed.Market{StreamURL: "ws://" + host + path, Instrument: m.Instrument, StaleAfter: soakStale, Lines: lines, Log: log, Now: time.Now}
	}
	switch protocol {
	case simulator.Binance:
		return binance.New(binance.Config{StreamURL: "ws://" + host, RestURL: "http://" + host, Symbol: m.Symbol(),
			Instrument: m.Instrument, StaleAfter: soakStale, Weight: soakWeight, Lines: lines, Log: log, Now: time.Now})
	case simulator.Kraken:
		return kraken.New(at("/kraken/v2"))
	case simulator.Coinbase:
		return coinbase.New(at("/coinbase"))
	case simulator.OKX:
		return okx.New(at("/okx/ws/v5/public"))
	case simulator.Bitstamp:
		return bitstamp.New(bitstamp.Config{Market: at("/bitstamp"), RestURL: "http://" + host + "/bitstamp"})
	}
	return nil, fmt.Errorf("no client of %.20q is known", protocol)
}
