package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/issue"
	"ferry/hotwallet/keys"
	"ferry/hotwallet/treasury"
	"ferry/swap/asset"
)

var (
	addSenderSQL       = statement("ADD_SENDER")
	bookSumsSQL        = statement("BOOK_SUMS")
	balanceCoinsSQL    = statement("BALANCE_COINS")
	balanceReservedSQL = statement("BALANCE_RESERVED")
	balancePlacesSQL   = statement("BALANCE_PLACES")
	balanceQueuedSQL   = statement("BALANCE_QUEUED")
	balanceStateSQL    = statement("BALANCE_STATE")
	resumeSQL          = statement("RESUME")
)

var _ treasury.Store = (*Store)(nil)

// AddHot implements treasury.Store.
func (s *Store) AddHot(ctx context.Context, hot []treasury.HotKey) error {
	branches := map[uint32][]issue.Address{}
	for _, k := range hot {
		branches[k.Branch] = append(branches[k.Branch], issue.Address{Index: k.Index, Path: k.Path, Address: k.Address})
	}
	return s.write(ctx, func(tx pgx.Tx) error {
		for branch, addresses := range branches {
			if err := s.addAddresses(ctx, tx, keys.Hot, branch, "hot", addresses); err != nil {
				return err
			}
		}
		if !keepsAccounts(s.chain) || len(hot) == 0 {
			return nil
		}
		var there int
		if err := tx.QueryRow(ctx, addSenderSQL, s.chain, hot[0].Address, hot[0].Path).Scan(&there); err != nil {
			return fmt.Errorf("store the sender: %w", err)
		}
		if there != 1 {
			return errors.New("another sender is stored: are these the keys of this database?")
		}
		return nil
	})
}

// Balances implements treasury.Store.
func (s *Store) Balances(ctx context.Context) ([]treasury.Balances, error) {
	var all []treasury.Balances
	err := s.read(ctx, func(tx pgx.Tx) error {
		for _, id := range s.assets() {
			b, err := s.balance(ctx, tx, id)
			if err != nil {
				return err
			}
			if id != s.native.ID && all[0].Available.Less(s.config.GasReserve) {
				b.Available = asset.Units{} // nothing is left to send it with
			}
			all = append(all, b)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum the balances of %s: %w", s.chain, err)
	}
	return all, nil
}

// balance is of one asset.
func (s *Store) balance(ctx context.Context, tx pgx.Tx, id asset.ID) (treasury.Balances, error) {
	b := treasury.Balances{Asset: id}
	if err := s.bookSums(ctx, tx, &b); err != nil {
		return b, err
	}
	spendable, err := s.spendable(ctx, tx, &b)
	if err != nil {
		return b, err
	}
	var queued asset.Units
	var others int64
	if err := tx.QueryRow(ctx, balanceQueuedSQL, s.chain, id).Scan(&queued, &others); err != nil {
		return b, err
	}
	if id == s.native.ID { // the others' fees are paid in it
		gas, err := s.config.GasReserve.MulDiv(big.NewInt(others), big.NewInt(1), asset.Up)
		if err == nil {
			queued, err = queued.Add(gas)
		}
		if err != nil {
			return b, fmt.Errorf("fees of %d queued payments: %w", others, err)
		}
	}
	if queued.Less(spendable) {
		if b.Available, err = spendable.Sub(queued); err != nil {
			return b, err
		}
	}
	return b, tx.QueryRow(ctx, balanceStateSQL, s.chain).Scan(&b.Height, &b.Halted)
}

// bookSums reads the accounts. Sums may be negative, so they travel as text.
func (s *Store) bookSums(ctx context.Context, tx pgx.Tx, b *treasury.Balances) error {
	into := []**big.Int{&b.OnChain, &b.InFlight, &b.DepositConfirming, &b.PaymentConfirming,
		&b.Suspense, &b.HouseCapital, &b.NetworkFees}
	texts, targets := make([]string, len(into)), make([]any, len(into))
	for i := range texts {
		targets[i] = &texts[i]
	}
	if err := tx.QueryRow(ctx, bookSumsSQL, b.Asset).Scan(targets...); err != nil {
		return err
	}
	for i, text := range texts {
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			return fmt.Errorf("sum %.40q is no whole number", text)
		}
		*into[i] = n
	}
	return nil
}

// spendable is what a payment could be made from now; it fills in what is
// reserved, and what lies where.
func (s *Store) spendable(ctx context.Context, tx pgx.Tx, b *treasury.Balances) (asset.Units, error) {
	var spendable asset.Units
	if !keepsAccounts(s.chain) {
		err := tx.QueryRow(ctx, balanceCoinsSQL, s.chain, s.spendDepth()).Scan(&spendable, &b.Reserved)
		return spendable, err
	}
	if err := tx.QueryRow(ctx, balanceReservedSQL, s.chain, b.Asset, b.Asset == s.native.ID).Scan(&b.Reserved); err != nil {
		return spendable, err
	}
	if err := tx.QueryRow(ctx, balancePlacesSQL, s.chain, b.Asset).Scan(&b.OnSender, &b.Unswept); err != nil {
		return spendable, err
	}
	f, _, err := s.payingSender(ctx, tx, b.Asset)
	if b.Asset != s.native.ID {
		return f.TokenBalance, err
	}
	return f.Balance, err
}

// Halt implements treasury.Store.
func (s *Store) Halt(ctx context.Context, actor, reason string) (halted bool, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		halted, err = s.halt(ctx, tx, actor, reason)
		return err
	})
	return halted, err
}

// Resume implements treasury.Store.
func (s *Store) Resume(ctx context.Context, actor, reason string) (resumed bool, err error) {
	err = s.write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, resumeSQL, s.chain)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		resumed = true
		return s.staffAction(ctx, tx, actor, "resume", string(s.chain), reason)
	})
	return resumed, err
}
