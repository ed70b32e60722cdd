package attest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/durable"
	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// The buckets of the store.
var (
	// bucketFence holds the highest fencing token of each chain. A store made before
	// tokens were checked gets it when it is opened.
	bucketFence = []byte("fence")
	// bucketSwap: swap id → record (JSON). One record per receipt signed.
	bucketSwap = []byte("swap")
	// bucketRefund: swap id → refundRecord (JSON), for swaps whose receipt left the
	// refund address open, once it was set. An older store gets it when it is opened.
	bucketRefund = []byte("refund_address")
	// bucketIndex: "<chain>:<index>" → swap id.
	bucketIndex = []byte("index")
	// bucketQuote: quote id → swap id.
	bucketQuote = []byte("quote")
	// bucketHighWater: chain → highest attested index plus one, or what Raise made of it,
	// 4 bytes big-endian.
	bucketHighWater = []byte("high_water")
	// bucketRaised: chain → the mark that Raise set, 4 bytes big-endian: nothing below it
	// is attested. An older store gets it when it is opened.
	bucketRaised = []byte("raised")
	// bucketOwn: "<chain>:<address>" → its path: every address that is ours, as far
	// as bucketDerived says.
	bucketOwn = []byte("own")
	// bucketDerived: "<chain>:<role>:<branch>" → how many addresses bucketOwn holds
	// of it from index 0 on, 4 bytes big-endian.
	bucketDerived = []byte("derived")
)

// storeKind is the file; the fingerprint of the public keys says whose it is.
var storeKind = durable.Kind{Name: "the attestor's store", Format: "ferry attest store 1",
	Loss: "an address could be attested twice", Others: "other extended public keys or another network",
	Buckets: [][]byte{bucketSwap, bucketIndex, bucketQuote, bucketHighWater, bucketOwn, bucketDerived}}

// ErrExists means that Create found a store.
var ErrExists = errors.New("the attestor's store exists already")

// store is the durable memory of what was attested.
type store struct {
	db       *bolt.DB
	accounts keys.Accounts
	ahead    uint32
	hotRange uint32
	// beforeCommit, set by tests, fails a transaction after all is decided.
	beforeCommit func() error
}

// Create makes an empty store at path for the accounts, whole or not at all. An
// existing one is left alone: the error wraps ErrExists.
func Create(path string, accounts keys.Accounts) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s: %w", path, ErrExists), err)
	}
	mark, err := fingerprint(accounts)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the store's folder: %w", err)
	}
	if err := storeKind.Create(path, mark); errors.Is(err, fs.ErrExist) {
		return errors.Join(ErrExists, err)
	} else if err != nil {
		return err
	}
	return nil
}

// fingerprint names a seed by its keys on the chains that every deployment runs, so
// that one to which a chain is added keeps its store.
func fingerprint(accounts keys.Accounts) (string, error) {
	h := sha256.New()
	for _, chain := range []asset.Chain{asset.Bitcoin, asset.Ethereum} {
		for _, role := range []keys.Role{keys.Deposit, keys.Hot} {
			key, err := accounts.Derive(chain, role, keys.External, 0)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, key.Path, key.Address) // hash.Hash never returns an error
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func openStore(c Config) (*store, error) {
	mark, err := fingerprint(c.Accounts)
	if err != nil {
		return nil, err
	}
	db, err := storeKind.Open(c.Store, mark)
	if err != nil {
		return nil, err
	}
	s := &store{db: db, accounts: c.Accounts, ahead: c.Ahead, hotRange: c.HotRange}
	if err := db.Update(func(tx *bolt.Tx) error { return s.prepare(tx) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepare completes what an older store lacks, and the addresses of our own.
func (s *store) prepare(tx *bolt.Tx) error {
	for _, bucket := range [][]byte{bucketFence, bucketRefund, bucketRaised} {
		if _, err := tx.CreateBucketIfNotExists(bucket); err != nil {
			return fmt.Errorf("create bucket %s: %w", bucket, err)
		}
	}
	for _, chain := range s.accounts.Networks().Chains() {
		for _, branch := range []uint32{keys.External, keys.Change} {
			if err := s.deriveOwn(tx, chain, keys.Hot, branch, s.hotRange); err != nil {
				return err
			}
		}
		if err := s.deriveOwn(tx, chain, keys.Deposit, keys.External, s.limit(tx, chain)); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) close() error { return s.db.Close() }

// highWater is the highest attested index of a chain plus one.
func (s *store) highWater(chain asset.Chain) (next uint32, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		next = number(tx.Bucket(bucketHighWater), string(chain))
		return nil
	})
	return next, err
}

// number reads a count, 0 where there is none.
func number(b *bolt.Bucket, key string) uint32 {
	raw := b.Get([]byte(key))
	if raw == nil {
		return 0
	}
	return binary.BigEndian.Uint32(raw)
}

func putNumber(b *bolt.Bucket, key string, n uint32) error {
	return b.Put([]byte(key), binary.BigEndian.AppendUint32(nil, n))
}
