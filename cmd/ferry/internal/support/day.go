package support

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"ferry/swap/asset"
)

// DayBooks is what one day, in UTC, did to both books. Debits are positive.
type DayBooks struct {
	// From and To bound the day: an entry of it was booked at From or later, and before To.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// At is when it was read: of a day that is not over, the rest is missing.
	At    time.Time `json:"at"`
	Books []DayBook `json:"books"`
}

// Balanced reports whether nothing is off.
func (d DayBooks) Balanced() bool {
	for _, b := range d.Books {
		if len(b.Off) > 0 {
			return false
		}
	}
	return true
}

// DayBook is one asset in one book.
type DayBook struct {
	Book     string       `json:"book"`
	Asset    asset.ID     `json:"asset"`
	Accounts []DayAccount `json:"accounts"`
	Kinds    []DayKind    `json:"kinds"`
	// Opening and Closing are the sums of all accounts, which must be zero.
	Opening Sum `json:"opening_total"`
	Closing Sum `json:"closing_total"`
	// Off says in sentences what does not sum to zero; empty if all does.
	Off []string `json:"off"`
}

// DayAccount is one account: Opening and Movements sum to Closing.
type DayAccount struct {
	Account   string     `json:"account"`
	Opening   Sum        `json:"opening"`
	Movements []Movement `json:"movements"`
	Closing   Sum        `json:"closing"`
}

// Movement is what all entries of a kind did to an account.
type Movement struct {
	Kind    string `json:"kind"`
	Entries int64  `json:"entries"`
	Amount  Sum    `json:"amount"`
}

// DayKind is all entries of a kind in one asset: Moved is what they debited, Total
// what all their postings sum to.
type DayKind struct {
	Kind    string `json:"kind"`
	Entries int64  `json:"entries"`
	Moved   Sum    `json:"moved"`
	Total   Sum    `json:"total"`
}

// Day reads and judges what the day that begins at from, in UTC, did to the assets.
func (r *Reader) Day(ctx context.Context, from time.Time, assets []asset.ID) (DayBooks, error) {
	d := DayBooks{From: from, To: from.AddDate(0, 0, 1), At: r.now}
	byBook := map[[2]string]*DayBook{}
	for _, id := range assets {
		for _, book := range []string{WalletBook, MachineBook} {
			byBook[[2]string{book, string(id)}] = &DayBook{Book: book, Asset: id, Accounts: []DayAccount{}, Kinds: []DayKind{},
				Opening: nothing(id), Closing: nothing(id), Off: []string{}}
		}
	}
	if err := r.dayMovements(ctx, d, assets, byBook); err != nil {
		return d, err
	}
	if err := r.dayKinds(ctx, d, assets, byBook); err != nil {
		return d, err
	}
	for _, id := range assets {
		for _, book := range []string{WalletBook, MachineBook} {
			b := byBook[[2]string{book, string(id)}]
			b.judge()
			if len(assets) > 1 && len(b.Accounts) == 0 && len(b.Off) == 0 {
				continue // of all that might be shown, only what has been booked
			}
			d.Books = append(d.Books, *b)
		}
	}
	return d, nil
}

func nothing(id asset.ID) Sum { return Sum{Asset: id, Units: new(big.Int)} }

// plus is the sum of two balances of one asset.
func (s Sum) plus(other Sum) Sum {
	return Sum{Asset: s.Asset, Units: new(big.Int).Add(s.Units, other.Units)}
}

// dayMovements reads the accounts: rows come sorted, an account's opening first.
func (r *Reader) dayMovements(ctx context.Context, d DayBooks, assets []asset.ID, into map[[2]string]*DayBook) error {
	type row struct {
		Book, Account string
		Asset         asset.ID
		Kind          string
		Entries       int64
		Units         string
	}
	found, err := rows[row](ctx, r, "DAY_MOVEMENTS", d.From, d.To, assets)
	if err != nil {
		return err
	}
	for _, f := range found {
		b := into[[2]string{f.Book, string(f.Asset)}]
		amount, err := newSum(f.Asset, f.Units)
		if err != nil {
			return err
		}
		if n := len(b.Accounts); n == 0 || b.Accounts[n-1].Account != f.Account {
			b.Accounts = append(b.Accounts, DayAccount{Account: f.Account, Opening: nothing(f.Asset), Movements: []Movement{}, Closing: nothing(f.Asset)})
		}
		a := &b.Accounts[len(b.Accounts)-1]
		a.Closing = a.Closing.plus(amount)
		b.Closing = b.Closing.plus(amount)
		if f.Kind == "" {
			a.Opening = amount
			b.Opening = b.Opening.plus(amount)
			continue
		}
		a.Movements = append(a.Movements, Movement{Kind: f.Kind, Entries: f.Entries, Amount: amount})
	}
	return nil
}

func (r *Reader) dayKinds(ctx context.Context, d DayBooks, assets []asset.ID, into map[[2]string]*DayBook) error {
	type row struct {
		Book, Kind   string
		Asset        asset.ID
		Entries      int64
		Moved, Units string
	}
	found, err := rows[row](ctx, r, "DAY_KINDS", d.From, d.To, assets)
	if err != nil {
		return err
	}
	for _, f := range found {
		k := DayKind{Kind: f.Kind, Entries: f.Entries}
		if k.Moved, err = newSum(f.Asset, f.Moved); err != nil {
			return err
		}
		if k.Total, err = newSum(f.Asset, f.Units); err != nil {
			return err
		}
		b := into[[2]string{f.Book, string(f.Asset)}]
		b.Kinds = append(b.Kinds, k)
	}
	return nil
}

// judge says what does not sum to zero.
func (b *DayBook) judge() {
	off := func(format string, args ...any) { b.Off = append(b.Off, fmt.Sprintf(format, args...)) }
	if !b.Opening.Zero() {
		off("when the day began the accounts of the %s's book summed to %s", b.Book, b.Opening)
	}
	for _, k := range b.Kinds {
		if !k.Total.Zero() {
			off("the entries of kind %s in the %s's book sum to %s", k.Kind, b.Book, k.Total)
		}
	}
	if !b.Closing.Zero() {
		off("when it ended they summed to %s", b.Closing)
	}
}
