package ledger

import (
	"errors"
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// ErrUnbalanced means the debits of an entry differ from its credits.
var ErrUnbalanced = errors.New("entry does not balance")

// Posting moves Amount on one account. Debits are positive in sums and credits
// negative; an asset account (Wallet) normally has a debit balance, a liability
// (SwapDeposit) a credit balance.
type Posting struct {
	Account Account
	Amount  asset.Amount
	Credit  bool
}

// Signed is the posting as a signed count of base units: credits are negative.
func (p Posting) Signed() *big.Int {
	n := p.Amount.Units.Big()
	if p.Credit {
		n.Neg(n)
	}
	return n
}

// Debit posts a on the left side of an account.
func Debit(account Account, a asset.Amount) Posting { return Posting{Account: account, Amount: a} }

// Credit posts a on the right side of an account.
func Credit(account Account, a asset.Amount) Posting {
	return Posting{Account: account, Amount: a, Credit: true}
}

// Entry is one fact of the books: postings that sum to zero for each asset.
// Entries are never changed; a mistake or a reorg is another entry.
type Entry struct {
	// Key makes the entry unique within its book, so that it is stored once
	// however often its cause is seen: for example "deposit:<deposit id>".
	Key string
	// Kind is what happened, from a fixed vocabulary: "deposit", "exchange", ...
	Kind string
	// SwapID is empty for entries that belong to no swap.
	SwapID   string
	Postings []Posting
}

// Transfer is the simplest entry: a moves from the account that is credited to
// the one that is debited.
func Transfer(key, kind, swapID string, debit, credit Account, a asset.Amount) Entry {
	return Entry{Key: key, Kind: kind, SwapID: swapID,
		Postings: []Posting{Debit(debit, a), Credit(credit, a)}}
}

// Validate reports an entry that must not be stored: no key, no kind, fewer
// than two postings, an unknown asset, a zero amount, or ErrUnbalanced.
func (e Entry) Validate() error {
	if e.Key == "" || e.Kind == "" {
		return fmt.Errorf("entry %q of kind %q lacks a key or a kind", e.Key, e.Kind)
	}
	if len(e.Postings) < 2 {
		return fmt.Errorf("entry %s has %d postings: %w", e.Key, len(e.Postings), ErrUnbalanced)
	}
	sums := map[asset.ID]*big.Int{}
	for i, p := range e.Postings {
		if p.Account == "" {
			return fmt.Errorf("entry %s: posting %d has no account", e.Key, i)
		}
		if _, ok := asset.Lookup(p.Amount.Asset); !ok {
			return fmt.Errorf("entry %s: posting %d has unknown asset %q", e.Key, i, p.Amount.Asset)
		}
		if p.Amount.Units.IsZero() {
			return fmt.Errorf("entry %s: posting %d on %s is zero", e.Key, i, p.Account)
		}
		if sums[p.Amount.Asset] == nil {
			sums[p.Amount.Asset] = new(big.Int)
		}
		sums[p.Amount.Asset].Add(sums[p.Amount.Asset], p.Signed())
	}
	for id, sum := range sums {
		if sum.Sign() != 0 {
			return fmt.Errorf("entry %s is off by %s base units of %s: %w", e.Key, sum, id, ErrUnbalanced)
		}
	}
	return nil
}

// Reverse is the entry that undoes e, under a key of its own.
func (e Entry) Reverse(key, kind string) Entry {
	r := Entry{Key: key, Kind: kind, SwapID: e.SwapID, Postings: make([]Posting, len(e.Postings))}
	for i, p := range e.Postings {
		p.Credit = !p.Credit
		r.Postings[i] = p
	}
	return r
}
