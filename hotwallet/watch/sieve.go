package watch

import (
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"strconv"
	"strings"
	"sync/atomic"
)

// sieve is a Bloom filter whose bits for one key are in one word, so that a look is one
// access to memory: 16 bits a key and four of them set let about one of fifty strangers
// through. Its hash is seeded by chance, so that nobody can make keys that collide. Any
// number may look while one adds.
//
// An open sieve lets everything through: what can't be sieved is watched all the same.
type sieve struct {
	seed  maphash.Seed
	words []atomic.Uint64
	keys  int
	open  atomic.Bool
}

const (
	sieveBits  = 16 // a key, at least
	sieveLeast = 1 << 10
)

func newSieve(keys int) *sieve {
	words := sieveLeast
	for words*64 < keys*sieveBits {
		words *= 2
	}
	return &sieve{seed: maphash.MakeSeed(), words: make([]atomic.Uint64, words)}
}

// openSieve lets everything through.
func openSieve() *sieve {
	s := newSieve(0)
	s.open.Store(true)
	return s
}

// full reports that so many keys more would make it let too much through.
func (s *sieve) full(more int) bool { return (s.keys+more)*sieveBits > len(s.words)*64 }

func (s *sieve) place(key []byte) (word *atomic.Uint64, bits uint64) {
	h := maphash.Bytes(s.seed, key)
	return &s.words[(h>>24)&uint64(len(s.words)-1)], 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63) | 1<<(h>>18&63)
}

func (s *sieve) add(key []byte) {
	word, bits := s.place(key)
	word.Or(bits)
	s.keys++
}

func (s *sieve) may(key []byte) bool {
	if s.open.Load() {
		return true
	}
	word, bits := s.place(key)
	return word.Load()&bits == bits
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
