package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/payment"
	"ferry/hotwallet/sweep"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	sweepableSQL   = statement("SWEEPABLE")
	houseBegunSQL  = statement("HOUSE_BEGUN")
	droppedSQL     = statement("DROPPED_NONCES")
	smallCoinsSQL  = statement("SMALL_COINS")
	insertHouseSQL = statement("INSERT_HOUSE_PAYMENT")
	houseEndsSQL   = statement("HOUSE_ENDS")
)

var _ sweep.Store = (*Store)(nil)

const (
	// sweepableMost is how many holdings of one asset a look sees, gapsMost how many
	// dropped nonces.
	sweepableMost = 200
	gapsMost      = 20
	day           = 24 * time.Hour
)

// Sweepable implements sweep.Store. What is buried is as deep as a reorganisation may be.
func (s *Store) Sweepable(ctx context.Context, least map[asset.ID]asset.Units) (sweep.State, error) {
	st := sweep.State{Native: s.native.ID, Accounts: map[string]sweep.Account{}}
	now := s.now()
	err := s.read(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, houseBegunSQL, s.chain, now.Add(-time.Hour), now.Add(-day)).Scan(&st.Begun, &st.ToppedUp)
		if err != nil {
			return err
		}
		f, _, err := s.payingSender(ctx, tx, s.native.ID)
		if err != nil {
			return err
		}
		st.SenderFree = f.Balance
		var unswept asset.Units
		if err := tx.QueryRow(ctx, balancePlacesSQL, s.chain, s.native.ID).Scan(&st.Sender, &unswept); err != nil {
			return err
		}
		for _, id := range s.assets() {
			if from, swept := least[id]; swept {
				if err := s.sweepable(ctx, tx, &st, id, from, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return st, fmt.Errorf("look for what to sweep on %s: %w", s.chain, err)
	}
	return st, nil
}

func (s *Store) sweepable(ctx context.Context, tx pgx.Tx, st *sweep.State, id asset.ID, least asset.Units, now time.Time) error {
	rows, err := tx.Query(ctx, sweepableSQL, s.chain, id, least, s.burial(), s.native.ID, sweepableMost, now)
	if err != nil {
		return err
	}
	h, a := sweep.Held{Asset: id}, sweep.Account{}
	_, err = pgx.ForEachRow(rows, []any{&h.Address, &h.Units, &h.Since, &a.Gas, &a.Nonce, &a.ToppedUp}, func() error {
		a.Address = h.Address
		st.Held = append(st.Held, h)
		st.Accounts[h.Address] = a
		return nil
	})
	return err
}

// burial is how deep a deposit lies that no reorganisation within the limit takes back.
func (s *Store) burial() int64 { return max(s.depth(), s.config.Burial+1) }

// SmallCoins implements sweep.Store.
func (s *Store) SmallCoins(ctx context.Context) (c sweep.Coins, err error) {
	worth, err := s.consolidated()
	if err != nil {
		return c, err
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, smallCoinsSQL, s.chain, s.depth(), worth, s.now().Add(-day), sweep.InputsMost).
			Scan(&c.Small, &c.Smallest, &c.Units, &c.Open, &c.Begun)
	})
	if err != nil {
		return c, fmt.Errorf("count the small coins of %s: %w", s.chain, err)
	}
	return c, nil
}

// consolidated is what a coin has to be worth more than to be brought together with others.
func (s *Store) consolidated() (asset.Units, error) {
	return s.config.Dust(s.native.ID).MulDiv(big.NewInt(sweep.InputWorth), big.NewInt(1), asset.Up)
}

// DroppedNonces implements sweep.Store.
func (s *Store) DroppedNonces(ctx context.Context) ([]uint64, error) {
	rows, err := s.pool.Query(ctx, droppedSQL, s.chain, gapsMost)
	if err != nil {
		return nil, fmt.Errorf("look for nonces that nothing uses: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for nonces that nothing uses: %w", err)
	}
	nonces := make([]uint64, len(found))
	for i, n := range found {
		nonces[i] = uint64(n)
	}
	return nonces, nil
}

// StoreHouse implements sweep.Store. That an intent was made before, or one like it is
// open, the table's keys know.
func (s *Store) StoreHouse(ctx context.Context, intents []sweep.Intent) (stored []string, err error) {
	now := s.now()
	err = s.write(ctx, func(tx pgx.Tx) error {
		stored = nil
		for _, i := range intents {
			fresh, err := s.storeHouse(ctx, tx, i, now)
			if err != nil {
				return fmt.Errorf("store %s: %w", i.OrderID(), err)
			}
			if fresh {
				stored = append(stored, i.OrderID())
			}
		}
		return nil
	})
	return stored, err
}

func (s *Store) storeHouse(ctx context.Context, tx pgx.Tx, i sweep.Intent, now time.Time) (bool, error) {
	o := swap.Order{ID: i.OrderID(), Purpose: i.Purpose, Chain: s.chain, Amount: asset.Amount{Asset: i.Asset, Units: i.Units}, At: swap.Millis(now)}
	var from string
	var nonce *int64
	if i.Purpose != swap.PurposeGasTopUp && i.Coin == "" {
		n := int64(i.Nonce)
		nonce = &n
	}
	rests := payment.House{FeeMax: i.FeeMax, Nonce: i.Nonce}
	var err error
	if o.Destination, rests.DepositPath, err = s.houseDestination(ctx, tx, i); err != nil {
		return false, err
	}
	if i.Purpose == swap.PurposeSweep {
		from, rests.From = i.Address, i.Address
	}
	body, err := json.Marshal(house{Order: o, House: &rests})
	if err != nil {
		return false, fmt.Errorf("encode: %w", err)
	}
	tag, err := tx.Exec(ctx, insertHouseSQL, s.chain, o.ID, o.Purpose, i.Asset, i.Units, o.Destination, string(body), from, nonce, i.FeeMax, now)
	return err == nil && tag.RowsAffected() == 1, err
}

// houseDestination is always an address of ours: the one that pays, a change address for
// coins, or for a top-up a deposit address, with its path.
func (s *Store) houseDestination(ctx context.Context, tx pgx.Tx, i sweep.Intent) (address, path string, err error) {
	if i.Coin != "" {
		var change string
		err = tx.QueryRow(ctx, changeAddressSQL, s.chain, i.OrderID()).Scan(&address, &change)
		return address, "", err
	}
	if err = tx.QueryRow(ctx, houseEndsSQL, s.chain, i.Address).Scan(&address, &path); err != nil || i.Purpose != swap.PurposeGasTopUp {
		return address, "", err
	}
	if path == "" || address == i.Address {
		return "", "", errors.New("a top-up goes to a deposit address")
	}
	return i.Address, path, nil
}
