package signer

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/durable"
	"ferry/swap/asset"
	"ferry/swap/crash"
)

// payment is a transaction that passed every check which needs no memory.
type payment struct {
	claim
	amount asset.Units
	fee    asset.Units
	// spends are the coins or the nonce it uses, the first of which becomes the
	// authority's anchor.
	spends   []string
	unsigned []byte
}

// signature is a signed transaction.
type signature struct {
	raw  []byte
	txid string
}

// attempt identifies the unsigned transaction.
func (p payment) attempt() []byte {
	sum := sha256.Sum256(p.unsigned)
	return sum[:]
}

// record is what p would fix for its authority.
func (p payment) record() authorityRecord {
	return authorityRecord{
		Purpose: p.purpose, Chain: p.chain, SwapID: p.swapID, QuoteID: p.quoteID,
		Deposits: p.deposits, Destination: p.destination,
		Amount: asset.Amount{Asset: p.asset, Units: p.amount}, Anchor: p.spends[0],
	}
}

// sign decides on p, has it signed and records it, in one durable transaction:
// no two requests can be decided side by side, and the signature is returned only
// once it is on disk. A transaction signed before is returned as stored.
func (m *memory) sign(p payment, caps Caps, now time.Time, sign func() (signature, error)) (signature, error) {
	if forgetful {
		return sign()
	}
	var signed signature
	var refusal error
	err := m.db.Update(func(tx *bolt.Tx) error {
		var err error
		if refusal, err = raiseFence(tx, p); err != nil || refusal != nil {
			return err
		}
		earlier, found, err := replay(tx, p)
		if err != nil || found {
			signed = earlier
			return err
		}
		var record authorityRecord
		if record, refusal, err = judge(tx, p); err != nil || refusal != nil {
			return err // without an error the raised fence is kept
		}
		if refusal, err = caps.spend(tx, p, record.Anchor, now); err != nil || refusal != nil {
			return err
		}
		if signed, err = sign(); err != nil {
			return err
		}
		if err := remember(tx, p, record, signed, now); err != nil {
			return err
		}
		crash.Point("signer.commit.before")
		if m.beforeCommit != nil {
			return m.beforeCommit()
		}
		return nil
	})
	if err != nil {
		return signature{}, fmt.Errorf("record %s: %w", p.key, err)
	}
	if refusal != nil {
		return signature{}, refusal
	}
	crash.Point("signer.commit.after")
	return signed, nil
}

// raiseFence refuses a token older than one seen on the chain, and keeps a newer.
func raiseFence(tx *bolt.Tx, p payment) (refusal, err error) {
	newer, err := durable.RaiseFence(tx.Bucket(bucketFence), p.chain, p.token)
	if err != nil || newer == 0 {
		return nil, err
	}
	return refuse("authority.fencing_token", fmt.Sprint(newer), "The caller's lease is older than one seen before."), nil
}

// replay finds the signature given to exactly this transaction and authority.
func replay(tx *bolt.Tx, p payment) (signature, bool, error) {
	sequence := tx.Bucket(bucketAttempt).Get(p.attempt())
	if sequence == nil {
		return signature{}, false, nil
	}
	var earlier signedRecord
	found, err := load(tx.Bucket(bucketSigned), sequence, &earlier)
	if err != nil {
		return signature{}, false, err
	}
	if !found {
		return signature{}, false, fmt.Errorf("signed record %x is missing", sequence)
	}
	var fixed authorityRecord
	if _, err := load(tx.Bucket(bucketAuthority), []byte(p.key), &fixed); err != nil {
		return signature{}, false, err
	}
	// Another authority or other terms for the same bytes: judge will refuse.
	if earlier.Authority != p.key || !fixed.sameTerms(p.record()) {
		return signature{}, false, nil
	}
	return signature{raw: earlier.Raw, txid: earlier.TxID}, true, nil
}

// sameTerms compares everything about an authority that must never change.
func (r authorityRecord) sameTerms(o authorityRecord) bool {
	r.Anchor, r.Attempts, o.Anchor, o.Attempts = "", 0, "", 0
	return reflect.DeepEqual(r, o)
}

// judge applies the rules of ARCHITECTURE.md, step 6, and returns the authority's
// record as it will be, or the refusal.
func judge(tx *bolt.Tx, p payment) (record authorityRecord, refusal, err error) {
	record = p.record()
	var fixed authorityRecord
	known, err := load(tx.Bucket(bucketAuthority), []byte(p.key), &fixed)
	if err != nil {
		return record, nil, err
	}
	if known {
		switch {
		case !fixed.sameTerms(record):
			return record, refuse("authority", "", "%s was signed before with other terms.", p.key), nil
		case !slices.Contains(p.spends, fixed.Anchor):
			return record, refuse("unsigned_tx", "", "Another transaction was signed for %s and this one does not conflict with it.", p.key), nil
		case fixed.Attempts >= maxAttempts:
			return record, refuse("unsigned_tx", fmt.Sprint(maxAttempts), "Too many transactions were signed for %s.", p.key), nil
		}
		record = fixed
	}
	if refusal := claimed(tx, p); refusal != nil {
		return record, refusal, nil
	}
	record.Attempts++
	return record, nil, nil
}

// claimed refuses what already belongs to another authority.
func claimed(tx *bolt.Tx, p payment) error {
	other := func(bucket []byte, key string) bool {
		owner := tx.Bucket(bucket).Get([]byte(key))
		return owner != nil && string(owner) != p.key
	}
	for _, deposit := range p.deposits {
		if other(bucketDeposit, deposit.ID) {
			return refuse("authority.deposits.deposit_id", "", "A deposit is used up by another payout or refund.")
		}
	}
	if p.main && other(bucketSwap, p.swapID) {
		return refuse(fieldReceipt, "", "The swap has been paid out from another quote.")
	}
	for _, spend := range p.spends {
		if other(bucketSpend, spend) {
			return refuse("unsigned_tx", "", "A coin or nonce was signed for another payout or refund.")
		}
	}
	return nil
}

// remember writes a signature and all that it ties to the authority.
func remember(tx *bolt.Tx, p payment, record authorityRecord, signed signature, now time.Time) error {
	owner := []byte(p.key)
	if err := store(tx.Bucket(bucketAuthority), owner, record); err != nil {
		return err
	}
	for _, deposit := range p.deposits {
		if err := tx.Bucket(bucketDeposit).Put([]byte(deposit.ID), owner); err != nil {
			return fmt.Errorf("claim deposit: %w", err)
		}
	}
	if p.main {
		if err := tx.Bucket(bucketSwap).Put([]byte(p.swapID), owner); err != nil {
			return fmt.Errorf("claim swap: %w", err)
		}
	}
	for _, spend := range p.spends {
		if err := tx.Bucket(bucketSpend).Put([]byte(spend), owner); err != nil {
			return fmt.Errorf("claim coin or nonce: %w", err)
		}
	}
	log := tx.Bucket(bucketSigned)
	sequence, err := log.NextSequence()
	if err != nil {
		return fmt.Errorf("next sequence: %w", err)
	}
	if err := tx.Bucket(bucketAttempt).Put(p.attempt(), sequenceKey(sequence)); err != nil {
		return fmt.Errorf("record attempt: %w", err)
	}
	return store(log, sequenceKey(sequence), signedRecord{
		Sequence: sequence, Authority: p.key, FencingToken: p.token, Spends: p.spends,
		Fee: p.fee, TxID: signed.txid, Raw: signed.raw, At: now.UTC(),
	})
}
