package simulator_test

import (
	"testing"

	"ferry/liquidity/book"
	"ferry/liquidity/venue/binance"
	"ferry/liquidity/venue/bitstamp"
	"ferry/liquidity/venue/coinbase"
	"ferry/liquidity/venue/feed"
	"ferry/liquidity/venue/kraken"
	"ferry/liquidity/venue/okx"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
)

// Each venue's client follows its recording to the end without a doubt.
func TestRecordingsCanBeFollowed(t *testing.T) {
	t.Parallel()
	m := venuetest.Market(t)
	for venue, p := range map[string]feed.Protocol{
		simulator.Binance: binance.Open("ETHBTC", m.Instrument), simulator.Kraken: kraken.Open("ETH/BTC", m.Instrument, kraken.Depth),
		simulator.Coinbase: coinbase.Open("ETH-BTC", m.Instrument), simulator.OKX: okx.Open("ETH-BTC", m.Instrument),
		simulator.Bitstamp: bitstamp.Open("ethbtc", m.Instrument),
	} {
		r, err := simulator.Record(1, m, venue, 200)
		if err != nil || len(r.Changes) != 200 {
			t.Fatalf("%s: %d changes, %v", venue, len(r.Changes), err)
		}
		if err := start(p, r); err != nil || !p.Trusted() {
			t.Fatalf("%s: %v, trusted %t", venue, err, p.Trusted())
		}
		changed := 0
		for n, raw := range r.Changes {
			before, _ := p.Book().Best(book.Bid)
			if _, err := p.Take(raw); err != nil || !p.Trusted() {
				t.Fatalf("%s: change %d: %v", venue, n, err)
			}
			if after, _ := p.Book().Best(book.Bid); after != before {
				changed++
			}
		}
		if changed < 50 {
			t.Errorf("%s: the bid changed %d times", venue, changed)
		}
	}
}

// start tells a client the book, in the order it would hear it.
func start(p feed.Protocol, r simulator.Recording) error {
	if r.Before == nil {
		_, err := p.Take(r.Snapshot)
		return err
	}
	if _, err := p.Take(r.Before); err != nil {
		return err
	}
	return p.Load(r.Snapshot)
}
