package watch

import (
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// sieve is a set of keys by their hashes alone. Before it is a Bloom filter whose bits
// for one key are in one word: a look at a stranger's key is mostly one access to memory,
// and the filter of a million keys stays in the processor's cache. Hashes are seeded by
// chance, so that nobody can make keys that collide. Any number may look while one adds.
//
// An open sieve lets everything through: what can't be sieved is watched all the same.
type sieve struct {
	seed  maphash.Seed
	words []atomic.Uint64
	open  atomic.Bool

	mu     sync.RWMutex
	hashes map[uint64]struct{}
}

const (
	// sieveBits are there for a key at least, of which three are set: about one
	// stranger of fifteen gets past the filter, to be looked for among the hashes.
	sieveBits  = 8
	sieveLeast = 1 << 10
)

func newSieve(keys int) *sieve {
	words := sieveLeast
	for words*64 < keys*sieveBits {
		words *= 2
	}
	return &sieve{seed: maphash.MakeSeed(), words: make([]atomic.Uint64, words), hashes: make(map[uint64]struct{}, keys)}
}

// openSieve lets everything through.
func openSieve() *sieve {
	s := newSieve(0)
	s.open.Store(true)
	return s
}

// full reports that so many keys more would make the filter let too much through.
func (s *sieve) full(more int) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return (len(s.hashes)+more)*sieveBits > len(s.words)*64
}

// place is a hash's word in the filter, and its bits there.
func (s *sieve) place(h uint64) (word *atomic.Uint64, bits uint64) {
	return &s.words[(h>>18)&uint64(len(s.words)-1)], 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63)
}

func (s *sieve) add(key []byte) {
	h := maphash.Bytes(s.seed, key)
	s.mu.Lock()
	s.hashes[h] = struct{}{}
	s.mu.Unlock()
	word, bits := s.place(h)
	word.Or(bits)
}

func (s *sieve) may(key []byte) bool {
	if s.open.Load() {
		return true
	}
	h := maphash.Bytes(s.seed, key)
	if word, bits := s.place(h); word.Load()&bits != bits {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, there := s.hashes[h]
	return there
}

// outpoint is a coin's key: hash and number as a transaction's input has them.
type outpoint [36]byte

func outpointOf(hash *[32]byte, index uint32) (o outpoint) {
	copy(o[:], hash[:])
	binary.LittleEndian.PutUint32(o[32:], index)
	return o
}

// parseOutpoint reads "<txid>:<index>"; the txid is the hash backwards.
func parseOutpoint(id string) (o outpoint, ok bool) {
	txid, number, found := strings.Cut(id, ":")
	index, err := strconv.ParseUint(number, 10, 32)
	if !found || err != nil || len(txid) != 64 {
		return o, false
	}
	if _, err := hex.Decode(o[:32], []byte(txid)); err != nil {
		return o, false
	}
	for i, j := 0, 31; i < j; i, j = i+1, j-1 {
		o[i], o[j] = o[j], o[i]
	}
	binary.LittleEndian.PutUint32(o[32:], uint32(index))
	return o, true
}
