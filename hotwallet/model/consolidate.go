package model

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
)

// SmallCoins implements sweep.Store.
func (s *Store) SmallCoins(context.Context) (c sweep.Coins, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	small, err := s.small()
	if err != nil {
		return c, err
	}
	c.Small = len(small)
	if c.Small > 0 {
		c.Smallest = small[0].ID()
	}
	for _, coin := range small[:min(len(small), sweep.InputsMost)] {
		if c.Units, err = c.Units.Add(coin.Units); err != nil {
			return c, err
		}
	}
	since := s.config.Now().Add(-24 * time.Hour)
	for _, p := range s.house(func(p Payment) bool { return p.Order.Purpose == swap.PurposeSweep }) {
		c.Open = c.Open || p.open()
		if p.queuedAt.After(since) {
			c.Begun++
		}
	}
	return c, nil
}

// small are the coins that could be brought together, the smallest first.
func (s *Store) small() ([]chain.Coin, error) {
	worth, err := s.config.Dust(s.native.ID).MulDiv(big.NewInt(sweep.InputWorth), big.NewInt(1), asset.Up)
	if err != nil {
		return nil, err
	}
	var coins []chain.Coin
	for key, c := range s.coins {
		if key.chain == s.chain && s.spendable(c, s.depth()) && worth.Less(c.units) {
			coins = append(coins, chain.Coin{TxID: c.txid, Index: c.index, Units: c.units, Address: c.address, Path: c.path})
		}
	}
	slices.SortFunc(coins, func(a, b chain.Coin) int {
		return cmp.Or(a.Units.Cmp(b.Units), cmp.Compare(a.TxID, b.TxID), cmp.Compare(a.Index, b.Index))
	})
	return coins, nil
}

// changeAddress is the one of a UTXO chain.
func (s *Store) changeAddress() (address, path string) {
	for key, a := range s.addresses {
		if key.chain == s.chain && a.purpose == purposeChange {
			return key.name, a.path
		}
	}
	return "", ""
}
