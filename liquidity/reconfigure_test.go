package liquidity

import (
	"runtime"
	"sync"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: two configurations, one with a spread at the desk, the other with a venue's fee in
// the market, changed for one another again and again while rates and quotes are priced.
// Test: each price is one of the two that the configurations give; none has one's spread
// with the other's fee, or neither.
func TestNoPriceIsOfTwoConfigurations(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	all := newDesks(s.desk)
	wide, dear := s.desk.config, s.desk.config
	wide.Pairs, dear.Pairs = append([]PairConfig(nil), wide.Pairs...), append([]PairConfig(nil), dear.Pairs...)
	wide.Pairs[0].SpreadBPS, dear.Pairs[0].SpreadBPS = 100, 0
	wide.Market.DayMovePPM, dear.Market.DayMovePPM = 1, 2 // it adds nothing without a premium
	wide.Market.Venues = map[string]VenueTerms{}
	dear.Market.Venues = map[string]VenueTerms{}
	for _, f := range s.desk.market.fora {
		for _, stall := range f.stalls {
			wide.Market.Venues[stall.source.Name()] = VenueTerms{SharePPM: ppmWhole}
			dear.Market.Venues[stall.source.Name()] = VenueTerms{SharePPM: ppmWhole, TakerPPM: 40_000}
		}
	}
	priceOf := func() (price string) {
		all.price(func(d *Desk) {
			rate, err := d.Rate(d.config.Pairs[0])
			if err != nil || rate.Unavailable != "" {
				t.Errorf("a rate: %+v, %v", rate, err)
			}
			p, err := d.priced(Request{Pair: rate.Pair, Deposit: amount(t, asset.BTC, "0.01"), Client: "alice"})
			if err != nil {
				t.Error(err)
			}
			price = rate.Price + " " + quoted(p.quote)
		})
		return price
	}
	want := map[string]bool{}
	for _, c := range []Config{wide, dear} {
		all.change(all.now().with(c))
		want[priceOf()] = true
	}
	if len(want) != 2 {
		t.Fatalf("the configurations price the same: %v", want)
	}
	var readers sync.WaitGroup
	done := make(chan struct{})
	reading := func(read func() bool) {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if !read() {
					return
				}
				runtime.Gosched() // the tests beside it want to run, too
			}
		})
	}
	reading(func() bool {
		got := priceOf()
		if !want[got] {
			t.Errorf("priced at %q, the configurations give %v", got, want)
		}
		return want[got]
	})
	for range 3 { // quick ones, that meet every moment of a change
		reading(func() (same bool) {
			all.price(func(d *Desk) {
				d.market.mu.Lock()
				defer d.market.mu.Unlock()
				same = d.market.config.DayMovePPM == d.config.Market.DayMovePPM
			})
			if !same {
				t.Error("a price is made by one configuration's desk and by the other's market")
			}
			return same
		})
	}
	for range 2_000 {
		all.change(all.now().with(wide))
		all.change(all.now().with(dear))
	}
	close(done)
	readers.Wait()
}

func quoted(q swap.Quote) string { return q.Payout.String() }
