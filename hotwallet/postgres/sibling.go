package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
)

var (
	siblingAddressesSQL = statement("SIBLING_ADDRESSES")
	homeAddressesSQL    = statement("HOME_ADDRESSES")
	siblingCoinsSQL     = statement("SIBLING_COINS")
)

// Siblings lists the forms that another chain's deposit addresses have on this one, in
// every state, of those with an index of from or above; next is the index after the
// highest. All chains' hot wallets share the schema, and an address is stored before it
// can be given: whoever asks here before it reads a block that was mined after that
// knows the address.
func (s *Store) Siblings(ctx context.Context, from uint32) (addresses []string, next uint32, err error) {
	home, ok := keys.HomeOf(s.chain)
	if !ok {
		return nil, from, nil
	}
	rows, err := s.pool.Query(ctx, siblingAddressesSQL, home, from)
	if err != nil {
		return nil, from, fmt.Errorf("list addresses of %s: %w", home, err)
	}
	next = from
	var address string
	_, err = pgx.ForEachRow(rows, []any{&address, &next}, func() error {
		if form, ok := keys.SiblingAddress(s.config.Networks, s.chain, address); ok {
			addresses = append(addresses, form)
		}
		return nil
	})
	if err != nil {
		return nil, from, fmt.Errorf("list addresses of %s: %w", home, err)
	}
	return addresses, next, nil
}

// siblingAddresses adds those of the credits' addresses that are forms of another chain's
// deposit addresses. What comes there belongs to the swap that has that address.
func (c *change) siblingAddresses(ctx context.Context, credits []chain.Credit, found map[string]ownAddress) error {
	forms := map[string]string{} // home address → its form here
	var home asset.Chain
	var asked []string
	for _, credit := range credits {
		if _, own := found[credit.Address]; own {
			continue
		}
		if on, address, ok := keys.HomeAddress(c.config.Networks, c.chain, credit.Address); ok {
			home, forms[address] = on, credit.Address
			asked = append(asked, address)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	rows, err := c.tx.Query(ctx, homeAddressesSQL, home, asked)
	if err != nil {
		return fmt.Errorf("look addresses of %s up: %w", home, err)
	}
	a := ownAddress{home: home}
	var address string
	_, err = pgx.ForEachRow(rows, []any{&address, &a.path, &a.state, &a.swapID}, func() error {
		found[forms[address]] = a
		return nil
	})
	if err != nil {
		return fmt.Errorf("look addresses of %s up: %w", home, err)
	}
	return nil
}

// ownForm reports whether an address is the form on any chain of another's deposit
// address: ours as any, so that nothing is ever paid out to it.
func (s *Store) ownForm(ctx context.Context, address string) (own bool, err error) {
	for _, on := range asset.Chains() {
		if _, there, ok := keys.HomeAddress(s.config.Networks, on, address); ok {
			return own, s.pool.QueryRow(ctx, ownAddressSQL, there).Scan(&own)
		}
	}
	return false, nil
}

// siblingCoins are what the refund of a deposit has to spend: that very coin, if it is
// one of another chain's keys. Nothing else may.
func (s *Store) siblingCoins(ctx context.Context, tx pgx.Tx, o swap.Order) ([]chain.Coin, error) {
	if _, ok := keys.HomeOf(s.chain); !ok || o.Purpose != swap.PurposeRefund {
		return nil, nil
	}
	rows, err := tx.Query(ctx, siblingCoinsSQL, s.chain, o.DepositIDs())
	if err != nil {
		return nil, err
	}
	return pgx.AppendRows([]chain.Coin(nil), rows, func(row pgx.CollectableRow) (c chain.Coin, err error) {
		err = row.Scan(&c.TxID, &c.Index, &c.Units, &c.Address, &c.Path)
		return c, err
	})
}
