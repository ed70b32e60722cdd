package postgres

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"ferry/hotwallet/chain"
	"ferry/swap/asset"
)

var (
	moveHoldingsSQL  = statement("MOVE_HOLDINGS")
	takeBackSQL      = statement("TAKE_BACK_HOLDINGS")
	pruneHoldingsSQL = statement("PRUNE_HOLDING_CHANGES")
	heldSumSQL       = statement("HELD_SUM")
)

// holder is an address of ours with one asset.
type holder struct {
	address string
	asset   asset.ID
}

// holdingChanges sums up what a block changed at each address of an account chain:
// what came, less what left and, in the chain's own asset, what that cost.
func holdingChanges(b chain.Block, native asset.ID) map[holder]*big.Int {
	sums := map[holder]*big.Int{}
	move := func(address string, id asset.ID, units *big.Int) {
		at := holder{address, id}
		if sums[at] == nil {
			sums[at] = new(big.Int)
		}
		sums[at].Add(sums[at], units)
	}
	for _, c := range b.Credits {
		move(c.Address, c.Asset, c.Units.Big())
	}
	for _, d := range b.Debits {
		move(d.Address, d.Asset, new(big.Int).Neg(d.Units.Big()))
		move(d.Address, native, new(big.Int).Neg(d.Fee.Big()))
	}
	for at, units := range sums {
		if units.Sign() == 0 {
			delete(sums, at)
		}
	}
	return sums
}

// moveHoldings stores what each address holds after the block (account chains).
func (c *change) moveHoldings(ctx context.Context, b chain.Block, _ map[string][]attempt) error {
	if !keepsAccounts(c.chain) {
		return nil
	}
	changes := holdingChanges(b, c.native.ID)
	var batch pgx.Batch
	if len(changes) > 0 {
		var addresses, assets, units []string
		for _, at := range sortedHolders(changes) {
			addresses, assets = append(addresses, at.address), append(assets, string(at.asset))
			units = append(units, changes[at].String())
		}
		batch.Queue(moveHoldingsSQL, c.chain, b.Height, b.Hash, addresses, assets, units)
	}
	batch.Queue(pruneHoldingsSQL, c.chain, b.Height-keepBlocks)
	if err := c.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("store what %d addresses hold: %w", len(changes), err)
	}
	return nil
}

func sortedHolders(changes map[holder]*big.Int) []holder {
	all := make([]holder, 0, len(changes))
	for at := range changes {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b holder) int {
		return strings.Compare(a.address+" "+string(a.asset), b.address+" "+string(b.asset))
	})
	return all
}

// takeBackHoldings undoes moveHoldings of the block.
func (c *change) takeBackHoldings(ctx context.Context, at chain.Ref) error {
	if !keepsAccounts(c.chain) {
		return nil
	}
	if _, err := c.tx.Exec(ctx, takeBackSQL, c.chain, at.Height, at.Hash); err != nil {
		return fmt.Errorf("take back what addresses hold: %w", err)
	}
	return nil
}

// heldSum is what all our addresses hold of an asset. It may be below zero, so it
// travels as text.
func (s *Store) heldSum(ctx context.Context, tx pgx.Tx, id asset.ID) (*big.Int, error) {
	var sum string
	if err := tx.QueryRow(ctx, heldSumSQL, s.chain, id).Scan(&sum); err != nil {
		return nil, fmt.Errorf("sum what addresses hold of %s: %w", id, err)
	}
	n, whole := new(big.Int).SetString(sum, 10)
	if !whole {
		return nil, fmt.Errorf("holdings %.90q are no whole number", sum)
	}
	return n, nil
}
