package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

var (
	addCoinsSQL         = statement("ADD_COINS")
	spendCoinsSQL       = statement("SPEND_COINS")
	unspendCoinsSQL     = statement("UNSPEND_COINS")
	keepReservedSQL     = statement("KEEP_RESERVED_COINS")
	removeCoinsSQL      = statement("REMOVE_COINS")
	coinsAtSQL          = statement("COINS_AT")
	coinsMadeAtSQL      = statement("COINS_MADE_AT")
	unspentCoinsSQL     = statement("UNSPENT_COINS")
	watchedAddressesSQL = statement("WATCHED_ADDRESSES")
)

var errMalformedCoin = errors.New("not of the form <txid>:<index>")

// keepsAccounts tells the family of chains that hold balances, without coins.
func keepsAccounts(c asset.Chain) bool { return c.Family() == asset.Account }

// ownAddress is a row of address as far as a credit needs it.
type ownAddress struct {
	path, state, swapID string
	// home is the chain of the row where the address is the form here of another
	// chain's; "" where it is this chain's own.
	home asset.Chain
}

// purpose is what a deposit to the address is for, by the address's state.
func (a ownAddress) purpose() string {
	switch a.state {
	case "issued":
		return purposeSwap
	case "hot":
		return purposeFunding
	}
	return purposeUnattributed
}

// ownAddresses finds the rows of the credits' addresses; ErrState if one is not ours, or
// a credit is in no asset of this chain.
func (c *change) ownAddresses(ctx context.Context, credits []chain.Credit) (map[string]ownAddress, error) {
	var asked []string
	for _, credit := range credits {
		if a, known := asset.Lookup(credit.Asset); !known || a.Chain != c.chain {
			return nil, fmt.Errorf("credit %s is in %.20q, no asset of %s: %w", credit.CoinID(), credit.Asset, c.chain, ErrState)
		}
		asked = append(asked, credit.Address)
	}
	rows, err := c.tx.Query(ctx, ownAddressesSQL, c.chain, asked)
	if err != nil {
		return nil, fmt.Errorf("look addresses up: %w", err)
	}
	found := map[string]ownAddress{}
	var address string
	var a ownAddress
	_, err = pgx.ForEachRow(rows, []any{&address, &a.path, &a.state, &a.swapID}, func() error {
		found[address] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look addresses up: %w", err)
	}
	if err := c.siblingAddresses(ctx, credits, found); err != nil {
		return nil, err
	}
	for _, credit := range credits {
		if _, ok := found[credit.Address]; !ok {
			return nil, fmt.Errorf("the address of credit %s is not ours: %w", credit.CoinID(), ErrState)
		}
	}
	return found, nil
}

func (c *change) addCoins(ctx context.Context, b chain.Block, addresses map[string]ownAddress) error {
	if keepsAccounts(c.chain) {
		return nil
	}
	var txs, units, to, paths, homes []string
	var indexes []int64
	var coinbase []bool
	for _, credit := range b.Credits {
		txs, indexes = append(txs, credit.TxID), append(indexes, int64(credit.Index))
		units, to = append(units, credit.Units.String()), append(to, credit.Address)
		paths, coinbase = append(paths, addresses[credit.Address].path), append(coinbase, credit.Coinbase)
		homes = append(homes, string(addresses[credit.Address].home))
	}
	tag, err := c.tx.Exec(ctx, addCoinsSQL, c.chain, txs, indexes, units, to, paths, coinbase, b.Height, homes)
	if err != nil {
		return fmt.Errorf("store %d coins: %w", len(txs), err)
	}
	if int(tag.RowsAffected()) != len(txs) {
		return fmt.Errorf("%d of %d coins are in a block already or have changed: %w",
			len(txs)-int(tag.RowsAffected()), len(txs), ErrState)
	}
	return nil
}

// spendCoins marks the coins of debits and returns what each transaction spent.
func (c *change) spendCoins(ctx context.Context, b chain.Block) (map[string]asset.Units, error) {
	var txs, spenders []string
	var indexes []int64
	for _, d := range b.Debits {
		tx, index, err := parseCoinID(d.CoinID)
		if err != nil {
			return nil, err
		}
		txs, indexes, spenders = append(txs, tx), append(indexes, index), append(spenders, d.TxID)
	}
	rows, err := c.tx.Query(ctx, spendCoinsSQL, c.chain, txs, indexes, spenders, b.Height)
	if err != nil {
		return nil, fmt.Errorf("spend coins: %w", err)
	}
	spent := map[string]asset.Units{}
	var spender string
	var units asset.Units
	tag, err := pgx.ForEachRow(rows, []any{&spender, &units}, func() error {
		spent[spender], err = spent[spender].Add(units)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("spend coins: %w", err)
	}
	if int(tag.RowsAffected()) != len(txs) {
		return nil, fmt.Errorf("%d of %d coins spent are unknown or spent already: %w",
			len(txs)-int(tag.RowsAffected()), len(txs), ErrState)
	}
	return spent, nil
}

func parseCoinID(id string) (txid string, index int64, err error) {
	txid, text, ok := strings.Cut(id, ":")
	index, err = strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || index < 0 {
		return "", 0, fmt.Errorf("coin id %.100q: %w", id, errMalformedCoin)
	}
	return txid, index, nil
}

// reorgCoins removes the coins a block made, but for those that payments are to
// spend, and frees those it spent.
func (c *change) reorgCoins(ctx context.Context, at chain.Ref) error {
	var batch pgx.Batch
	batch.Queue(unspendCoinsSQL, c.chain, at.Height)
	batch.Queue(keepReservedSQL, c.chain, at.Height)
	batch.Queue(removeCoinsSQL, c.chain, at.Height)
	if err := c.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("remove coins: %w", err)
	}
	var left int
	if err := c.tx.QueryRow(ctx, coinsAtSQL, c.chain, at.Height).Scan(&left); err != nil {
		return fmt.Errorf("remove coins: %w", err)
	}
	if left != 0 {
		return fmt.Errorf("%d coins of it are spent in a block above: %w", left, ErrState)
	}
	return nil
}

// Coins lists the ids of our unspent coins.
func (s *Store) Coins(ctx context.Context) ([]string, error) {
	return s.list(ctx, unspentCoinsSQL, s.chain)
}

// Addresses lists all addresses that are ours on the chain, in every state.
func (s *Store) Addresses(ctx context.Context) ([]string, error) {
	return s.list(ctx, watchedAddressesSQL, s.chain)
}

func (s *Store) list(ctx context.Context, sql string, args ...any) ([]string, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list what is watched on %s: %w", s.chain, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list what is watched on %s: %w", s.chain, err)
	}
	return found, nil
}
