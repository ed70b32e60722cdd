package swap

import (
	"fmt"
	"strings"
	"time"

	"ferry/swap/asset"
)

// DepositRules are what a deposit needs before it counts and a payment may rest on it.
// The hot wallet confirms deposits by them; attestd and the signer each hold
// attestations to them. A value is never changed once it is in use.
type DepositRules struct {
	// Confirmations is the least depth, by chain. A chain that is absent has no
	// deposits that count.
	Confirmations map[asset.Chain]int64
	// Tiers are the depths of larger deposits, by asset, in rising order.
	Tiers map[asset.ID][]Tier
	// SafeAbove and FinalizedAbove are the amounts above which the block must also be
	// one that the node calls safe, or finalized; by asset, of account chains only. One
	// that is absent never needs it.
	SafeAbove, FinalizedAbove map[asset.ID]asset.Units
	// SecondAbove is the amount above which nodes of two kinds of software must
	// agree, by asset; one that is absent never needs a second.
	SecondAbove map[asset.ID]asset.Units
	// Dead is how deep the spend of a payment's anchor must be until the payment is dead
	// and may be made anew: beyond the deepest reorganisation that is followed. By chain;
	// on one that is absent nothing is ever dead.
	Dead map[asset.Chain]int64
}

// Tier is the depth that deposits above an amount need, in blocks with their own.
type Tier struct {
	Above         asset.Units
	Confirmations int64
}

// Limits of a deployment's tiers.
const (
	tiersMost = 16
	// ConfirmationsMost is the deepest that a tier can ask for, in blocks.
	ConfirmationsMost = 1000
)

// Finality is how sure a node is that its chain's consensus keeps a block, beyond depth.
// https://ethereum.org/en/developers/docs/apis/json-rpc/#default-block
type Finality string

// The finalities, each including those before it.
const (
	FinalityNone Finality = ""
	// FinalitySafe: two thirds of the validators have voted for it once.
	FinalitySafe Finality = "safe"
	// FinalityFinalized: taking it back would cost a third of all stakes.
	FinalityFinalized Finality = "finalized"
)

var finalityRank = map[Finality]int{FinalityNone: 0, FinalitySafe: 1, FinalityFinalized: 2}

// Known reports whether f is one of the finalities.
func (f Finality) Known() bool {
	_, known := finalityRank[f]
	return known
}

// Covers reports whether a block of finality f is good enough where needed is asked for.
func (f Finality) Covers(needed Finality) bool {
	return f.Known() && needed.Known() && finalityRank[f] >= finalityRank[needed]
}

// Needed is how deep a deposit must be: the depth of the highest tier that its amount is
// above, or the chain's own. False where deposits in the asset do not count.
func (r DepositRules) Needed(deposit asset.Amount) (blocks int64, counts bool) {
	a, known := asset.Lookup(deposit.Asset)
	if !known {
		return 0, false
	}
	blocks, counts = r.Confirmations[a.Chain]
	for _, t := range r.Tiers[deposit.Asset] {
		if t.Above.Less(deposit.Units) {
			blocks = max(blocks, t.Confirmations)
		}
	}
	return blocks, counts
}

// Finality is what a deposit's block must be besides deep.
func (r DepositRules) Finality(deposit asset.Amount) Finality {
	switch {
	case above(r.FinalizedAbove, deposit):
		return FinalityFinalized
	case above(r.SafeAbove, deposit):
		return FinalitySafe
	}
	return FinalityNone
}

// Of says in one line what larger deposits in an asset need, for logs; amounts are in
// base units.
func (r DepositRules) Of(id asset.ID) string {
	var parts []string
	for _, t := range r.Tiers[id] {
		parts = append(parts, fmt.Sprintf("%d confirmations above %s", t.Confirmations, t.Above))
	}
	for _, f := range []struct {
		what   string
		limits map[asset.ID]asset.Units
	}{{string(FinalitySafe), r.SafeAbove}, {string(FinalityFinalized), r.FinalizedAbove}, {"two kinds of software", r.SecondAbove}} {
		if limit, limited := f.limits[id]; limited {
			parts = append(parts, fmt.Sprintf("%s above %s", f.what, limit))
		}
	}
	return strings.Join(parts, ", ")
}

// NeedsSecond reports whether nodes of two kinds of software must agree on a deposit.
func (r DepositRules) NeedsSecond(deposit asset.Amount) bool { return above(r.SecondAbove, deposit) }

func above(limits map[asset.ID]asset.Units, deposit asset.Amount) bool {
	limit, limited := limits[deposit.Asset]
	return limited && limit.Less(deposit.Units)
}

// Validate reports rules that would let everything pass, or contradict themselves.
func (r DepositRules) Validate() error {
	if len(r.Confirmations) == 0 {
		return fmt.Errorf("deposit rules: no chain has a least depth")
	}
	for chain, n := range r.Confirmations {
		if _, known := chain.Native(); !known || n < 1 {
			return fmt.Errorf("deposit rules: %d confirmations on %.20q", n, chain)
		}
	}
	for chain, n := range r.Dead {
		if least, counts := r.Confirmations[chain]; !counts || n < least {
			return fmt.Errorf("deposit rules: payments on %.20q are dead after %d blocks, before they would be final", chain, n)
		}
	}
	for id, tiers := range r.Tiers {
		if err := r.validateTiers(id, tiers); err != nil {
			return fmt.Errorf("deposit rules: tiers of %.20q: %w", id, err)
		}
	}
	for _, limits := range []map[asset.ID]asset.Units{r.SafeAbove, r.FinalizedAbove} {
		for id := range limits {
			if a, known := asset.Lookup(id); !known || a.Chain.Family() != asset.Account {
				return fmt.Errorf("deposit rules: blocks of %.20q are never safe or finalized", id)
			}
		}
	}
	for id, finalized := range r.FinalizedAbove {
		if safe, both := r.SafeAbove[id]; both && finalized.Less(safe) {
			return fmt.Errorf("deposit rules: %s: finalized is asked for from a lower amount than safe", id)
		}
	}
	return nil
}

// validateTiers: each is above the one before it in both, the first above nothing and
// above the chain's own depth.
func (r DepositRules) validateTiers(id asset.ID, tiers []Tier) error {
	a, known := asset.Lookup(id)
	depth, counts := r.Confirmations[a.Chain]
	switch {
	case !known || !counts:
		return fmt.Errorf("its chain has no least depth")
	case len(tiers) > tiersMost:
		return fmt.Errorf("there are %d, at most %d are possible", len(tiers), tiersMost)
	}
	var amount asset.Units
	for i, t := range tiers {
		if !amount.Less(t.Above) {
			return fmt.Errorf("number %d is above %s, which is no more than the one before it or nothing", i+1, t.Above)
		}
		if t.Confirmations <= depth || t.Confirmations > ConfirmationsMost {
			return fmt.Errorf("number %d needs %d confirmations: it must be more than %d, and at most %d", i+1, t.Confirmations, depth, ConfirmationsMost)
		}
		amount, depth = t.Above, t.Confirmations
	}
	return nil
}

// AttestationAge is how far the time of an attestation may be from the clock of who
// relies on it, either way: a depth that was true goes on being true only as long as
// no reorganisation has had time to come.
const AttestationAge = 15 * time.Minute

// Meets reports an attestation that does not meet the rules at a time.
func (r DepositRules) Meets(a DepositAttestation, now time.Time) error {
	needed, counts := r.Needed(a.Amount)
	finality := r.Finality(a.Amount)
	_, runs := r.Confirmations[a.Chain]
	switch {
	case !counts || !runs:
		return fmt.Errorf("deposits on %s do not count here", a.Chain)
	case a.Depth < needed:
		return fmt.Errorf("the deposit was %d deep, %d are needed for %s", a.Depth, needed, a.Amount)
	case !a.Finality.Covers(finality):
		return fmt.Errorf("a deposit of %s needs a block that is %s", a.Amount, finality)
	case now.Sub(a.IssuedAt) > AttestationAge || a.IssuedAt.Sub(now) > AttestationAge:
		return fmt.Errorf("the attestation is of %s, more than %s from now", a.IssuedAt.Format(time.RFC3339), AttestationAge)
	case r.NeedsSecond(a.Amount) && a.SecondSoftware == "":
		return fmt.Errorf("a deposit of %s needs nodes of two kinds of software that agree", a.Amount)
	}
	return nil
}
