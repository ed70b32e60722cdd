package kraken

import (
	"encoding/base64"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
	"ferry/swap/asset"
)

// The example of the documents ("Spot REST Authentication").
func TestSignsAsTheDocumentsDo(t *testing.T) {
	t.Parallel()
	secret, err := base64.StdEncoding.DecodeString("kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==")
	if err != nil {
		t.Fatal(err)
	}
	got := sign(secret, "/0/private/AddOrder", "1616492376594", "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25")
	if want := "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="; got != want {
		t.Errorf("signature %s, not %s", got, want)
	}
}

func TestNamesOfPairs(t *testing.T) {
	t.Parallel()
	i := liquidity.Instrument{Base: asset.ETH, Quote: asset.BTC}
	for name, want := range map[string]bool{"ETHXBT": true, "XETHXXBT": true, "XLTCXXBT": false, "ETHXBTX": false, "": false, "XXETHXBT": false} {
		if of(name, i) != want {
			t.Errorf("%s is ETH-BTC: %t", name, !want)
		}
	}
}

func TestTrading(t *testing.T) {
	t.Parallel()
	venuetest.Trading(t, simulator.Kraken, func(t *testing.T, address string) trade.Venue {
		trader, err := NewTrader("http://"+address+"/kraken", rest.Key{ID: simulator.AccountKey, Secret: rest.NewSecret(simulator.AccountPhrase)}, venuetest.AnswerWithin, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return trader
	})
}
