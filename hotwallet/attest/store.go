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
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"ferry/hotwallet/keys"
	"ferry/swap/asset"
)

// The buckets of the store.
var (
	// bucketMeta: "format" → storeFormat, "keys" → fingerprint of the public keys.
	bucketMeta = []byte("meta")
	// bucketSwap: swap id → record (JSON). One record per receipt signed.
	bucketSwap = []byte("swap")
	// bucketIndex: "<chain>:<index>" → swap id.
	bucketIndex = []byte("index")
	// bucketQuote: quote id → swap id.
	bucketQuote = []byte("quote")
	// bucketHighWater: chain → highest attested index plus one, 4 bytes big-endian.
	bucketHighWater = []byte("high_water")
	// bucketOwn: "<chain>:<address>" → its path: every address that is ours, as far
	// as bucketDerived says.
	bucketOwn = []byte("own")
	// bucketDerived: "<chain>:<role>:<branch>" → how many addresses bucketOwn holds
	// of it from index 0 on, 4 bytes big-endian.
	bucketDerived = []byte("derived")

	buckets = [][]byte{bucketMeta, bucketSwap, bucketIndex, bucketQuote, bucketHighWater, bucketOwn, bucketDerived}
)

const (
	storeFormat = "ferry attest store 1"
	// lockWait is how long Open waits for another process to let go of the file.
	lockWait = time.Second
)

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
	temporary := path + ".tmp"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an unfinished store: %w", err)
	}
	db, err := bolt.Open(temporary, 0o600, &bolt.Options{Timeout: lockWait})
	if err != nil {
		return fmt.Errorf("create the store: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put([]byte("format"), []byte(storeFormat)), meta.Put([]byte("keys"), []byte(mark)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("create the store: %w", err)
	}
	return publish(temporary, path)
}

// publish gives a finished file its name, durably and never over another.
func publish(temporary, path string) error {
	if err := os.Link(temporary, path); err != nil {
		return fmt.Errorf("name the store: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open the store's folder: %w", err)
	}
	return errors.Join(os.Remove(temporary), folder.Sync(), folder.Close())
}

// fingerprint names a set of extended public keys.
func fingerprint(accounts keys.Accounts) (string, error) {
	h := sha256.New()
	for _, chain := range asset.Chains() {
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
	if _, err := os.Stat(c.Store); err != nil {
		return nil, fmt.Errorf("the attestor's store is missing; it is created once, and without it an address could be attested twice: %w", err)
	}
	db, err := bolt.Open(c.Store, 0o600, &bolt.Options{Timeout: lockWait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("the attestor's store %s is in use by another process: %w", c.Store, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the attestor's store %s: %w", c.Store, err)
	}
	s := &store{db: db, accounts: c.Accounts, ahead: c.Ahead, hotRange: c.HotRange}
	if err := db.Update(func(tx *bolt.Tx) error { return s.prepare(tx, c.Store, mark) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepare checks that the store is ours and completes the addresses of our own.
func (s *store) prepare(tx *bolt.Tx, path, mark string) error {
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%s is no store of an attestor: bucket %s is missing", path, name)
		}
	}
	meta := tx.Bucket(bucketMeta)
	if format := string(meta.Get([]byte("format"))); format != storeFormat {
		return fmt.Errorf("%s has format %.40q, not %q", path, format, storeFormat)
	}
	if string(meta.Get([]byte("keys"))) != mark {
		return fmt.Errorf("%s belongs to other extended public keys or another network", path)
	}
	for _, chain := range asset.Chains() {
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
