package signer

import (
	"bytes"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"ferry/swap"
	"ferry/swap/asset"
)

// fieldDeaths is what refusals of death attestations name, maxDeaths how many a request
// may carry: one for each member of a batch, and as many for coins that are free again.
const (
	fieldDeaths = "signed_deaths"
	maxDeaths   = 2 * maxBatch
)

// deaths are the anchors that attestd says are spent for good, with its signed words.
type deaths map[string]death

type death struct {
	swap.DeathAttestation
	text string
}

// readDeaths verifies what a request says of earlier anchors, for a payment of an amount.
func (s *Signer) readDeaths(p payment, signed []string) (deaths, error) {
	if len(signed) == 0 {
		return deaths{}, nil
	}
	if len(signed) > maxDeaths {
		return nil, refuse(fieldDeaths, fmt.Sprint(maxDeaths), "%d attestations are more than a request may carry.", len(signed))
	}
	total, err := p.total()
	if err != nil {
		return nil, err
	}
	paid := asset.Amount{Asset: p.parts[0].asset, Units: total}
	dead := deaths{}
	for i, text := range signed {
		a, err := swap.VerifyDeathAttestation(text, s.attestKeys)
		if err != nil {
			return nil, refuse(fieldDeaths, "", "Attestation %d does not verify: %v.", i+1, err)
		}
		if _, twice := dead[a.Anchor]; twice || a.Chain != p.chain {
			return nil, refuse(fieldDeaths, "", "Attestation %d is of an anchor on another chain, or of one that is there twice.", i+1)
		}
		if err := s.rules.Load().MeetsDeath(a, paid, s.now()); err != nil {
			return nil, refuse(fieldDeaths, "", "Attestation %d does not do: %v.", i+1, err)
		}
		dead[a.Anchor] = death{a, text}
	}
	return dead, nil
}

// died refuses to let go of an authority's anchor, unless it is spent for good by what was
// never signed for it, or by what was and failed: then no transaction that was signed for it
// can pay any more.
func died(tx *bolt.Tx, p payment, member part, fixed authorityRecord) (refusal, err error) {
	a, attested := p.deaths[fixed.Anchor]
	if !attested {
		return refuse("unsigned_tx", "", "Another transaction was signed for %s and this one does not conflict with it.", member.key), nil
	}
	// Such a coin's signature is no part of what a txid commits to elsewhere: others can
	// give the payment another txid, and no spender proves that it was not made.
	if member.sibling != nil {
		return refuse(fieldDeaths, "", "Of a coin that came in another chain's form nobody can say that its refund is dead."), nil
	}
	ours, found, err := byTxID(tx, a.Spender)
	if err != nil {
		return nil, err
	}
	var signed []string
	if found && (a.Spent == a.Anchor || slices.Contains(ours.Spends, fixed.Anchor)) {
		signed = []string{a.Spender}
	}
	if err := a.Kills(fixed.Anchor, signed); err != nil {
		return refuse(fieldDeaths, "", "%s is not dead: %v.", member.key, err), nil
	}
	return nil, nil
}

// What bucketSpend holds: whose the coin or nonce is, and the anchor that every
// transaction spends which was signed with it. In memories of before there were deaths
// the anchor is missing; such a coin is never free again.
func spendValue(owner, anchor string) []byte { return []byte(owner + " " + anchor) }

// spent refuses a coin or nonce that was signed for another payment: unless none of the
// transactions that spend it there can be mined any more, since their anchor is spent by
// something else. That is attestd's word of these minutes, or one that is remembered.
func (s *Signer) spent(tx *bolt.Tx, p payment) (refusal, err error) {
	for _, spend := range p.spends {
		if _, gone := s.gone(tx, p, spend); gone {
			return refuse("unsigned_tx", "", "The transaction spends what is spent for good."), nil
		}
		value := tx.Bucket(bucketSpend).Get([]byte(spend))
		owner, anchor, _ := bytes.Cut(value, []byte(" "))
		if value == nil || string(owner) == p.owner() {
			continue
		}
		a, dead := s.gone(tx, p, string(anchor))
		if !dead {
			return refuse("unsigned_tx", "", "A coin or nonce was signed for another payment."), nil
		}
		ours, found, err := byTxID(tx, a.Spender)
		if err != nil {
			return nil, err
		}
		if found && slices.Contains(ours.Spends, spend) {
			return refuse("unsigned_tx", "", "The transaction spends a coin that another payment has spent."), nil
		}
	}
	return nil, nil
}
