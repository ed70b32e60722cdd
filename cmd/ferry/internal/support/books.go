package support

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// The two books, as the trial balance names them.
const (
	WalletBook  = "hot wallet"
	MachineBook = "state machine"
)

const (
	// openMost is how many entries without a counterpart are read; more of them is
	// itself something that is off.
	openMost = 1000
	// inFlightLimit is how long a fact may take from one book to the other before
	// somebody has to look.
	inFlightLimit = 10 * time.Minute
)

// Books is the trial balance of both books and what is off in them.
type Books struct {
	At     time.Time    `json:"at"`
	Assets []AssetBooks `json:"assets"`
}

// Balanced reports whether nothing is off.
func (b Books) Balanced() bool {
	for _, a := range b.Assets {
		if len(a.Off) > 0 {
			return false
		}
	}
	return true
}

// AssetBooks is one asset in both books.
type AssetBooks struct {
	Asset asset.ID `json:"asset"`
	Lines []Line   `json:"lines"`
	// Totals of each book, which must be zero.
	WalletTotal  Sum `json:"hot_wallet_total"`
	MachineTotal Sum `json:"state_machine_total"`
	// Clearing of each book; together they are what is in flight.
	WalletClearing  Sum `json:"hot_wallet_clearing"`
	MachineClearing Sum `json:"state_machine_clearing"`
	// InFlight are facts that the hot wallet has booked and the state machine has not.
	InFlight []Open `json:"in_flight"`
	// Lost is what the state machine's clearing holds of before the hot wallet's
	// recovery, which has no counterpart any more; nil if there was none.
	Lost       *Sum            `json:"lost_before_recovery,omitempty"`
	Reconciled *Reconciliation `json:"reconciliation,omitempty"`
	// Off says in sentences what is wrong; empty if balanced.
	Off []string `json:"off"`
}

// Line is an account of a book; its balance is positive for a debit balance.
type Line struct {
	Book    string `json:"book"`
	Account string `json:"account"`
	Balance Sum    `json:"balance"`
}

// Open is an entry on a clearing account that the other book does not have.
type Open struct {
	Key     string    `json:"key"`
	SwapID  string    `json:"swap_id,omitempty"`
	Wallet  Sum       `json:"hot_wallet"`
	Machine Sum       `json:"state_machine"`
	At      time.Time `json:"at"`
	// Lost are all entries together whose counterparts were lost with the hot wallet's
	// book before its recovery.
	Lost bool `json:"lost,omitempty"`
}

// Books reads and judges both books.
func (r *Reader) Books(ctx context.Context) (Books, error) {
	b := Books{At: r.now}
	byAsset := map[asset.ID]*AssetBooks{}
	for _, a := range asset.All() {
		zero := func() Sum { return Sum{Asset: a.ID, Units: new(big.Int)} }
		byAsset[a.ID] = &AssetBooks{Asset: a.ID, Lines: []Line{}, InFlight: []Open{}, Off: []string{},
			WalletTotal: zero(), MachineTotal: zero(), WalletClearing: zero(), MachineClearing: zero()}
	}
	if err := r.trialBalance(ctx, byAsset); err != nil {
		return b, err
	}
	owed, err := r.swapsOwed(ctx)
	if err != nil {
		return b, err
	}
	open, more, err := r.clearingOpen(ctx)
	if err != nil {
		return b, err
	}
	comparisons, err := r.Reconciliations(ctx)
	if err != nil {
		return b, err
	}
	for i := range comparisons {
		if a := byAsset[comparisons[i].Book.Asset]; a != nil {
			a.Reconciled = &comparisons[i]
		}
	}
	for _, a := range asset.All() {
		books := byAsset[a.ID]
		books.judge(owed[a.ID], open, more, r.now)
		if len(books.Lines) == 0 && len(books.Off) == 0 && books.Reconciled == nil {
			continue // nothing was ever booked in it: a chain that is not run, say
		}
		b.Assets = append(b.Assets, *books)
	}
	return b, nil
}

func (r *Reader) trialBalance(ctx context.Context, into map[asset.ID]*AssetBooks) error {
	type row struct {
		Book, Account string
		Asset         asset.ID
		Units         string
	}
	found, err := rows[row](ctx, r, "TRIAL_BALANCE")
	if err != nil {
		return err
	}
	for _, f := range found {
		a := into[f.Asset]
		if a == nil {
			return fmt.Errorf("the %s's book holds asset %.20q, which is not known", f.Book, f.Asset)
		}
		sum, err := newSum(f.Asset, f.Units)
		if err != nil {
			return err
		}
		a.Lines = append(a.Lines, Line{Book: f.Book, Account: f.Account, Balance: sum})
		total, clearing := &a.WalletTotal, &a.WalletClearing
		if f.Book == MachineBook {
			total, clearing = &a.MachineTotal, &a.MachineClearing
		}
		total.Units.Add(total.Units, sum.Units)
		if f.Account == string(ledger.Clearing) {
			*clearing = sum
		}
	}
	return nil
}

func (r *Reader) swapsOwed(ctx context.Context) (map[asset.ID]*big.Int, error) {
	type row struct {
		Asset asset.ID
		Units string
	}
	found, err := rows[row](ctx, r, "SWAPS_OWED")
	owed := map[asset.ID]*big.Int{}
	for _, f := range found {
		sum, sumErr := newSum(f.Asset, f.Units)
		if sumErr != nil {
			return nil, sumErr
		}
		owed[f.Asset] = sum.Units
	}
	return owed, err
}

func (r *Reader) clearingOpen(ctx context.Context) ([]Open, bool, error) {
	type row struct {
		Key             string
		Asset           asset.ID
		Wallet, Machine string
		SwapID          string
		At              time.Time
		Lost            bool
	}
	var assets, chains []string
	for _, a := range asset.All() {
		assets, chains = append(assets, string(a.ID)), append(chains, string(a.Chain))
	}
	found, err := rows[row](ctx, r, "CLEARING_OPEN", openMost+1, assets, chains)
	if err != nil {
		return nil, false, err
	}
	found, more := cut(found, openMost)
	open := make([]Open, 0, len(found))
	for _, f := range found {
		o := Open{Key: f.Key, SwapID: f.SwapID, At: f.At.UTC(), Lost: f.Lost}
		if o.Wallet, err = newSum(f.Asset, f.Wallet); err != nil {
			return nil, false, err
		}
		if o.Machine, err = newSum(f.Asset, f.Machine); err != nil {
			return nil, false, err
		}
		open = append(open, o)
	}
	return open, more, nil
}
