package signer

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"ferry/swap"
	"ferry/swap/asset"
)

// The buckets of the memory. Values are JSON where nothing else is said.
var (
	// bucketMeta: "format" → memoryFormat, "keys" → the keyring's fingerprint.
	bucketMeta = []byte("meta")
	// bucketFence: chain → highest fencing token seen, 8 bytes big-endian.
	bucketFence = []byte("fence")
	// bucketAuthority: "payout:<quote id>" or "refund:<deposit id>" → authorityRecord.
	bucketAuthority = []byte("authority")
	// bucketDeposit: deposit id → key of the authority that uses it up.
	bucketDeposit = []byte("deposit")
	// bucketSwap: swap id → key of its payout's authority.
	bucketSwap = []byte("swap")
	// bucketSpend: coin or nonce ("<chain>:<txid>:<index>", "<chain>:<sender>:<nonce>")
	// → key of the authority it was signed for.
	bucketSpend = []byte("spend")
	// bucketAttempt: SHA-256 of an unsigned transaction → its sequence in signed.
	bucketAttempt = []byte("attempt")
	// bucketSigned: sequence, 8 bytes big-endian → signedRecord. Append-only.
	bucketSigned = []byte("signed")

	buckets = [][]byte{bucketMeta, bucketFence, bucketAuthority, bucketDeposit, bucketSwap, bucketSpend, bucketAttempt, bucketSigned}
)

const memoryFormat = "ferry signer memory 2"

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = time.Second

// authorityRecord is what an authority was first used for. All but Attempts is
// fixed from then on.
type authorityRecord struct {
	Purpose     swap.Purpose  `json:"purpose"`
	Chain       asset.Chain   `json:"chain"`
	SwapID      string        `json:"swap_id"`
	QuoteID     string        `json:"quote_id"`
	Deposits    []usedDeposit `json:"deposits"`
	Destination string        `json:"destination"`
	Amount      asset.Amount  `json:"amount"`
	// Anchor is the spend that every transaction of this authority shares.
	Anchor   string `json:"anchor"`
	Attempts int    `json:"attempts"`
}

// signedRecord is one signature given.
type signedRecord struct {
	Sequence     uint64      `json:"sequence"`
	Authority    string      `json:"authority"`
	FencingToken uint64      `json:"fencing_token"`
	Spends       []string    `json:"spends"`
	Fee          asset.Units `json:"fee"`
	TxID         string      `json:"txid"`
	Raw          []byte      `json:"raw_tx"`
	At           time.Time   `json:"at"`
}

// memory is the durable memory of what was signed.
type memory struct {
	db *bolt.DB
	// beforeCommit, set by tests, fails a transaction after all is decided.
	beforeCommit func() error
}

// createMemory makes an empty memory at path, whole or not at all.
func createMemory(path, fingerprint string) error {
	temporary := path + ".tmp"
	if err := removeIfThere(temporary); err != nil {
		return err
	}
	db, err := bolt.Open(temporary, 0o600, &bolt.Options{Timeout: lockWait})
	if err != nil {
		return fmt.Errorf("create the signer's memory: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return fmt.Errorf("create bucket %s: %w", name, err)
			}
		}
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put([]byte("format"), []byte(memoryFormat)), meta.Put([]byte("keys"), []byte(fingerprint)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("create the signer's memory: %w", err)
	}
	return publish(temporary, path)
}

// openMemory opens the memory that belongs to the fingerprint. A missing file is
// an error: a signer that has forgotten would sign a second payment.
func openMemory(path, fingerprint string) (*memory, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the signer's memory %s is missing: without it the same payment could be signed twice: %w", filepath.Base(path), err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("the signer's memory %s is in use by another process: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the signer's memory %s: %w", path, err)
	}
	m := &memory{db: db}
	err = db.View(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("%s is no memory of a signer: bucket %s is missing", path, name)
			}
		}
		meta := tx.Bucket(bucketMeta)
		if format := string(meta.Get([]byte("format"))); format != memoryFormat {
			return fmt.Errorf("%s has format %.40q, not %q", path, format, memoryFormat)
		}
		if string(meta.Get([]byte("keys"))) != fingerprint {
			return fmt.Errorf("%s belongs to another seed or network", path)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return m, nil
}

func (m *memory) close() error { return m.db.Close() }

func sequenceKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// load reads a JSON value; found is false where there is none.
func load(b *bolt.Bucket, key []byte, into any) (found bool, err error) {
	raw := b.Get(key)
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("decode record %q: %w", key, err)
	}
	return true, nil
}

func store(b *bolt.Bucket, key []byte, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode record %q: %w", key, err)
	}
	return b.Put(key, raw)
}
