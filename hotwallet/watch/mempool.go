package watch

import (
	"context"
	"fmt"
	"slices"

	"ferry/hotwallet/chain"
	"ferry/swap/crash"
)

const (
	// maxSightings bounds the deposits that are seen and in no block. Beyond it
	// only blocks count, so that a flood costs its sender and not us.
	maxSightings = 10_000
	// sightingBatch bounds one transaction of sightings.
	sightingBatch = 500
	// missesNeeded is in how many looks in a row a sighting has to be missing.
	missesNeeded = 2
)

// mempool is what the watcher remembers between looks.
type mempool struct {
	// told are the credits in the mempool that the store has been given.
	told map[string]bool
	// misses counts, for each open sighting, the looks in a row without it.
	misses map[string]int
	full   bool
}

func newMempool() mempool { return mempool{told: map[string]bool{}, misses: map[string]int{}} }

// forget starts afresh after a block: what was told may have been mined, or have
// come back.
func (m *mempool) forget() { m.told = map[string]bool{} }

// look compares the mempool with the open sightings. The cursor is on the node's
// tip; if that has moved by the time the mempool has been read, what is missing
// may have been mined, and the look does not count.
func (w *Watcher) look(ctx context.Context, cursor chain.Ref) error {
	if err := w.watchSiblings(ctx); err != nil {
		return err
	}
	credits, err := w.config.Reader.Mempool(ctx, w.config.Set)
	if err != nil {
		return fmt.Errorf("read the mempool: %w", err)
	}
	tip, err := w.config.Reader.Tip(ctx)
	if err != nil {
		return fmt.Errorf("ask for the tip: %w", err)
	}
	if tip != cursor {
		return nil
	}
	open, err := w.config.Store.Sightings(ctx)
	if err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, c := range credits {
		shown[w.config.Store.DepositID(c)] = true
	}
	if err := w.see(ctx, credits, shown, open); err != nil {
		return err
	}
	return w.withdraw(ctx, shown, open)
}

// see hands on what is new in the mempool, as far as there is room.
func (w *Watcher) see(ctx context.Context, credits []chain.Credit, shown map[string]bool, open []string) error {
	known := map[string]bool{}
	for _, id := range open {
		known[id] = true
	}
	for id := range w.told {
		if !shown[id] {
			delete(w.told, id)
		}
	}
	room := maxSightings - max(len(open), len(w.told))
	var fresh []chain.Credit
	for _, c := range credits {
		if id := w.config.Store.DepositID(c); !known[id] && !w.told[id] {
			fresh = append(fresh, c)
		}
	}
	if full := len(fresh) > room; full != w.full {
		w.full = full
		w.config.Log.Warn("the limit of unconfirmed deposits shown", "chain", w.config.Reader.Chain(),
			"reached", full, "open", len(open), "limit", maxSightings)
	}
	fresh = fresh[:min(len(fresh), max(room, 0))]
	for batch := range slices.Chunk(fresh, sightingBatch) {
		crash.Point("watch.see.before")
		if err := w.config.Store.See(ctx, batch); err != nil {
			return err
		}
		crash.Point("watch.see.after")
		for _, c := range batch {
			w.told[w.config.Store.DepositID(c)] = true
		}
	}
	return nil
}

// withdraw gives up the sightings that were missing often enough.
func (w *Watcher) withdraw(ctx context.Context, shown map[string]bool, open []string) error {
	misses := map[string]int{}
	var gone []string
	for _, id := range open {
		if shown[id] {
			continue
		}
		misses[id] = w.misses[id] + 1
		if misses[id] >= missesNeeded {
			gone = append(gone, id)
		}
	}
	w.misses = misses
	for batch := range slices.Chunk(gone, sightingBatch) {
		crash.Point("watch.replace.before")
		if err := w.config.Store.Replace(ctx, batch); err != nil {
			return err
		}
		crash.Point("watch.replace.after")
	}
	return nil
}
