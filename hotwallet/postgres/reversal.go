package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ferry/swap/asset"
	"ferry/swap/ledger"
)

// reversedPrefix starts the key of an entry that undoes another.
const reversedPrefix = "reversed:"

// liveKeys maps keys that name a block to those under which they are booked now,
// or are to be booked. A branch can win, lose and win again: after each reversal
// the same cause gets the next key, "…@<hash>#2", so that it stays impossible to
// book it twice at once.
func (c *change) liveKeys(ctx context.Context, entries []ledger.Entry) (map[string]string, error) {
	live := map[string]string{}
	bases := map[string]string{} // key tried → key asked for
	for _, e := range entries {
		live[e.Key], bases[e.Key] = e.Key, e.Key
	}
	for round := 2; len(bases) > 0; round++ {
		var asked []string
		for key := range bases {
			asked = append(asked, reversedPrefix+key)
		}
		taken, err := texts(ctx, c.tx, keysTakenSQL, asked)
		if err != nil {
			return nil, fmt.Errorf("look for reversed entries: %w", err)
		}
		next := map[string]string{}
		for _, reversed := range taken {
			base := bases[reversed[len(reversedPrefix):]]
			live[base] = fmt.Sprintf("%s#%d", base, round)
			next[live[base]] = base
		}
		bases = next
	}
	return live, nil
}

// reverse books the opposite of the entries under the given keys, each of which
// has to be there unless it is marked as optional.
func (c *change) reverse(ctx context.Context, keys map[string]bool) error {
	var asked []ledger.Entry
	for key := range keys {
		asked = append(asked, ledger.Entry{Key: key})
	}
	live, err := c.liveKeys(ctx, asked)
	if err != nil {
		return err
	}
	var stored []string
	for _, key := range live {
		stored = append(stored, key)
	}
	entries, err := c.readEntries(ctx, stored)
	if err != nil {
		return err
	}
	for base, required := range keys {
		e, ok := entries[live[base]]
		if !ok && required {
			return fmt.Errorf("entry %s to be reversed is missing: %w", live[base], ErrState)
		}
		if ok {
			c.entries = append(c.entries, e.Reverse(reversedPrefix+e.Key, e.Kind+".reversed"))
		}
	}
	return nil
}

func (c *change) readEntries(ctx context.Context, keys []string) (map[string]ledger.Entry, error) {
	found := map[string]ledger.Entry{}
	if len(keys) == 0 {
		return found, nil
	}
	rows, err := c.tx.Query(ctx, readEntriesSQL, keys)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	var key, kind, swapID, account, id string
	var units asset.Units
	var credit bool
	_, err = pgx.ForEachRow(rows, []any{&key, &kind, &swapID, &account, &id, &units, &credit}, func() error {
		e := found[key]
		e.Key, e.Kind, e.SwapID = key, kind, swapID
		e.Postings = append(e.Postings, ledger.Posting{Account: ledger.Account(account),
			Amount: asset.Amount{Asset: asset.ID(id), Units: units}, Credit: credit})
		found[key] = e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	return found, nil
}
