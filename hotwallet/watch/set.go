package watch

import "sync"

// Set is what is ours on a chain: all addresses ever derived, and the unspent
// coins. It implements chain.Watch. It is safe for concurrent use.
type Set struct {
	mu        sync.RWMutex
	addresses map[string]struct{}
	coins     map[string]struct{}
}

// NewSet is an empty set; a Watcher fills it from its store.
func NewSet() *Set {
	return &Set{addresses: map[string]struct{}{}, coins: map[string]struct{}{}}
}

// Add watches more addresses, in canonical form. An address has to be stored and
// added before anybody is given it: no block that pays it can then have been
// matched without it.
func (s *Set) Add(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range addresses {
		s.addresses[a] = struct{}{}
	}
}

// Address reports whether the address is ours.
func (s *Set) Address(address string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.addresses[address]
	return ok
}

// Coin reports whether "<txid>:<index>" is an unspent coin of ours.
func (s *Set) Coin(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.coins[id]
	return ok
}

// setCoins replaces the coins.
func (s *Set) setCoins(ids []string) {
	coins := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		coins[id] = struct{}{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coins = coins
}
