package model

import (
	"errors"
	"fmt"
	"math/big"

	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// Errors of the book. After either nothing is booked.
var (
	// ErrEntryExists means that what an entry books has been booked before.
	ErrEntryExists = errors.New("entry exists")
	// ErrInvariant is what a CHECK or trigger of the schema would refuse.
	ErrInvariant = errors.New("refused by an invariant of the schema")
)

// Position names a balance.
type Position struct {
	Account ledger.Account
	Asset   asset.ID
}

// Book holds entries and the sums of their postings.
type Book struct {
	entries  map[string]ledger.Entry
	keys     []string
	balances map[Position]*big.Int
}

func newBook() Book {
	return Book{entries: map[string]ledger.Entry{}, balances: map[Position]*big.Int{}}
}

// Entry is the entry under a key.
func (b *Book) Entry(key string) (ledger.Entry, bool) {
	e, ok := b.entries[key]
	return e, ok
}

// Len is the number of entries.
func (b *Book) Len() int { return len(b.keys) }

// Entries are all entries in the order they were booked.
func (b *Book) Entries() []ledger.Entry {
	all := make([]ledger.Entry, 0, len(b.keys))
	for _, key := range b.keys {
		all = append(all, b.entries[key])
	}
	return all
}

// Balance is the sum of an account's postings: debits less credits.
func (b *Book) Balance(account ledger.Account, id asset.ID) *big.Int {
	if sum := b.balances[Position{account, id}]; sum != nil {
		return new(big.Int).Set(sum)
	}
	return new(big.Int)
}

// Balances are all that were ever posted to, those at zero included. The caller
// must not change them.
func (b *Book) Balances() map[Position]*big.Int { return b.balances }

// Post books entries: all of them or, with an error, a transaction to be undone.
// The accounts of swaps are looked at after all of them, as one statement's
// trigger does in Postgres.
func (b *Book) Post(t *Tx, entries ...ledger.Entry) error {
	touched := map[Position]bool{}
	for _, e := range entries {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("book: %w", err)
		}
		if _, taken := b.entries[e.Key]; taken {
			return fmt.Errorf("book %s: %w", e.Key, ErrEntryExists)
		}
		Set(t, b.entries, e.Key, e)
		Append(t, &b.keys, e.Key)
		for _, p := range e.Postings {
			at := Position{p.Account, p.Amount.Asset}
			sum := p.Signed()
			if old := b.balances[at]; old != nil {
				sum.Add(sum, old)
			}
			Set(t, b.balances, at, sum)
			touched[at] = true
		}
	}
	for at := range touched {
		if at.Account.PerSwap() && b.balances[at].Sign() > 0 {
			return fmt.Errorf("%s is overdrawn by %s base units of %s: %w", at.Account, b.balances[at], at.Asset, ErrInvariant)
		}
	}
	return nil
}
