package binance

import (
	"fmt"
	"testing"
	"time"

	"ferry/liquidity/trade"
	"ferry/liquidity/venue/rest"
	"ferry/liquidity/venue/simulator"
	"ferry/liquidity/venue/venuetest"
)

// The example of the documents ("SIGNED request examples", HMAC keys).
func TestSignsAsTheDocumentsDo(t *testing.T) {
	t.Parallel()
	secret := rest.NewSecret("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")
	query := "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
	if got, want := sign(secret, query), "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"; got != want {
		t.Errorf("signature %s, not %s", got, want)
	}
	if text := fmt.Sprintf("%v %+v %#v", secret, rest.Key{ID: "a", Secret: secret}, secret); text != "(secret) {ID:a Secret:(secret) Passphrase:(secret)} (secret)" {
		t.Errorf("a secret is printed: %s", text)
	}
}

func TestTrading(t *testing.T) {
	t.Parallel()
	venuetest.Trading(t, simulator.Binance, func(t *testing.T, address string) trade.Venue {
		trader, err := NewTrader("http://"+address, rest.Key{ID: simulator.AccountKey, Secret: rest.NewSecret(simulator.AccountPhrase)}, venuetest.AnswerWithin, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return trader
	})
}
