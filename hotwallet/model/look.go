package model

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/reconcile"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/ledger"
	"ferry/swap/model"
)

// purposeChange marks the address that change comes back to.
const purposeChange = "change"

type comparison struct {
	at    chain.Ref
	extra *big.Int
}

// Issue watches a deposit address for a swap, before anybody is given it.
func (s *Store) Issue(addr, swapID string) error {
	return s.watchAddress(addr, address{path: "m/deposit/" + addr, purpose: purposeSwap, swapID: swapID})
}

// Pool watches an address that nobody was given.
func (s *Store) Pool(addr string) error {
	return s.watchAddress(addr, address{path: "m/pool/" + addr, purpose: purposeUnattributed})
}

// Hot watches the address of treasury's funds, which on an account chain pays too.
func (s *Store) Hot(addr string) error {
	err := s.watchAddress(addr, address{path: "m/hot", purpose: purposeFunding})
	if err != nil || !s.accounts() {
		return err
	}
	return s.change(func(c *change) error {
		model.Set(c.tx, c.senders, c.chain, sender{address: addr, path: "m/hot"})
		return nil
	})
}

// Change watches the one change address of a UTXO chain.
func (s *Store) Change(addr string) error {
	return s.watchAddress(addr, address{path: "m/change", purpose: purposeChange})
}

func (s *Store) watchAddress(addr string, row address) error {
	return s.change(func(c *change) error {
		if _, taken := c.addresses[place{c.chain, addr}]; taken {
			return fmt.Errorf("address %s is ours already: %w", addr, ErrState)
		}
		model.Set(c.tx, c.addresses, place{c.chain, addr}, row)
		return nil
	})
}

// Addresses implements watch.Store.
func (s *Store) Addresses(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for key := range s.addresses {
		if key.chain == s.chain {
			all = append(all, key.name)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Resume is what an operator does: payments go on. It reports whether they stood.
func (d *Database) Resume(name asset.Chain) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, halted := d.halts[name]
	delete(d.halts, name)
	return halted
}

// Halts are the chains that stand still, with the reason.
func (d *Database) Halts() map[asset.Chain]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[asset.Chain]string{}
	for name, reason := range d.halts {
		all[name] = reason
	}
	return all
}

// Schema is the outbox, the offsets and the book. It may not be changed.
func (d *Database) Schema() *model.Schema { return d.schema }

// Actions are all that people have to look at.
func (d *Database) Actions() []Action {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.actions)
}

// Deposits are all rows, by id.
func (d *Database) Deposits() []Deposit {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Deposit
	for _, row := range d.deposits {
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b Deposit) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Payments are all rows, in the order they were queued.
func (d *Database) Payments() []Payment {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Payment
	for _, row := range d.payments {
		row.Attempt = d.newest(row.BatchID)
		all = append(all, row)
	}
	slices.SortFunc(all, func(a, b Payment) int { return int(a.queued - b.queued) })
	return all
}

// Stranded reports a payment that is signed with a coin which is in no block, other than
// the first: it can't be mined unless that coin comes back, and does not die of it.
func (d *Database) Stranded(p Payment) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.State != swap.PaymentSigned && p.State != swap.PaymentBroadcast || p.Order.Chain.Family() != asset.UTXO {
		return false
	}
	coins := d.batches[p.BatchID].attempts[0].Plan.Coins
	return d.coins[place{p.Order.Chain, coins[0].ID()}].height != 0 && slices.ContainsFunc(coins, func(c chain.Coin) bool {
		return d.coins[place{p.Order.Chain, c.ID()}].height == 0
	})
}

// Died reports that a payment lost its coin for good after it was signed.
func (d *Database) Died(orderID string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.batches {
		if b.state == swap.PaymentDead && b.chain.Family() == asset.UTXO && slices.Contains(b.orders, orderID) {
			return true
		}
	}
	return false
}

// Books implements reconcile.Store.
func (s *Store) Books(context.Context) ([]reconcile.Books, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, begun := s.cursor()
	if !begun {
		return nil, nil
	}
	var all []reconcile.Books
	for _, id := range s.assets() {
		all = append(all, s.booksOf(at, id))
	}
	return all, nil
}

func (s *Store) booksOf(at chain.Ref, id asset.ID) reconcile.Books {
	b := reconcile.Books{At: at, Asset: id, Token: id != s.native.ID, Accounts: s.accounts()}
	b.Units = s.schema.Book.Balance(ledger.Wallet, id)
	b.Units.Add(b.Units, s.schema.Book.Balance(ledger.InFlight, id))
	if !b.Accounts {
		b.Coins = s.unspent()
		return b
	}
	b.Places = s.places(id)
	if last, ok := s.surplus[id]; ok && s.blocks[height{s.chain, last.at.Height}].hash == last.at.Hash {
		b.Before = last.extra
	}
	for key, a := range s.addresses {
		if key.chain == s.chain && a.purpose == purposeFunding {
			b.Addresses = append(b.Addresses, key.name)
		}
	}
	for at := range s.holdings {
		if at.chain == s.chain && at.asset == id {
			b.Addresses = append(b.Addresses, at.name)
		}
	}
	slices.Sort(b.Addresses)
	b.Addresses = slices.Compact(b.Addresses)
	return b
}

// Record implements reconcile.Store.
func (s *Store) Record(_ context.Context, b reconcile.Books, node asset.Units) error {
	return s.change(func(c *change) error {
		model.Set(c.tx, c.surplus, b.Asset, comparison{at: b.At, extra: new(big.Int).Sub(node.Big(), b.Units)})
		return nil
	})
}

// Address is a row of that table: Purpose is "swap", "funding", "unattributed" or
// "change".
type Address struct {
	Chain                          asset.Chain
	Address, Path, Purpose, SwapID string
}

// OwnAddresses are all rows, sorted.
func (d *Database) OwnAddresses() []Address {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Address
	for _, key := range slices.SortedFunc(maps.Keys(d.addresses), byName) {
		row := d.addresses[key]
		all = append(all, Address{Chain: key.chain, Address: key.name, Path: row.path, Purpose: row.purpose, SwapID: row.swapID})
	}
	return all
}
