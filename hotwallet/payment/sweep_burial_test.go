package payment_test

import (
	"testing"

	"ferry/hotwallet/chain/fakechain"
	"ferry/swap/asset"
)

// Setup: ether on a deposit address, as deep as the deepest reorganisation that is followed,
// which then takes it back.
//
// Test: it was not swept. A sweep of it could never be mined, and would hold the address and
// its nonce for ever. What is one block deeper stays, and is swept.
func TestNothingIsSweptThatAReorganisationTakesBack(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	s.reorgLimit, s.burial = confirmations+2, confirmations+2
	s.restart()
	s.open()
	s.fund(s.some(1000))
	address := s.deposited(asset.ETH, s.some(500))
	s.mine(int(s.reorgLimit) - confirmations)
	if n := s.look(); n != 0 {
		t.Fatalf("%d payments for what can still be taken back", n)
	}
	s.chain.Reorg(int(s.reorgLimit), fakechain.DoubleSpend)
	s.mine(int(s.reorgLimit) + 1)
	if got := s.holds(address, asset.ETH); got != "0" {
		t.Fatalf("the address still holds %s", got)
	}
	s.chain.Pay(address, s.some(300))
	s.mine(int(s.reorgLimit) + 1)
	if n := s.look(); n != 1 {
		t.Fatalf("%d payments are open, want one sweep", n)
	}
}
