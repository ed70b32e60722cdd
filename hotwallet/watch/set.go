package watch

import (
	"sync"
	"sync/atomic"

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
	// scripts and outpoints are the sieves before them, asked without the lock.
	scripts, outpoints atomic.Pointer[sieve]
}

// NewSet is an empty set; a Watcher fills it from its store.
func NewSet() *Set {
	s := &Set{addresses: map[string]struct{}{}, coins: map[string]struct{}{}}
	s.scripts.Store(openSieve())
	s.outpoints.Store(openSieve())
	return s
}

// NewSetFor is an empty set that sieves by scripts, if the reader can make them of
// addresses.
func NewSetFor(r chain.Reader) *Set {
	s := NewSet()
	if scripts, can := r.(chain.Scripts); can {
		s.script = scripts.Script
		s.scripts.Store(newSieve(0))
		s.outpoints.Store(newSieve(0))
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
	into := s.scripts.Load()
	if into.full(len(addresses)) {
		s.sieveAll(into.open.Load())
		return
	}
	for _, a := range addresses {
		s.sieveOne(into, a)
	}
}

// sieveAll makes a new sieve for twice as many addresses as there are.
func (s *Set) sieveAll(open bool) {
	into := newSieve(2 * len(s.addresses))
	into.open.Store(open)
	for a := range s.addresses {
		s.sieveOne(into, a)
	}
	s.scripts.Store(into)
}

// sieveOne lets an address's script through. One that has none opens the sieve.
func (s *Set) sieveOne(into *sieve, address string) {
	script, err := s.script(address)
	if err != nil {
		into.open.Store(true)
		return
	}
	into.add(script)
}

// Script implements chain.Sieve.
func (s *Set) Script(script []byte) bool { return s.scripts.Load().may(script) }

// Outpoint implements chain.Sieve.
func (s *Set) Outpoint(hash *[32]byte, index uint32) bool {
	key := outpointOf(hash, index)
	return s.outpoints.Load().may(key[:])
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

// SetCoins replaces the coins, "<txid>:<index>" each.
func (s *Set) SetCoins(ids []string) {
	coins := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		coins[id] = struct{}{}
	}
	outpoints := openSieve()
	if s.script != nil {
		outpoints = sieveCoins(ids)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.coins = coins
	s.outpoints.Store(outpoints)
}

// sieveCoins is a sieve of coins; open if one of them is no output.
func sieveCoins(ids []string) *sieve {
	made := newSieve(len(ids))
	for _, id := range ids {
		key, ok := parseOutpoint(id)
		if !ok {
			made.open.Store(true)
		}
		made.add(key[:])
	}
	return made
}
