package model

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/model"
)

const (
	// A plan may choose from so many of the largest coins, and of the smallest that are
	// worth more than their own input costs.
	coinsLargest  = 75
	coinsSmallest = 25
	// coinbaseMaturity, as Bitcoin has it.
	coinbaseMaturity = 100
)

func (c *change) addCoin(credit chain.Credit, at int64) error {
	if c.accounts() {
		return nil
	}
	key := place{c.chain, credit.CoinID()}
	a, ours := c.addresses[place{c.chain, credit.Address}]
	row, known := c.coins[key]
	switch {
	case !ours:
		return fmt.Errorf("the address of credit %s is not ours: %w", credit.CoinID(), ErrState)
	case !known:
		row = coin{txid: credit.TxID, index: credit.Index, units: credit.Units, address: credit.Address, path: a.path, coinbase: credit.Coinbase}
	case row.height != 0 || row.units != credit.Units || row.address != credit.Address:
		return fmt.Errorf("coin %s is in a block already or has changed: %w", credit.CoinID(), ErrState)
	}
	row.height, row.goneFrom = at, 0
	model.Set(c.tx, c.coins, key, row)
	return nil
}

// spendCoin marks the coin of a debit and returns its value.
func (c *change) spendCoin(d chain.Debit, at int64) (asset.Units, error) {
	key := place{c.chain, d.CoinID}
	row, known := c.coins[key]
	if !known || row.spentBy != "" {
		return asset.Units{}, fmt.Errorf("coin %s is unknown or spent already: %w", d.CoinID, ErrState)
	}
	row.spentBy, row.spentHeight = d.TxID, at
	model.Set(c.tx, c.coins, key, row)
	return row.units, nil
}

func (c *change) reorgCoins(at chain.Ref) error {
	for _, key := range slices.SortedFunc(maps.Keys(c.coins), byName) {
		row := c.coins[key]
		if key.chain != c.chain {
			continue
		}
		if row.spentBy != "" && row.spentHeight == at.Height {
			row.spentBy, row.spentHeight = "", 0
			model.Set(c.tx, c.coins, key, row)
		}
		switch {
		case row.height != at.Height:
		case row.spentBy != "":
			return fmt.Errorf("coin %s is spent in a block above: %w", key.name, ErrState)
		case row.reservedBy != "":
			row.height, row.goneFrom = 0, at.Height
			model.Set(c.tx, c.coins, key, row)
		default:
			model.Delete(c.tx, c.coins, key)
		}
	}
	return nil
}

func byName(a, b place) int {
	return cmp.Or(cmp.Compare(a.chain, b.chain), cmp.Compare(a.name, b.name))
}

// Coins implements watch.Store.
func (s *Store) Coins(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unspent(), nil
}

func (s *Store) unspent() []string {
	var ids []string
	for key, row := range s.coins {
		if key.chain == s.chain && row.spentBy == "" && row.height != 0 {
			ids = append(ids, key.name)
		}
	}
	slices.Sort(ids)
	return ids
}

// spendable reports a coin that a plan may take and that is so deep.
func (s *Store) spendable(c coin, deep int64) bool {
	tip := s.cursors[s.chain]
	return c.spentBy == "" && c.reservedBy == "" && c.height != 0 && c.height <= tip-deep+1 &&
		(!c.coinbase || c.height <= tip-coinbaseMaturity+1)
}

// funds is what a payment of an asset may be made from, and what its nonce waits for.
func (s *Store) funds(id asset.ID) (f chain.Funds, at queue, err error) {
	if s.accounts() {
		return s.account(id)
	}
	f.ChangeAddress, f.ChangePath = s.changeAddress()
	for key, c := range s.coins {
		if key.chain == s.chain && s.spendable(c, max(s.depth(), s.config.SpendDepth)) {
			f.Coins = append(f.Coins, chain.Coin{TxID: c.txid, Index: c.index, Units: c.units, Address: c.address, Path: c.path})
		}
	}
	slices.SortFunc(f.Coins, largestFirst)
	f.Coins = s.offered(f.Coins)
	return f, at, nil
}

// offered are those of the coins, the largest first, that a plan may choose from.
func (s *Store) offered(coins []chain.Coin) []chain.Coin {
	if len(coins) <= coinsLargest {
		return coins
	}
	worth := slices.DeleteFunc(slices.Clone(coins[coinsLargest:]), func(c chain.Coin) bool {
		return !s.config.Dust(s.native.ID).Less(c.Units)
	})
	return append(coins[:coinsLargest:coinsLargest], worth[max(0, len(worth)-coinsSmallest):]...)
}

// queue is what a sender's next nonce waits for: an earlier plan that is not signed yet, or
// too many of its transactions in no block.
type queue struct{ unsigned, full bool }

// account is the sender with what it can spend, from the books: of the chain's own
// asset, and of the one to be paid if that is a token.
func (s *Store) account(id asset.ID) (f chain.Funds, at queue, err error) {
	from := s.senders[s.chain]
	f.Sender, f.SenderPath, f.Nonce = from.address, from.path, from.nonce
	inFlight := 0
	for _, b := range s.batches {
		if b.chain != s.chain || b.attempts[0].Plan.SenderPath != from.path {
			continue
		}
		at.unsigned = at.unsigned || b.attempts[0].State == payment.AttemptPlanned
		if b.state == swap.PaymentQueued || b.state == swap.PaymentSigned || b.state == swap.PaymentBroadcast {
			inFlight++
		}
	}
	at.full = inFlight >= s.config.InFlightMax
	f.Balance, err = s.left(s.native.ID)
	if err == nil && id != s.native.ID {
		f.TokenBalance, err = s.left(id)
	}
	return f, at, err
}

// left is what the sender can spend of one asset.
func (s *Store) left(id asset.ID) (asset.Units, error) { return s.leftBut(id, "") }

// leftBut is what it could spend without a batch.
func (s *Store) leftBut(id asset.ID, batchID string) (asset.Units, error) {
	from := s.senders[s.chain]
	left := s.held(from.address, id)
	for _, d := range s.deposits {
		if d.Chain == s.chain && d.Amount.Asset == id && d.State == "in_block" && d.Address == from.address {
			left.Sub(left, d.Amount.Units.Big())
		}
	}
	for _, p := range s.payments {
		sweeps := p.Order.Chain == s.chain && p.Order.Purpose == swap.PurposeSweep
		if sweeps && p.State == swap.PaymentConfirmed && !p.Failed && p.Order.Amount.Asset == id {
			left.Sub(left, p.moved().Units.Big()) // not deep enough
		}
		a := s.newest(p.BatchID)
		if p.Order.Chain != s.chain || a == nil || p.Height != 0 || p.BatchID == batchID || sweeps {
			continue
		}
		if p.Order.Amount.Asset == id {
			left.Sub(left, p.Order.Amount.Units.Big())
		}
		if id == s.native.ID {
			left.Sub(left, a.Plan.Fee.Big())
		}
	}
	if left.Sign() <= 0 {
		return asset.Units{}, nil
	}
	return asset.UnitsFromBig(left)
}

// reserve ties the plan's coins, or its nonce, to the batch.
func (c *change) reserve(batchID string, p payment.Payment, plan chain.Plan) error {
	if !c.accounts() {
		return c.reserveCoins(batchID, plan.Coins)
	}
	if p.House != nil && p.Order.Purpose != swap.PurposeGasTopUp {
		return c.takeHouseNonce(p, plan)
	}
	paid := p.Order.Amount
	f, at, err := c.account(paid.Asset)
	if err != nil {
		return err
	}
	cost, short := plan.Fee, paid.Asset != c.native.ID && f.TokenBalance.Less(paid.Units)
	if paid.Asset == c.native.ID {
		if cost, err = paid.Units.Add(plan.Fee); err != nil {
			return err
		}
	}
	if at.unsigned || at.full || short || f.Balance.Less(cost) || f.Nonce != plan.Nonce || f.SenderPath != plan.SenderPath {
		return fmt.Errorf("nonce %d can't be taken: %w", plan.Nonce, payment.ErrChanged)
	}
	from := c.senders[c.chain]
	from.nonce++
	model.Set(c.tx, c.senders, c.chain, from)
	return nil
}

func (c *change) reserveCoins(batchID string, coins []chain.Coin) error {
	for _, input := range coins {
		key := place{c.chain, input.ID()}
		row, known := c.coins[key]
		if input.Parent != nil {
			if err := c.reserveChange(batchID, input); err != nil {
				return err
			}
			continue
		}
		free := row.spentBy == "" && row.reservedBy == "" && c.shallow(row)
		if !known || !c.spendable(row, c.depth()) && !free || row.units != input.Units || row.path != input.Path {
			return fmt.Errorf("coin %s can't be reserved: %w", key.name, payment.ErrChanged)
		}
		row.reservedBy = batchID
		model.Set(c.tx, c.coins, key, row)
	}
	return nil
}
