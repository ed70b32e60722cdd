package model

import (
	"cmp"
	"context"
	"slices"
)

// FreedCoins implements payment.Store.
func (s *Store) FreedCoins(_ context.Context, coins []string) (map[string][]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var dead []batch
	for _, b := range s.batches {
		if b.chain == s.chain && b.death != nil {
			dead = append(dead, b)
		}
	}
	slices.SortFunc(dead, func(a, b batch) int { return cmp.Compare(a.id, b.id) })
	ends := map[string][]string{}
	for _, coin := range coins {
		for _, b := range dead {
			if b.spends([]string{coin}) {
				ends[coin] = append(ends[coin], b.death.Anchor)
			}
		}
	}
	return ends, nil
}
