package signer

import (
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
)

// within are the limits of one sum over time, in base units.
type within struct{ hour, day asset.Units }

// flow is one of the sums that a transaction adds to.
type flow struct {
	// what names the sum: an asset's payments, or the fees of a chain.
	what string
	// once is what it is counted for at most once, at its largest: the authority that
	// an amount pays, the anchor that all transactions of one fee spend.
	once   string
	asset  asset.ID
	units  asset.Units
	limits within
}

// The sums that are limited over time.
const (
	sumPayments = "payments"
	sumFees     = "fees"
)

// stays are the purposes whose amount goes from one address of ours to another, so
// that it isn't counted; their fees are.
var stays = map[swap.Purpose]bool{swap.PurposeSweep: true, swap.PurposeGapFill: true}

// flows are the sums that a payment adds to; anchor is that of its authorities.
func (c Caps) flows(p payment, anchor string) []flow {
	native := p.chain.NativeID()
	all := []flow{{what: sumFees, once: anchor, asset: native, units: p.fee,
		limits: within{hour: c[native].FeePerHour, day: c[native].FeePerDay}}}
	for _, member := range p.parts {
		if !stays[member.purpose] {
			all = append(all, flow{what: sumPayments, once: member.key, asset: member.asset, units: member.amount,
				limits: within{hour: c[member.asset].PerHour, day: c[member.asset].PerDay}})
		}
	}
	return all
}

// sum is what a payment adds to one of the sums.
type sum struct {
	flow
	window window
	more   asset.Units
}

// spend counts a payment against the limits over time, or refuses it and counts
// nothing. A replacement counts by what it is more than all before it.
func (c Caps) spend(tx *bolt.Tx, p payment, anchor string, now time.Time) (refusal, err error) {
	flows := c.flows(p, anchor)
	sums, err := add(tx, flows, now)
	if err != nil {
		return nil, err
	}
	for _, s := range sums {
		if refusal, err := s.fits(now); err != nil || refusal != nil {
			return refusal, err
		}
	}
	for _, s := range sums {
		if err := s.window.add(s.more); err != nil {
			return nil, err
		}
		if err := store(tx.Bucket(bucketOutgoing), s.sumKey(), s.window); err != nil {
			return nil, err
		}
	}
	for _, f := range flows {
		if err := f.count(tx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// add is what flows add to each sum, at the clock's time; a sum to which they add
// nothing is left out.
func add(tx *bolt.Tx, flows []flow, now time.Time) ([]*sum, error) {
	var sums []*sum
	for _, f := range flows {
		counted, err := f.counted(tx)
		if err != nil {
			return nil, err
		}
		if !counted.Less(f.units) {
			continue
		}
		more, err := f.units.Sub(counted)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(sums, func(s *sum) bool { return s.what == f.what && s.asset == f.asset })
		if i < 0 {
			s := &sum{flow: f}
			if _, err := load(tx.Bucket(bucketOutgoing), f.sumKey(), &s.window); err != nil {
				return nil, err
			}
			s.window.advance(now)
			sums, i = append(sums, s), len(sums)
		}
		if sums[i].more, err = sums[i].more.Add(more); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// counted is what was counted for the same before.
func (f flow) counted(tx *bolt.Tx) (units asset.Units, err error) {
	_, err = load(tx.Bucket(bucketCounted), f.countedKey(), &units)
	return units, err
}

// count keeps the largest that is counted for the same.
func (f flow) count(tx *bolt.Tx) error {
	counted, err := f.counted(tx)
	if err != nil || !counted.Less(f.units) {
		return err
	}
	return store(tx.Bucket(bucketCounted), f.countedKey(), f.units)
}

// fits refuses more than the limits of either span leave.
func (s *sum) fits(now time.Time) (refusal, err error) {
	for _, l := range []struct {
		span
		limit asset.Units
	}{{hour, s.limits.hour}, {day, s.limits.day}} {
		used, err := s.window.used(l.span)
		if err != nil {
			return nil, err
		}
		total, err := used.Add(s.more)
		if err != nil {
			return nil, err
		}
		if !l.limit.Less(total) {
			continue
		}
		when := "it is never within the limit"
		at, ok, err := s.window.room(l.span, s.more, l.limit)
		if err != nil {
			return nil, err
		}
		if ok {
			when = "there is room from " + at.Format(time.RFC3339)
		}
		if behind := s.window.Latest.Sub(now); behind > clockSlack {
			when += fmt.Sprintf(", by a clock that was %s ahead of now", behind.Round(time.Second))
		}
		return refuse(fieldLimit, l.limit.String(), "The limit on %s in %s within %s is %s, of which %s are used and %s are asked for: %s.",
			s.what, s.asset, l.name, coins(s.asset, l.limit), coins(s.asset, used), coins(s.asset, s.more), when), nil
	}
	return nil, nil
}

// fieldLimit is what refusals of limits over time name.
const fieldLimit = "limit"

// clockSlack is how far a clock may be set back without a word about it.
const clockSlack = time.Minute

func coins(id asset.ID, units asset.Units) asset.Amount { return asset.Amount{Asset: id, Units: units} }

func (f flow) sumKey() []byte     { return []byte(f.what + ":" + string(f.asset)) }
func (f flow) countedKey() []byte { return []byte(f.what + ":" + f.once) }
