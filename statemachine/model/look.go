package model

import (
	"maps"
	"slices"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/model"
)

// What follows is for whoever checks the store; the state machine uses none of it.
// Nothing that is returned may be changed.

// Schema is the outbox, the offsets and the book.
func (s *Store) Schema() *model.Schema { return s.schema }

// IDs are the known swaps, sorted.
func (s *Store) IDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.swaps))
}

// Swap is a row.
func (s *Store) Swap(id string) (swap.Swap, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.swaps[id]
	return row, ok
}

// Events is a swap's timeline.
func (s *Store) Events(id string) []statemachine.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events[id]
}

// Parked are the facts that wait, of a known swap or not.
func (s *Store) Parked(id string) []statemachine.ParkedFact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parked[id]
}

// Deadline is when a deadline is due, if it is still to be told.
func (s *Store) Deadline(id string, name swap.DeadlineName) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.deadlines[deadlineKey{id, name}]
	return at, ok
}

// Malformed are the reasons of records that were no facts.
func (s *Store) Malformed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.malformed
}
