package signer

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"

	bolt "go.etcd.io/bbolt"

	"ferry/hotwallet/durable"
	"ferry/swap/asset"
)

// payment is a transaction that passed every check which needs no memory.
type payment struct {
	chain asset.Chain
	// token is the caller's lease, parts what is paid: one authority, or the several of a
	// batch.
	token uint64
	parts []part
	fee   asset.Units
	// spends are the coins or the nonce it uses, the first of which becomes the anchor of
	// its authorities.
	spends   []string
	unsigned []byte
	// deaths are what attestd says of anchors that earlier transactions had.
	deaths deaths
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

// record is what the payment would fix for a member.
func (p payment) record(m part) authorityRecord {
	r := authorityRecord{
		Purpose: m.purpose, Chain: p.chain, SwapID: m.swapID, QuoteID: m.quoteID,
		Deposits: m.deposits, Destination: m.destination,
		Amount: asset.Amount{Asset: m.asset, Units: m.amount}, Anchor: p.spends[0], Batch: p.batchID(),
	}
	if m.amountFree {
		r.Amount.Units = asset.Units{}
	}
	return r
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
	// Another authority, batch or terms for the same bytes: judge will refuse.
	if earlier.Authority != p.owner() {
		return signature{}, false, nil
	}
	for _, member := range p.parts {
		var fixed authorityRecord
		if _, err := load(tx.Bucket(bucketAuthority), []byte(member.key), &fixed); err != nil {
			return signature{}, false, err
		}
		if !fixed.sameTerms(p.record(member)) {
			return signature{}, false, nil
		}
	}
	return signature{raw: earlier.Raw, txid: earlier.TxID}, true, nil
}

// sameTerms compares everything about an authority that must never change.
func (r authorityRecord) sameTerms(o authorityRecord) bool {
	r.Anchor, r.Batch, r.Dead, r.Attempts = "", "", nil, 0
	o.Anchor, o.Batch, o.Dead, o.Attempts = "", "", nil, 0
	return reflect.DeepEqual(r, o)
}

// judge applies the rules of ARCHITECTURE.md, step 6, to each member of a payment, and
// returns their records as they will be, or the refusal.
func (s *Signer) judge(tx *bolt.Tx, p payment) (records []authorityRecord, refusal, err error) {
	for i, member := range p.parts {
		record, refusal, err := judgeMember(tx, p, member)
		if err != nil {
			return nil, nil, err
		}
		if refusal == nil {
			refusal = claimed(tx, member)
		}
		if refusal != nil {
			return nil, ofMember(refusal, i, len(p.parts)), nil
		}
		record.Attempts++
		records = append(records, record)
	}
	if refusal := oneAnchor(p, records); refusal != nil {
		return nil, refusal, nil
	}
	refusal, err = s.spent(tx, p)
	return records, refusal, err
}

// oneAnchor refuses a batch whose members would have several anchors, and a transaction that
// spends one that was dead before: it can't be mined, and only looks like an attempt.
func oneAnchor(p payment, records []authorityRecord) error {
	for _, record := range records {
		if record.Anchor != records[0].Anchor {
			return refuse("unsigned_tx", "", "The members of the batch have several anchors.")
		}
		if slices.ContainsFunc(record.Dead, func(dead string) bool { return slices.Contains(p.spends, dead) }) {
			return refuse("unsigned_tx", "", "The transaction spends what is spent for good.")
		}
	}
	return nil
}

// judgeMember: what an authority was first used for is fixed, and every transaction for it
// spends the first one's anchor and pays the same batch. Only once that anchor is dead may
// it have another, alone or in another batch.
func judgeMember(tx *bolt.Tx, p payment, member part) (record authorityRecord, refusal, err error) {
	record = p.record(member)
	var fixed authorityRecord
	known, err := load(tx.Bucket(bucketAuthority), []byte(member.key), &fixed)
	switch {
	case err != nil || !known:
		return record, nil, err
	case !fixed.sameTerms(record):
		return record, refuse("authority", "", "%s was signed before with other terms.", member.key), nil
	case !slices.Contains(p.spends, fixed.Anchor):
		// Attempts are counted anew: those of the dead anchor are over.
		if record.Dead = append(fixed.Dead, fixed.Anchor); len(record.Dead) > maxDead {
			return record, refuse("unsigned_tx", fmt.Sprint(maxDead), "Too many anchors of %s have died.", member.key), nil
		}
		refusal, err = died(tx, p, member, fixed)
		return record, refusal, err
	case fixed.Attempts >= maxAttempts:
		return record, refuse("unsigned_tx", fmt.Sprint(maxAttempts), "Too many transactions were signed for %s.", member.key), nil
	case fixed.Batch != record.Batch:
		return record, refuse("authority", "", "%s was signed before in another batch; a batch is replaced whole.", member.key), nil
	}
	return fixed, nil, nil
}

// claimed refuses a deposit or swap that already belongs to another authority.
func claimed(tx *bolt.Tx, member part) error {
	other := func(bucket []byte, key string) bool {
		owner := tx.Bucket(bucket).Get([]byte(key))
		return owner != nil && string(owner) != member.key
	}
	for _, deposit := range member.deposits {
		if other(bucketDeposit, deposit.ID) {
			return refuse("authority.deposits.deposit_id", "", "A deposit is used up by another payout or refund.")
		}
	}
	if member.main && other(bucketSwap, member.swapID) {
		return refuse(fieldReceipt, "", "The swap has been paid out from another quote.")
	}
	return nil
}
