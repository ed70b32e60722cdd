package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/model"
)

// Consumer is the name under which offsets are stored.
const Consumer = "swapd"

// ErrStale means that what a batch was decided on has changed since. Nothing of it
// was stored; read again.
var ErrStale = errors.New("stale: the rows have changed since they were read")

type deadlineKey struct {
	swapID string
	name   swap.DeadlineName
}

type factKey struct {
	swapID, source string
	seq            int64
}

// Store is the state machine's schema.
type Store struct {
	mu     sync.Mutex
	schema *model.Schema

	swaps map[string]swap.Swap
	// unique are the texts that only one swap may have: quote ids and deposit addresses.
	unique    map[string]string
	payments  map[string]string // order id → swap id
	events    map[string][]statemachine.Event
	applied   map[factKey]bool
	parked    map[string][]statemachine.ParkedFact
	deadlines map[deadlineKey]time.Time
	malformed []string
}

// New is an empty store.
func New() *Store {
	return &Store{schema: model.NewSchema(), swaps: map[string]swap.Swap{}, unique: map[string]string{},
		payments: map[string]string{}, events: map[string][]statemachine.Event{}, applied: map[factKey]bool{},
		parked: map[string][]statemachine.ParkedFact{}, deadlines: map[deadlineKey]time.Time{}}
}

// LoadOffset is the stored offset of a partition, 0 where there is none.
func (s *Store) LoadOffset(_ context.Context, topic string, partition int32) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schema.Offset(Consumer, topic, partition), nil
}

// Load reads the cases of the given swaps: every id has one, unknown swaps with
// a nil Swap.
func (s *Store) Load(_ context.Context, ids []string) (map[string]statemachine.Case, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cases := make(map[string]statemachine.Case, len(ids))
	for _, id := range ids {
		var c statemachine.Case
		if row, known := s.swaps[id]; known {
			row = clone(row)
			c.Swap = &row
		}
		for _, p := range s.parked[id] {
			c.Parked = append(c.Parked, p.Fact)
		}
		cases[id] = c
	}
	return cases, nil
}

// TellDue is deadline.Store's. Those due first are told first.
func (s *Store) TellDue(_ context.Context, now time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []deadlineKey
	for key, at := range s.deadlines {
		if !at.After(now) {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, func(a, b deadlineKey) int {
		return cmp.Or(s.deadlines[a].Compare(s.deadlines[b]), cmp.Compare(a.swapID, b.swapID), cmp.Compare(a.name, b.name))
	})
	due = due[:min(len(due), limit)]
	err := model.Run(func(t *model.Tx) error {
		for _, key := range due {
			m, err := bus.FactMessage(swap.Fact{Kind: swap.FactDeadlinePassed, SwapID: key.swapID, At: swap.Millis(now),
				Deadline: &swap.DeadlineFact{Name: key.name, Due: s.deadlines[key].UTC()}})
			if err != nil {
				return err
			}
			if err := s.schema.Tell(t, m); err != nil {
				return err
			}
			model.Delete(t, s.deadlines, key)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("tell %d deadlines: %w", len(due), err)
	}
	return len(due), nil
}

// clone copies what a caller may change.
func clone(s swap.Swap) swap.Swap {
	s.Deposits, s.Payments = slices.Clone(s.Deposits), slices.Clone(s.Payments)
	s.Amended.Requotes, s.Amended.Mismatches = slices.Clone(s.Amended.Requotes), slices.Clone(s.Amended.Mismatches)
	s.Amended.Staff = slices.Clone(s.Amended.Staff)
	seen := make(map[string]int64, len(s.Seen))
	for source, seq := range s.Seen {
		seen[source] = seq
	}
	s.Seen = seen
	return s
}
