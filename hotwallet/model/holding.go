package model

import (
	"math/big"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/model"
)

// holder is an address of ours with one asset.
type holder struct {
	place
	asset asset.ID
}

// moveHoldings adds what a block changed at each address of an account chain, or takes
// it off again.
func (c *change) moveHoldings(b chain.Block, back bool) {
	if !c.accounts() {
		return
	}
	move := func(address string, id asset.ID, units *big.Int) {
		at := holder{place{c.chain, address}, id}
		sum := new(big.Int)
		if has := c.holdings[at]; has != nil {
			sum.Set(has)
		}
		if back {
			units = new(big.Int).Neg(units)
		}
		model.Set(c.tx, c.holdings, at, sum.Add(sum, units))
	}
	for _, credit := range b.Credits {
		move(credit.Address, credit.Asset, credit.Units.Big())
	}
	for _, d := range b.Debits {
		move(d.Address, d.Asset, new(big.Int).Neg(d.Units.Big()))
		move(d.Address, c.native.ID, new(big.Int).Neg(d.Fee.Big()))
	}
}

// held is what an address holds of an asset.
func (s *Store) held(address string, id asset.ID) *big.Int {
	sum := new(big.Int)
	if has := s.holdings[holder{place{s.chain, address}, id}]; has != nil {
		sum.Set(has)
	}
	return sum
}

// places is what all addresses hold of an asset.
func (s *Store) places(id asset.ID) *big.Int {
	sum := new(big.Int)
	for at, units := range s.holdings {
		if at.chain == s.chain && at.asset == id {
			sum.Add(sum, units)
		}
	}
	return sum
}
