package deployment

import (
	"errors"
	"fmt"
	"slices"

	"ferry/swap/asset"
)

// Token is the policy of a token, in coins of it. What its transactions may cost is
// the chain's PaymentFeeMax: fees are paid in the chain's own asset.
type Token struct {
	// DustThreshold: a deposit below it touches nothing. It stands still, because what
	// spending a deposit costs is paid in another asset.
	DustThreshold string `json:"dust_threshold"`
	// NetworkFee is what a quote charges for a payout, RefundFeeMax the most a refund
	// costs the user: both for gas that the house buys.
	NetworkFee   string `json:"network_fee"`
	RefundFeeMax string `json:"refund_fee_max"`
	// PaymentMax is the most one transaction of ours may pay.
	PaymentMax string `json:"payment_max"`
	// PaymentsPerHour and PaymentsPerDay are the most that the signer signs for in any
	// hour and any day; left out they are its own multiples of PaymentMax.
	PaymentsPerHour string `json:"payments_per_hour,omitempty"`
	PaymentsPerDay  string `json:"payments_per_day,omitempty"`
	// Depth is what larger deposits of the token need.
	Depth
}

// validateTokens: each token that networks pins on this chain has a policy, and no
// other has.
func (c Chain) validateTokens(name asset.Chain, n asset.Networks) error {
	pinned := 0
	for _, a := range n.Assets() {
		if !a.Token || a.Chain != name {
			continue
		}
		t, ok := c.Tokens[a.ID]
		if !ok {
			return fmt.Errorf("tokens.%s is missing: networks pins its contract", a.ID)
		}
		if _, err := t.amounts(a.ID); err != nil {
			return fmt.Errorf("tokens.%s: %w", a.ID, err)
		}
		pinned++
	}
	if len(c.Tokens) != pinned {
		return errors.New("tokens: one is named whose contract networks does not pin on this chain")
	}
	return nil
}

// amounts parses the policy but for PaymentFeeMax, which is the chain's.
func (t Token) amounts(id asset.ID) (Amounts, error) {
	var a Amounts
	for _, f := range []struct {
		field, text string
		into        *asset.Units
	}{{"dust_threshold", t.DustThreshold, &a.DustThreshold}, {"network_fee", t.NetworkFee, &a.NetworkFee},
		{"refund_fee_max", t.RefundFeeMax, &a.RefundFeeMax}, {"payment_max", t.PaymentMax, &a.PaymentMax}} {
		parsed, err := asset.ParseDecimal(id, f.text)
		if err != nil {
			return a, fmt.Errorf("%s: %w", f.field, err)
		}
		*f.into = parsed.Units
	}
	if a.PaymentMax.IsZero() {
		return a, errors.New("payment_max must be above zero")
	}
	a.DustCeiling = a.DustThreshold
	var err error
	a.PaymentsPerHour, a.PaymentsPerDay, err = limits(id, "payments", t.PaymentsPerHour, t.PaymentsPerDay)
	return a, err
}

// AmountsOf parses the policy of one asset that the deployment swaps.
func (d Deployment) AmountsOf(id asset.ID) (Amounts, error) {
	a, known := asset.Lookup(id)
	if !known {
		return Amounts{}, fmt.Errorf("asset %.20q is not known", id)
	}
	native, err := d.Amounts(a.Chain)
	if err != nil || !a.Token {
		return native, err
	}
	t, ok := d.Chains[a.Chain].Tokens[id]
	if !ok {
		return Amounts{}, fmt.Errorf("%s is not in the deployment", id)
	}
	amounts, err := t.amounts(id)
	if err != nil {
		return Amounts{}, fmt.Errorf("chains.%s.tokens.%s: %w", a.Chain, id, err)
	}
	amounts.PaymentFeeMax = native.PaymentFeeMax
	return amounts, nil
}

// Tokens lists the tokens that the deployment swaps on a chain, in Ferry's order.
func (d Deployment) Tokens(on asset.Chain) []asset.ID {
	var ids []asset.ID
	for _, a := range slices.DeleteFunc(d.Networks.Assets(), func(a asset.Asset) bool { return !a.Token || a.Chain != on }) {
		ids = append(ids, a.ID)
	}
	return ids
}
