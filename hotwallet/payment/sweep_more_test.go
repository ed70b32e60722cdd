package payment_test

import (
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap"
	"ferry/swap/asset"
)

// Setup: more of a token came to an address after its sweep was stored, and is buried before
// that is planned. Test: it is swept too, and nothing of it reads as a foreign spend.
func TestSweepTakesWhatCameSinceItsLook(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.fund(s.some(5000))
	address := s.issued(swap.NewID(swap.SwapPrefix, s.clock.Now())).Address
	s.chain.Pay(address, s.some(50))
	s.chain.PayToken(asset.USDT, fakechain.Output{Address: address, Units: dollars(50)})
	s.mine(2 * confirmations)
	for range 3 {
		s.look() // the token's is stored
	}
	s.chain.PayToken(asset.USDT, fakechain.Output{Address: address, Units: dollars(60)})
	s.mine(2 * confirmations)
	s.step()
	s.mine(2 * confirmations)
	if n := s.count(`SELECT count(*) FROM halt`); n != 0 {
		t.Fatal(s.text(`SELECT string_agg(reason, ', ') FROM halt`))
	}
	if moved := s.text(`SELECT units::text FROM payment WHERE purpose = 'sweep' AND asset = 'USDT' AND state = 'final'`); moved != dollars(110).String() {
		t.Fatalf("%s were swept", moved)
	}
	s.balanced()
}
