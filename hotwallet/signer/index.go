package signer

import (
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// txidKey is a signed transaction's in bucketAttempt: "txid:<txid>". No SHA-256 has its
// length.
func txidKey(txid string) []byte { return []byte("txid:" + txid) }

// indexedKey is in bucketAttempt once all that was signed is found by its txid; memories
// of before there was an index have none.
var indexedKey = []byte("indexed by txid")

// indexTxIDs makes the index of a memory that has none yet.
func indexTxIDs(tx *bolt.Tx) error {
	attempts := tx.Bucket(bucketAttempt)
	err := tx.Bucket(bucketSigned).ForEach(func(sequence, raw []byte) error {
		var signed signedRecord
		if err := json.Unmarshal(raw, &signed); err != nil {
			return fmt.Errorf("decode record %x: %w", sequence, err)
		}
		return attempts.Put(txidKey(signed.TxID), sequence)
	})
	if err != nil {
		return fmt.Errorf("index what was signed: %w", err)
	}
	return attempts.Put(indexedKey, []byte{1})
}

// byTxID finds what was signed; found is false for a transaction that is none of ours.
func byTxID(tx *bolt.Tx, txid string) (signed signedRecord, found bool, err error) {
	sequence := tx.Bucket(bucketAttempt).Get(txidKey(txid))
	if sequence == nil {
		return signed, false, nil
	}
	if found, err = load(tx.Bucket(bucketSigned), sequence, &signed); err == nil && !found {
		err = fmt.Errorf("signed record %x is missing", sequence)
	}
	return signed, found, err
}

// signedAs is byTxID in a transaction of its own.
func (m *memory) signedAs(txid string) (signed signedRecord, found bool, err error) {
	err = m.db.View(func(tx *bolt.Tx) error {
		signed, found, err = byTxID(tx, txid)
		return err
	})
	return signed, found, err
}
