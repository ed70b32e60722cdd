package signer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// Limits of what is given up.
const (
	// maxGivenUp is how many transactions may be given up within givenUpFor: beyond it no
	// refusal for attestations is one that its caller could rely on.
	maxGivenUp = 4096
	// givenUpFor is how long that is remembered. An attestation of before is too old by half of
	// it; the rest is for a request that was found good and has waited for its decision since.
	givenUpFor = 2 * swap.AttestationAge
)

// giveUp is a transaction whose request is refused for its attestations: for want of them, or as not
// good enough, of deposits or of what has ended. The caller takes the refusal for the last word on these
// bytes, and gives their coins or nonce to others: so a request for them that was sent before, with other
// attestations, and comes later, must not be signed. All else that a request is refused for before it
// is decided is the same in each request for these bytes. Of the house's own payments an earlier request
// can't be told from a later one: they have no attestations, and are not given up.
type giveUp struct {
	chain    asset.Chain
	token    uint64
	unsigned []byte
	refusal  error
}

// gaveUp is what a refusal gives up; nil where the request is refused for anything but attestations.
// They are looked at once the documents are good and a lease is named.
func gaveUp(chain asset.Chain, told []*ferryv1.Authority, unsigned []byte, refusal *swap.Error) *giveUp {
	_, last, _ := strings.Cut(fieldAttestations, ".")
	if refusal == nil || refusal.Code != swap.CodeRefused || refusal.Field != fieldDeaths && !strings.HasSuffix(refusal.Field, "."+last) {
		return nil
	}
	return &giveUp{chain: chain, token: told[0].GetFencingToken(), unsigned: unsigned, refusal: refusal}
}

// givenUpKey is the bytes' in bucketGivenUp: of one chain, since leases are.
func (p payment) givenUpKey() []byte { return append(p.attempt(), p.chain...) }

// giveUpIn refuses a request for its attestations, in the order of all decisions: what was asked
// for before it is signed by now or refused, and what comes after it, with attestations of
// before, is refused. What was signed stays so: then the refusal is withheld.
func (d *decision) giveUpIn(tx *bolt.Tx, now time.Time) (err error) {
	g := d.givesUp
	p := payment{chain: g.chain, token: g.token, unsigned: g.unsigned}
	if !forgetful {
		if d.refusal, err = raiseFence(tx, p); err != nil || d.refusal != nil {
			return err
		}
	}
	d.refusal = g.refusal
	if forgetful || tx.Bucket(bucketAttempt).Get(p.attempt()) != nil {
		return nil
	}
	known, err := lapse(tx, now)
	if err != nil {
		return err
	}
	given := tx.Bucket(bucketGivenUp)
	if known >= maxGivenUp && given.Get(p.givenUpKey()) == nil {
		var refusal *swap.Error
		errors.As(g.refusal, &refusal)
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
