package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/swap/ledger"
)

// postEntries books entries in one round trip: all of them, or an error that
// must roll the transaction back. An entry that does not validate is refused
// here; ErrEntryExists if one of the keys is taken.
func (s *Store) postEntries(ctx context.Context, tx pgx.Tx, entries []ledger.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var keys, kinds, swaps []string
	var ofs, accounts, assets, units []string
	var ns []int32
	seen := map[string]bool{}
	for _, e := range entries {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("book: %w", err)
		}
		if seen[e.Key] {
			return fmt.Errorf("book %s twice at once: %w", e.Key, ErrEntryExists)
		}
		seen[e.Key] = true
		keys, kinds, swaps = append(keys, e.Key), append(kinds, e.Kind), append(swaps, e.SwapID)
		for n, p := range e.Postings {
			ofs, ns = append(ofs, e.Key), append(ns, int32(n))
			accounts, assets = append(accounts, string(p.Account)), append(assets, string(p.Amount.Asset))
			units = append(units, p.Signed().String())
		}
	}
	var booked int
	err := tx.QueryRow(ctx, postEntriesSQL, keys, kinds, swaps, ofs, ns, accounts, assets, units).Scan(&booked)
	if err != nil {
		return fmt.Errorf("book %d entries from %s on: %w", len(entries), entries[0].Key, err)
	}
	if booked != len(entries) {
		return fmt.Errorf("%d of %d entries from %s on: %w", len(entries)-booked, len(entries), entries[0].Key, ErrEntryExists)
	}
	return nil
}
