package signer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// part is what a transaction pays one authority.
type part struct {
	claim
	amount asset.Units
}

// authoriseAll verifies the authorities of a batch, which is one on chains of accounts.
// All of them are the same caller's, and none uses up what another does.
func (s *Signer) authoriseAll(chain asset.Chain, told []*ferryv1.Authority) ([]claim, error) {
	if len(told) == 0 {
		return nil, refuse("authority", "", "The authority is missing.")
	}
	if len(told) > maxBatch {
		return nil, refuse("authorities", fmt.Sprint(maxBatch), "%d authorities are more than one transaction may pay.", len(told))
	}
	claims := make([]claim, len(told))
	for i, a := range told {
		var err error
		if claims[i], err = s.authorise(chain, a); err == nil {
			err = alone(claims, i, len(told))
		}
		if err != nil {
			return nil, ofMember(err, i, len(told))
		}
	}
	return claims, allOrNone(claims)
}

// alone refuses member i of n where it can't be paid together with the others: house
// payments and the refund of a sibling's coin never are.
func alone(claims []claim, i, n int) error {
	c := claims[i]
	if n > 1 && (c.purpose.House() || c.sibling != nil) {
		return refuse("authority.purpose", "1", "This %s is paid by itself, not in a batch.", c.purpose)
	}
	for _, earlier := range claims[:i] {
		switch {
		case earlier.token != c.token:
			return refuse("authority.fencing_token", fmt.Sprint(earlier.token), "The authorities are of several leases.")
		case earlier.key == c.key || earlier.main && c.main && earlier.swapID == c.swapID:
			return refuse("authority", "1", "%s is there twice.", c.key)
		case slices.ContainsFunc(c.deposits, earlier.uses):
			return refuse("authority.deposits.deposit_id", "1", "A deposit is used up twice.")
		}
	}
	return nil
}

// uses reports whether a deposit is among the claim's, whatever its amount.
func (c claim) uses(d usedDeposit) bool {
	return slices.ContainsFunc(c.deposits, func(own usedDeposit) bool { return own.ID == d.ID })
}

// ofMember has a refusal say which of several authorities it is about:
// "authority.deposits" becomes "authorities.3.deposits".
func ofMember(err error, i, n int) error {
	var refusal *swap.Error
	if n == 1 || !errors.As(err, &refusal) {
		return err
	}
	if rest, ok := strings.CutPrefix(refusal.Field, "authority"); ok {
		return swap.Refuse(refusal.Code, fmt.Sprintf("authorities.%d%s", i, rest), refusal.Limit, refusal.Message)
	}
	return err
}

// batchID names the set of authorities that are paid together, in whatever order; ""
// for one alone.
func (p payment) batchID() string {
	if len(p.parts) == 1 {
		return ""
	}
	keys := make([]string, len(p.parts))
	for i, member := range p.parts {
		keys[i] = member.key
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	return "batch:" + hex.EncodeToString(sum[:])
}

// owner is whose a coin or nonce of the payment is: the authority, or the batch.
func (p payment) owner() string {
	if id := p.batchID(); id != "" {
		return id
	}
	return p.parts[0].key
}

// total is what all of it pays.
func (p payment) total() (asset.Units, error) {
	var sum asset.Units
	for _, member := range p.parts {
		var err error
		if sum, err = sum.Add(member.amount); err != nil {
			return sum, fmt.Errorf("sum of a batch: %w", err)
		}
	}
	return sum, nil
}
