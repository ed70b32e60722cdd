package bitstamp

import (
	"testing"
	"time"

	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
)

func TestTrading(t *testing.T) {
	t.Parallel()
	venuetest.Trading(t, Name, func(t *testing.T, address string) trade.Venue {
		trader, err := NewTrader("http://"+address+"/bitstamp", rest.Key{ID: simulator.AccountKey, Secret: rest.NewSecret(simulator.AccountPhrase)}, venuetest.AnswerWithin, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return trader
	})
}
