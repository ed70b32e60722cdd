package watch

import (
	"sync"

	"ferry/hotwallet/chain"
)

// Set is what is ours on a chain: all addresses ever derived, and the unspent
// coins. It implements chain.Watch and chain.Sieve. It is safe for concurrent use.
type Set struct {
	// script makes an address's output script; nil where nothing is sieved by it.
	script func(address string) ([]byte, error)

	mu        sync.RWMutex
	addresses map[string]struct{}
	coins     map[string]struct{}
	// scripts and outpoints are the sieves before them.
	scripts, outpoints *sieve
}

// NewSet is an empty set; a Watcher fills it from its store.
func NewSet() *Set {
	return &Set{addresses: map[string]struct{}{}, coins: map[string]struct{}{},
		scripts: &sieve{open: true}, outpoints: &sieve{open: true}}
}

// NewSetFor is an empty set that sieves by scripts, if the reader can make them of
// addresses.
func NewSetFor(r chain.Reader) *Set {
	s := NewSet()
	if scripts, can := r.(chain.Scripts); can {
		s.script, s.scripts, s.outpoints = scripts.Script, newSieve(0), newSieve(0)
	}
	return s
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
	if s.script == nil {
		return
	}
	if s.scripts.full(len(addresses)) {
		s.sieveAll()
		return
	}
	for _, a := range addresses {
		s.sieveOne(a)
	}
}

// sieveAll makes a new sieve for twice as many addresses as there are.
func (s *Set) sieveAll() {
	open := s.scripts.open
	s.scripts = newSieve(2 * len(s.addresses))
	s.scripts.open = open
	for a := range s.addresses {
		s.sieveOne(a)
	}
}

// sieveOne lets an address's script through. One that has none opens the sieve.
func (s *Set) sieveOne(address string) {
	script, err := s.script(address)
	if err != nil {
		s.scripts.open = true
		return
	}
	s.scripts.add(script)
}

// Script implements chain.Sieve.
func (s *Set) Script(script []byte) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.scripts.may(script)
}

// Outpoint implements chain.Sieve.
func (s *Set) Outpoint(hash *[32]byte, index uint32) bool {
	key := outpointOf(hash, index)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.outpoints.may(key[:])
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
	outpoints := &sieve{open: true}
	if s.script != nil {
		outpoints = sieveCoins(ids)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coins, s.outpoints = coins, outpoints
}

// sieveCoins is a sieve of coins; open if one of them is no output.
func sieveCoins(ids []string) *sieve {
	made := newSieve(len(ids))
	for _, id := range ids {
		key, ok := parseOutpoint(id)
		made.open = made.open || !ok
		made.add(key[:])
	}
	return made
}
