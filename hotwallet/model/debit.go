package model

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// transaction is a block's with all that it took from us.
type transaction struct {
	txid   string
	debits []chain.Debit
}

// transactions gathers a block's debits, in the block's order.
func (c *change) transactions(b chain.Block) []transaction {
	var all []transaction
	for _, d := range b.Debits {
		i := slices.IndexFunc(all, func(t transaction) bool { return t.txid == d.TxID })
		if i < 0 {
			i, all = len(all), append(all, transaction{txid: d.TxID})
		}
		all[i].debits = append(all[i].debits, d)
	}
	return all
}

// split parts what our transaction took from its sender, the native debit first, from
// what it took elsewhere.
func (c *change) split(t transaction, b batch) (own, others []chain.Debit, err error) {
	if !c.accounts() {
		return t.debits, nil, nil
	}
	first := slices.IndexFunc(t.debits, func(d chain.Debit) bool { return d.Asset == c.native.ID })
	if first < 0 {
		return nil, nil, fmt.Errorf("batch %s cost nothing: %w", b.id, ErrState)
	}
	own = []chain.Debit{t.debits[first]}
	for i, d := range t.debits {
		switch {
		case i == first:
		case d.Address == own[0].Address && d.Asset != c.native.ID:
			own = append(own, d)
		case d.Address != own[0].Address:
			others = append(others, d)
		}
	}
	return own, others, nil
}

// compare compares what a payment moved with what its order pays, and reports that it was nothing.
// What differs is as foreign as a spend of somebody else's.
func (c *change) compare(paid asset.Amount, own []chain.Debit, alien *strangers) (nothing bool) {
	var asked *big.Int
	for _, d := range own {
		switch {
		case d.Asset == paid.Asset && d.Asset == c.native.ID:
			asked = new(big.Int) // a native payment moves what it says
		case d.Asset == paid.Asset && !d.Failed && !own[0].Failed && !d.Units.IsZero():
			asked = paid.Units.Big()
			alien.took(d.TxID, d.Asset, new(big.Int).Sub(d.Units.Big(), asked))
		case d.Asset != paid.Asset && d.Asset == c.native.ID, d.Asset != c.native.ID:
			alien.took(d.TxID, d.Asset, d.Units.Big())
		}
	}
	return asked == nil
}

// strangers is what left without us, by asset.
type strangers struct {
	sums map[asset.ID]*big.Int
	by   []string
}

func (s *strangers) took(by string, id asset.ID, units *big.Int) {
	if units.Sign() == 0 {
		return
	}
	if s.sums == nil {
		s.sums = map[asset.ID]*big.Int{}
	}
	if s.sums[id] == nil {
		s.sums[id] = new(big.Int)
	}
	s.sums[id].Add(s.sums[id], units)
	s.name(by)
}

func (s *strangers) name(by string) {
	if !slices.Contains(s.by, by) {
		s.by = append(s.by, by)
	}
}

// entry books it on suspense, in a block that a recovery reads again as recovered; a sum
// below zero is what was not taken.
func (s *strangers) entry(key string, recovers bool) (ledger.Entry, error) {
	e, on := ledger.Entry{Key: key, Kind: "foreign"}, ledger.Suspense
	if recovers {
		e.Kind, on = "recovered", ledger.Recovered
	}
	for _, id := range slices.Sorted(maps.Keys(s.sums)) {
		sum := s.sums[id]
		units, err := asset.UnitsFromBig(new(big.Int).Abs(sum))
		if err != nil {
			return e, fmt.Errorf("spends of others: %w", err)
		}
		a := asset.Amount{Asset: id, Units: units}
		switch sum.Sign() {
		case 1:
			e.Postings = append(e.Postings, ledger.Debit(on, a), ledger.Credit(ledger.Wallet, a))
		case -1:
			e.Postings = append(e.Postings, ledger.Debit(ledger.Wallet, a), ledger.Credit(on, a))
		}
	}
	return e, nil
}
