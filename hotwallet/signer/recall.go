package signer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
)

// Limits of what is given up.
const (
	// maxGivenUp is how many transactions may be given up within givenUpFor: beyond it no
	// refusal for want of attestations is one that its caller could rely on.
	maxGivenUp = 4096
	// givenUpFor is how long that is remembered. An attestation of before is too old by half of
	// it; the rest is for a request that was found good and has waited for its decision since.
	givenUpFor = 2 * swap.AttestationAge
)

// allOrNone refuses a batch of which some members' deposits are attested and others' are not.
func allOrNone(claims []claim) error {
	first := slices.IndexFunc(claims, func(c claim) bool { return c.unattested })
	if first < 0 || !slices.ContainsFunc(claims, func(c claim) bool { return !c.unattested }) {
		return nil
	}
	return ofMember(lacking(len(claims[first].deposits)), first, len(claims))
}

// follows reports that each member of a payment was signed for before, on the same terms, in the same
// batch, and that the payment conflicts with all that was: it spends their anchor. The deposits
// were attested then. It can be paid once still, and only the fee is another, within the caps: so
// neither a node that is away nor a reorganisation keeps it from being raised, or given out
// again where an answer was lost.
func follows(tx *bolt.Tx, p payment) (bool, error) {
	for _, member := range p.parts {
		var fixed authorityRecord
		known, err := load(tx.Bucket(bucketAuthority), []byte(member.key), &fixed)
		record := p.record(member)
		if err != nil || !known || fixed.Batch != record.Batch || !fixed.sameTerms(record) || !slices.Contains(p.spends, fixed.Anchor) {
			return false, err
		}
	}
	return true, nil
}

// recall refuses a payment whose deposits nobody attests, and for which nothing was signed that it
// conflicts with. The caller takes that for the last word on these bytes, and gives their coins or
// nonce to others. So it is decided in the order of all decisions: what was asked for
// before is signed by now or refused, and what comes after, with attestations of before, is refused.
func (d *decision) recall(tx *bolt.Tx, now time.Time) error {
	p := *d.payment
	d.refusal = ofMember(lacking(len(p.parts[0].deposits)), 0, len(p.parts))
	if forgetful {
		return nil
	}
	if fenced, err := raiseFence(tx, p); err != nil || fenced != nil {
		d.refusal = fenced
		return err
	}
	if tx.Bucket(bucketAttempt).Get(p.attempt()) != nil {
		return nil // on other terms: it is withheld
	}
	d.judged = true
	return d.giveUp(tx, p, now)
}

// givenUpKey is the bytes' in bucketGivenUp: of one chain, since leases are.
func (p payment) givenUpKey() []byte { return append(p.attempt(), p.chain...) }

// giveUp remembers that a transaction is not to be signed any more.
func (d *decision) giveUp(tx *bolt.Tx, p payment, now time.Time) error {
	known, err := lapse(tx, now)
	if err != nil {
		return err
	}
	given := tx.Bucket(bucketGivenUp)
	if known >= maxGivenUp && given.Get(p.givenUpKey()) == nil {
		var refusal *swap.Error
		errors.As(d.refusal, &refusal)
		d.refusal = swap.Refuse(swap.CodeUnavailable, refusal.Field, fmt.Sprint(maxGivenUp), refusal.Message+" Too many transactions were given up of late for this to be the last word.")
		return nil
	}
	if err := given.Put(p.givenUpKey(), binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))); err != nil {
		return fmt.Errorf("give up a transaction: %w", err)
	}
	return nil
}

// lapse forgets what was given up so long ago that no attestation of before is good any more,
// or by a clock that was that far ahead, and counts the rest.
func lapse(tx *bolt.Tx, now time.Time) (left int, err error) {
	given := tx.Bucket(bucketGivenUp)
	var over [][]byte
	err = given.ForEach(func(key, at []byte) error {
		if left++; !lately(at, now) {
			over = append(over, slices.Clone(key))
		}
		return nil
	})
	for _, key := range over {
		err = errors.Join(err, given.Delete(key))
	}
	if err != nil {
		return 0, fmt.Errorf("forget what was given up: %w", err)
	}
	return left - len(over), nil
}

func lately(at []byte, now time.Time) bool {
	return now.Sub(givenUpAt(at)).Abs() <= givenUpFor
}

func givenUpAt(at []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(at))) }

// givenUp refuses a transaction that was given up after one of its attestations was issued.
// Newer ones lift that: the caller has them only of a plan that it has made since, which may
// have the same bytes, of the same coins and fee.
func givenUp(tx *bolt.Tx, p payment, now time.Time) error {
	at := tx.Bucket(bucketGivenUp).Get(p.givenUpKey())
	if at == nil || !lately(at, now) {
		return nil
	}
	since := givenUpAt(at)
	for i, member := range p.parts {
		if !member.purpose.House() && member.attestedAt.Before(since) {
			return ofMember(refuse(fieldAttestations, since.UTC().Format(time.RFC3339Nano), "The transaction was given up after its deposits were attested: it takes newer attestations."), i, len(p.parts))
		}
	}
	return nil
}
