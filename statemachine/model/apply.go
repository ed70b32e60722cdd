package model

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// Apply stores what was folded from one batch of one partition, and the batch's
// offset, or nothing. ErrStale if any guard fires.
func (s *Store) Apply(_ context.Context, b bus.Batch, folded []statemachine.Folded) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := model.Run(func(t *model.Tx) error {
		if err := s.schema.Advance(t, Consumer, b); err != nil {
			return stale("the offset: %v", err)
		}
		for _, reason := range b.Malformed {
			model.Append(t, &s.malformed, reason.Error())
		}
		for _, f := range folded {
			if err := s.apply(t, f); err != nil {
				return fmt.Errorf("swap %s: %w", f.SwapID, err)
			}
		}
		return s.tell(t, folded)
	})
	if err != nil {
		return fmt.Errorf("apply %d swaps: %w", len(folded), err)
	}
	return nil
}

func stale(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), ErrStale)
}

func (s *Store) apply(t *model.Tx, f statemachine.Folded) error {
	if f.Swap != nil && len(f.Events) > 0 {
		if err := s.write(t, f); err != nil {
			return err
		}
	}
	for _, e := range f.Events {
		key := factKey{f.SwapID, e.Fact.Source, e.Fact.Seq}
		if before := s.events[f.SwapID]; s.applied[key] || len(before) > 0 && before[len(before)-1].Version >= e.Version {
			return stale("fact %s/%d at version %d is in the timeline", e.Fact.Source, e.Fact.Seq, e.Version)
		}
		model.Set(t, s.applied, key, true)
		model.Set(t, s.events, f.SwapID, append(slices.Clip(s.events[f.SwapID]), e))
	}
	err := s.schema.Book.Post(t, f.Entries...)
	if errors.Is(err, model.ErrEntryExists) {
		return stale("%v", err)
	}
	if err != nil {
		return err
	}
	return s.park(t, f)
}

// write inserts or updates the row with its deposits and payments.
func (s *Store) write(t *model.Tx, f statemachine.Folded) error {
	row := clone(*f.Swap)
	current, known := s.swaps[row.ID]
	switch {
	case f.BaseVersion == 0 && known:
		return stale("the swap exists")
	case f.BaseVersion == 0:
		for _, text := range []string{"quote " + row.Terms.Quote.ID, "address " + row.Terms.Receipt.DepositAddress} {
			if other, taken := s.unique[text]; taken {
				return stale("%s belongs to %s", text, other)
			}
			model.Set(t, s.unique, text, row.ID)
		}
		model.Set(t, s.deadlines, deadlineKey{row.ID, swap.DeadlineDepositBy}, row.Terms.Receipt.DepositBy)
		model.Set(t, s.deadlines, deadlineKey{row.ID, swap.DeadlineConfirmBy}, row.Terms.Receipt.ConfirmBy)
	case !known || current.Version != f.BaseVersion:
		return stale("the swap is at version %d, not at %d", current.Version, f.BaseVersion)
	}
	for _, d := range f.Deadlines {
		model.Set(t, s.deadlines, deadlineKey{row.ID, d.Name}, d.Due)
	}
	for _, p := range row.Payments {
		if owner, taken := s.payments[p.OrderID]; taken && owner != row.ID {
			return stale("order %s belongs to %s", p.OrderID, owner)
		}
		model.Set(t, s.payments, p.OrderID, row.ID)
	}
	model.Set(t, s.swaps, row.ID, row)
	return nil
}

func (s *Store) park(t *model.Tx, f statemachine.Folded) error {
	parked := slices.Clone(s.parked[f.SwapID])
	find := func(fact swap.Fact) int {
		return slices.IndexFunc(parked, func(p statemachine.ParkedFact) bool {
			return p.Fact.Source == fact.Source && p.Fact.Seq == fact.Seq
		})
	}
	for _, p := range f.Park {
		if find(p.Fact) >= 0 {
			return stale("fact %s/%d is parked", p.Fact.Source, p.Fact.Seq)
		}
		parked = append(parked, p)
	}
	for _, fact := range f.Unpark {
		i := find(fact)
		if i < 0 {
			return stale("fact %s/%d is not parked", fact.Source, fact.Seq)
		}
		parked = slices.Delete(parked, i, i+1)
	}
	if len(f.Park)+len(f.Unpark) > 0 {
		model.Set(t, s.parked, f.SwapID, parked)
	}
	return nil
}

// tell puts orders and updates into the outbox, swap by swap.
func (s *Store) tell(t *model.Tx, folded []statemachine.Folded) error {
	for _, f := range folded {
		for _, o := range f.Orders {
			m, err := bus.OrderMessage(o)
			if err != nil {
				return err
			}
			if err := s.schema.Tell(t, m); err != nil {
				return err
			}
		}
		for _, r := range f.Requests {
			m, err := bus.RequoteMessage(r)
			if err != nil {
				return err
			}
			if err := s.schema.Tell(t, m); err != nil {
				return err
			}
		}
		for _, u := range f.Told() {
			m, err := bus.UpdateMessage(u)
			if err != nil {
				return err
			}
			if err := s.schema.Tell(t, m); err != nil {
				return err
			}
		}
	}
	return nil
}
