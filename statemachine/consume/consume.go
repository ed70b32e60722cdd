// Package consume applies batches of facts: decode, load the swaps they are
// about, fold, store. It holds no state of its own.
//
// It promises that a batch is stored whole or read again, that a record which is
// no fact is kept with its reason, and that a parked fact is logged.
//
// It imports statemachine, swap and swap/bus.
package consume

import (
	"context"
	"fmt"
	"log/slog"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
)

// Store is where swaps are read from and written to.
type Store interface {
	// Load returns a case for every id.
	Load(ctx context.Context, ids []string) (map[string]statemachine.Case, error)
	// Apply stores everything and the batch's offset, or nothing.
	Apply(ctx context.Context, b bus.Batch, folded []statemachine.Folded) error
}

// Handler applies batches of TopicFacts.
type Handler struct {
	Rules statemachine.Rules
	Store Store
	Log   *slog.Logger
	// Told, if not nil, is called after a batch that had something to tell.
	Told func()
	// Observer hears what a stored batch amounted to.
	Observer Observer
}

// Handle is a bus.ConsumerConfig's Handle.
func (h Handler) Handle(ctx context.Context, b bus.Batch) error {
	var ids []string
	facts := map[string][]swap.Fact{}
	for _, record := range b.Records {
		fact, err := record.Fact()
		if err != nil {
			b.Malformed = append(b.Malformed, err)
			continue
		}
		if facts[fact.SwapID] == nil {
			ids = append(ids, fact.SwapID)
		}
		facts[fact.SwapID] = append(facts[fact.SwapID], fact)
	}
	for _, err := range b.Malformed {
		h.Log.Error("record is no fact, kept aside", "error", err)
	}
	cases, err := h.Store.Load(ctx, ids)
	if err != nil {
		return err
	}
	folded := make([]statemachine.Folded, 0, len(ids))
	for _, id := range ids {
		f, err := h.Rules.Fold(id, cases[id], facts[id])
		if err != nil {
			return fmt.Errorf("fold: %w", err)
		}
		folded = append(folded, f)
	}
	if err := h.Store.Apply(ctx, b, folded); err != nil {
		return err
	}
	h.report(folded)
	h.Observer.batch(cases, facts, folded)
	return nil
}

func (h Handler) report(folded []statemachine.Folded) {
	for _, f := range folded {
		for _, e := range f.Events {
			h.Log.Info("fact applied", "swap", f.SwapID, "fact", e.Fact.Kind, "from", e.From, "to", e.To, "version", e.Version)
		}
		for _, p := range f.Park {
			h.Log.Warn("fact parked", "swap", f.SwapID, "fact", p.Fact.Kind, "reason", p.Reason)
		}
	}
	if h.Told != nil {
		h.Told()
	}
}
