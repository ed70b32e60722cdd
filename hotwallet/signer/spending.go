package signer

import (
	"fmt"
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
var stays = map[swap.Purpose]bool{"sweep": true, "gap_fill": true}

// flows are the sums that a payment adds to; anchor is the authority's.
func (c Caps) flows(p payment, anchor string) []flow {
	native := p.chain.NativeID()
	all := []flow{{what: sumFees, once: anchor, asset: native, units: p.fee,
		limits: within{hour: c[native].FeePerHour, day: c[native].FeePerDay}}}
	if !stays[p.purpose] {
		all = append(all, flow{what: sumPayments, once: p.key, asset: p.asset, units: p.amount,
			limits: within{hour: c[p.asset].PerHour, day: c[p.asset].PerDay}})
	}
	return all
}

// spend counts a payment against the limits over time, or refuses it and counts
// nothing. A replacement counts by what it is more than all before it.
func (c Caps) spend(tx *bolt.Tx, p payment, anchor string, now time.Time) (refusal, err error) {
	type sum struct {
		flow
		window window
	}
	var sums []sum
	for _, f := range c.flows(p, anchor) {
		var counted asset.Units
		if _, err := load(tx.Bucket(bucketCounted), f.countedKey(), &counted); err != nil {
			return nil, err
		}
		if !counted.Less(f.units) {
			continue
		}
		s := sum{flow: f}
		if _, err := load(tx.Bucket(bucketOutgoing), f.sumKey(), &s.window); err != nil {
			return nil, err
		}
		s.window.advance(now)
		more, err := f.units.Sub(counted)
		if err != nil {
			return nil, err
		}
		if refusal, err := f.fits(&s.window, more, now); err != nil || refusal != nil {
			return refusal, err
		}
		if err := s.window.add(more); err != nil {
			return nil, err
		}
		sums = append(sums, s)
	}
	for _, s := range sums {
		if err := store(tx.Bucket(bucketOutgoing), s.sumKey(), s.window); err != nil {
			return nil, err
		}
		if err := store(tx.Bucket(bucketCounted), s.countedKey(), s.units); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// fits refuses units more than the limits of either span leave.
func (f flow) fits(w *window, units asset.Units, now time.Time) (refusal, err error) {
	for _, l := range []struct {
		span
		limit asset.Units
	}{{hour, f.limits.hour}, {day, f.limits.day}} {
		used, err := w.used(l.span)
		if err != nil {
			return nil, err
		}
		sum, err := used.Add(units)
		if err != nil {
			return nil, err
		}
		if !l.limit.Less(sum) {
			continue
		}
		when := "it is never within the limit"
		at, ok, err := w.room(l.span, units, l.limit)
		if err != nil {
			return nil, err
		}
		if ok {
			when = "there is room from " + at.Format(time.RFC3339)
		}
		if behind := w.Latest.Sub(now); behind > clockSlack {
			when += fmt.Sprintf(", by a clock that was %s ahead of now", behind.Round(time.Second))
		}
		return refuse(fieldLimit, l.limit.String(), "The limit on %s in %s within %s is %s, of which %s are used and %s are asked for: %s.",
			f.what, f.asset, l.name, coins(f.asset, l.limit), coins(f.asset, used), coins(f.asset, units), when), nil
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
