package signer

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// bind writes all that a payment ties to its authorities, before it is signed.
func bind(tx *bolt.Tx, p payment, records []authorityRecord) error {
	for i, member := range p.parts {
		if err := tie(tx, member, records[i]); err != nil {
			return err
		}
	}
	for _, spend := range p.spends {
		if err := tx.Bucket(bucketSpend).Put([]byte(spend), spendValue(p.owner(), records[0].Anchor)); err != nil {
			return fmt.Errorf("claim coin or nonce: %w", err)
		}
	}
	return nil
}

// remember writes the signature.
func remember(tx *bolt.Tx, p payment, signed signature, now time.Time) error {
	log, attempts := tx.Bucket(bucketSigned), tx.Bucket(bucketAttempt)
	sequence, err := log.NextSequence()
	if err != nil {
		return fmt.Errorf("next sequence: %w", err)
	}
	for _, name := range [][]byte{p.attempt(), txidKey(signed.txid)} {
		if err := attempts.Put(name, sequenceKey(sequence)); err != nil {
			return fmt.Errorf("record attempt: %w", err)
		}
	}
	return store(log, sequenceKey(sequence), signedRecord{
		Sequence: sequence, Authority: p.owner(), FencingToken: p.token, Spends: p.spends,
		Fee: p.fee, TxID: signed.txid, Raw: signed.raw, At: now.UTC(),
	})
}

// tie writes what one authority is fixed to and has used up.
func tie(tx *bolt.Tx, member part, record authorityRecord) error {
	owner := []byte(member.key)
	if err := store(tx.Bucket(bucketAuthority), owner, record); err != nil {
		return err
	}
	for _, deposit := range member.deposits {
		if err := tx.Bucket(bucketDeposit).Put([]byte(deposit.ID), owner); err != nil {
			return fmt.Errorf("claim deposit: %w", err)
		}
	}
	if !member.main {
		return nil
	}
	if err := tx.Bucket(bucketSwap).Put([]byte(member.swapID), owner); err != nil {
		return fmt.Errorf("claim swap: %w", err)
	}
	return nil
}
