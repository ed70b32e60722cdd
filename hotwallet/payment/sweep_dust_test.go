package payment_test

import (
	"testing"

	"ferry/swap/asset"
)

// Setup: ether and a token on an address each, and with every block one more unit of ether
// there. Test: what is buried is swept all the same, and no more than that: what a
// reorganisation may take back stays.
func TestDustKeepsNothingFromBeingSwept(t *testing.T) {
	t.Parallel()
	s := newSweeper(t, asset.Ethereum)
	address := s.deposited(asset.ETH, s.some(500))
	for range confirmations {
		s.chain.Pay(address, asset.NewUnits(1))
		s.mine(1)
	}
	fresh, err := s.some(500).Add(asset.NewUnits(1)) // the first of the units is buried too
	s.must(err)
	found, err := s.store.Sweepable(t.Context(), map[asset.ID]asset.Units{asset.ETH: s.some(500)})
	s.must(err)
	if len(found.Held) != 1 || found.Held[0].Units != fresh || found.Accounts[address].Gas != fresh {
		t.Fatalf("held %+v, gas %s, want %s", found.Held, found.Accounts[address].Gas, fresh)
	}
	if s.look() != 1 {
		t.Fatal("the ether is not swept")
	}
	s.carried()
	if left := units(s.holds(address, asset.ETH)); !left.Less(s.some(1)) {
		t.Fatalf("%s are left", left)
	}
	address = s.deposited(asset.USDT, dollars(500))
	for range confirmations {
		s.chain.Pay(address, asset.NewUnits(1))
		s.mine(1)
	}
	if s.look() != 1 { // the gas for it
		t.Fatal("the token is not swept")
	}
	s.carried()
	if s.look() != 1 {
		t.Fatal("the token is not swept once there is gas")
	}
	s.carried()
	if left := s.holds(address, asset.USDT); left != "0" {
		t.Fatalf("%s of the token are left", left)
	}
}
