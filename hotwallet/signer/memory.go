package signer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/durable"
	"ferry/swap"
	"ferry/swap/asset"
)

// The buckets of the memory. Values are JSON where nothing else is said.
var (
	// bucketFence holds the highest fencing token of each chain.
	bucketFence = []byte("fence")
	// bucketAuthority: "payout:<quote id>", "payout:<deposit id>" (an extra deposit's),
	// "refund:<deposit id>" or "<house purpose>:<first spend>" → authorityRecord.
	bucketAuthority = []byte("authority")
	// bucketDeposit: deposit id → key of the authority that uses it up.
	bucketDeposit = []byte("deposit")
	// bucketSwap: swap id → key of its main payout's authority.
	bucketSwap = []byte("swap")
	// bucketSpend: coin or nonce ("<chain>:<txid>:<index>", "<chain>:<sender>:<nonce>")
	// → key of the authority or id of the batch it was signed for, and their anchor
	// (spendValue).
	bucketSpend = []byte("spend")
	// bucketAttempt: SHA-256 of an unsigned transaction, and its txid (txidKey) → its
	// sequence in signed.
	bucketAttempt = []byte("attempt")
	// bucketSigned: sequence, 8 bytes big-endian → signedRecord. Append-only.
	bucketSigned = []byte("signed")
	// bucketOutgoing: "<sum>:<asset>" → window, what was signed for of late.
	bucketOutgoing = []byte("outgoing")
	// bucketCounted: "<sum>:<authority or anchor>" → the units that are counted for it.
	bucketCounted = []byte("counted")
	// bucketEnded: coin or nonce that was signed for and is spent for good → attestd's word
	// on that, a compact JWS.
	bucketEnded = []byte("ended")
	// bucketGivenUp: SHA-256 of an unsigned transaction and its chain → when it was refused for
	// want of attestations, in Unix milliseconds, 8 bytes big-endian.
	bucketGivenUp = []byte("given up")
	// bucketLog: "head" → logHead, "pending" → its lines as they are, "switch" → the
	// newest Change that was logged.
	bucketLog = []byte("log")
)

// memoryKind is the file; the keyring's fingerprint says whose it is.
var memoryKind = durable.Kind{Name: "the signer's memory", Format: "ferry signer memory 2",
	Loss: "the same payment could be signed twice", Others: "another seed or network",
	Buckets: [][]byte{bucketFence, bucketAuthority, bucketDeposit, bucketSwap, bucketSpend, bucketAttempt, bucketSigned},
	Added:   [][]byte{bucketOutgoing, bucketCounted, bucketEnded, bucketGivenUp, bucketLog}}

// authorityRecord is what an authority was first used for. All but Attempts is
// fixed from then on. What an amendment changes is in it (deposits, destination,
// amount), so that of several amendments for one authority only those pass which
// say the same.
type authorityRecord struct {
	Purpose     swap.Purpose  `json:"purpose"`
	Chain       asset.Chain   `json:"chain"`
	SwapID      string        `json:"swap_id"`
	QuoteID     string        `json:"quote_id"`
	Deposits    []usedDeposit `json:"deposits"`
	Destination string        `json:"destination"`
	Amount      asset.Amount  `json:"amount"`
	// Anchor is the spend that every transaction of this authority shares.
	Anchor string `json:"anchor"`
	// Batch names the set of authorities that each of them pays; "" for this one alone.
	Batch string `json:"batch,omitempty"`
	// Dead are the anchors that it had before, each spent for good without paying.
	Dead []string `json:"dead,omitempty"`
	// Attempts counts the transactions signed for it that share Anchor.
	Attempts int `json:"attempts"`
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

// memory is the durable memory of what was signed. One goroutine at a time may use it.
type memory struct {
	db *bolt.DB
	// head is where the log ends, as it was committed last.
	head logHead
	// fresh: nothing was ever logged. Such a memory was just made, or before there was
	// a log.
	fresh bool
	// beforeCommit, set by tests, fails a transaction after all is decided.
	beforeCommit func() error
}

// openMemory opens the memory that belongs to the fingerprint.
func openMemory(path, fingerprint string) (*memory, error) {
	return openMemoryBy(memoryKind.Open, path, fingerprint)
}

func openMemoryBy(open func(path, keys string) (*bolt.DB, error), path, fingerprint string) (*memory, error) {
	db, err := open(path, fingerprint)
	if err != nil {
		return nil, err
	}
	m := &memory{db: db, head: firstHead(fingerprint)}
	indexed := false
	err = db.View(func(tx *bolt.Tx) error {
		found, err := load(tx.Bucket(bucketLog), keyHead, &m.head)
		m.fresh = !found
		m.head.Pending = bytes.Clone(tx.Bucket(bucketLog).Get(keyPending))
		indexed = tx.Bucket(bucketAttempt).Get(indexedKey) != nil
		return err
	})
	if err == nil && !indexed {
		err = db.Update(indexTxIDs)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return m, nil
}

// Keys of bucketLog.
var (
	keyHead    = []byte("head")
	keyPending = []byte("pending")
	keySwitch  = []byte("switch")
)

// keepHead stores where the log will end once this is committed.
func keepHead(tx *bolt.Tx, head logHead) error {
	b := tx.Bucket(bucketLog)
	if err := b.Put(keyPending, head.Pending); err != nil {
		return fmt.Errorf("keep lines of the log: %w", err)
	}
	return store(b, keyHead, head)
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
