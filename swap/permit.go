package swap

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// Permits checks a verified requote against the terms it amends: that it is for
// exactly these deposits of this swap, that its fees are no more than the quote's,
// and that the user said yes to its price: by a consent, or beforehand by the policy
// and its tolerance, or because it is the locked rate and pays more than was
// quoted. consent is nil without one, and verified otherwise; consentHash is
// HashDocument of its text. The errors are for people.
//
// Every party that acts on a requote asks here: the state machine before it orders,
// the signer before it signs, the client before it believes.
func (t Terms) Permits(r Requote, deposits []OrderDeposit, consent *Consent, consentHash string) error {
	switch {
	case r.SwapID != t.Receipt.SwapID || r.ReceiptHash != HashDocument(t.SignedReceipt):
		return fmt.Errorf("the requote is for swap %s, or for another receipt of it", r.SwapID)
	case r.Deposit.Asset != t.Quote.Pair.From || r.Payout.Asset != t.Quote.Pair.To:
		return fmt.Errorf("the requote is not for %s", t.Quote.Pair)
	case r.DepositsHash != HashDeposits(deposits):
		return fmt.Errorf("the requote is for other deposits")
	case t.Quote.NetworkFee.Units.Less(r.NetworkFee.Units):
		return fmt.Errorf("the requote's network fee %s is above the quote's %s", r.NetworkFee, t.Quote.NetworkFee)
	case !r.Main && len(deposits) != 1:
		return fmt.Errorf("an extra deposit is requoted by itself")
	}
	total, err := Order{Deposits: deposits}.Total()
	if err != nil {
		return err
	}
	if total != r.Deposit {
		return fmt.Errorf("the requote is for %s, the deposits are %s", r.Deposit, total)
	}
	if err := t.feeAsQuoted(r); err != nil {
		return err
	}
	if r.ConsentHash != "" {
		return t.consented(r, deposits, consent, consentHash)
	}
	return t.foreseen(r)
}

// consented: the user took this matter's requote for at least so much.
func (t Terms) consented(r Requote, deposits []OrderDeposit, c *Consent, hash string) error {
	switch {
	case c == nil || r.ConsentHash != hash:
		return fmt.Errorf("the requote rests on a consent that is not there")
	case c.SwapID != r.SwapID || c.ReceiptHash != r.ReceiptHash || c.DepositID != deposits[0].ID:
		return fmt.Errorf("the consent is for another matter")
	case c.Answer != AnswerRequote:
		return fmt.Errorf("the user's answer was %s", c.Answer)
	case c.AtLeast.Asset != r.Payout.Asset || r.Payout.Units.Less(c.AtLeast.Units):
		return fmt.Errorf("the payout %s is less than the %s the user takes", r.Payout, c.AtLeast)
	}
	return nil
}

// foreseen: the policy permits this price without asking.
func (t Terms) foreseen(r Requote) error {
	locked, err := t.noWorse(r, 0)
	if err != nil {
		return err
	}
	if r.Main && locked && t.Quote.Payout.Units.Less(r.Payout.Units) && t.Quote.Deposit.Units.Less(r.Deposit.Units) {
		return nil
	}
	verdict := VerdictExtra
	if r.Main {
		verdict = VerdictLate
		switch r.Deposit.Units.Cmp(t.Quote.Deposit.Units) {
		case -1:
			verdict = VerdictShort
		case 1:
			verdict = VerdictOver
		}
	}
	// What came late may be short or over as well; then either answer will do.
	policy := t.Receipt.Policy
	if policy.For(verdict) != AnswerRequote && (!r.Main || policy.OnLate != AnswerRequote) {
		return fmt.Errorf("the policy for a deposit that is %s is %s, and there is no consent", verdict, policy.For(verdict))
	}
	within, err := t.noWorse(r, policy.ToleranceBPS)
	if err != nil {
		return err
	}
	if !within {
		return fmt.Errorf("rate %s is more than %d basis points below the locked %s", r.Rate, policy.ToleranceBPS, t.Quote.Rate)
	}
	return nil
}

// bpsWhole is 100 % in basis points.
const bpsWhole = 10000

// noWorse compares gross payouts per deposit: the requote's is at least the quote's
// less bps, but for the rounding of two steps of a quoted amount.
func (t Terms) noWorse(r Requote, bps int64) (bool, error) {
	quoted, err := sum(t.Quote.Payout, t.Quote.ServiceFee, t.Quote.NetworkFee)
	if err != nil {
		return false, err
	}
	got, err := sum(r.Payout, r.ServiceFee, r.NetworkFee)
	if err != nil {
		return false, err
	}
	got.Add(got, slack(r.Payout.Asset))
	// got/r.Deposit >= quoted/q.Deposit × (1 − bps/10000), without division
	left := new(big.Int).Mul(got, t.Quote.Deposit.Units.Big())
	left.Mul(left, big.NewInt(bpsWhole))
	right := new(big.Int).Mul(quoted, r.Deposit.Units.Big())
	right.Mul(right, big.NewInt(bpsWhole-bps))
	return left.Cmp(right) >= 0, nil
}

// feeAsQuoted: the service fee is no greater part of the gross payout than in the
// quote.
func (t Terms) feeAsQuoted(r Requote) error {
	quoted, err := sum(t.Quote.Payout, t.Quote.ServiceFee, t.Quote.NetworkFee)
	if err != nil {
		return err
	}
	got, err := sum(r.Payout, r.ServiceFee, r.NetworkFee)
	if err != nil {
		return err
	}
	fee := r.ServiceFee.Units.Big()
	if room := slack(r.Payout.Asset); fee.Cmp(room) > 0 {
		fee.Sub(fee, room)
	} else {
		fee.SetInt64(0)
	}
	if fee.Mul(fee, quoted).Cmp(got.Mul(got, t.Quote.ServiceFee.Units.Big())) > 0 {
		return fmt.Errorf("the requote's service fee %s is a greater part than the quote's", r.ServiceFee)
	}
	return nil
}

// sum adds amounts of one asset without a limit of size.
func sum(amounts ...asset.Amount) (*big.Int, error) {
	total := new(big.Int)
	for _, a := range amounts {
		if a.Asset != amounts[0].Asset {
			return nil, fmt.Errorf("amounts in %s and %s have no sum", amounts[0].Asset, a.Asset)
		}
		total.Add(total, a.Units.Big())
	}
	return total, nil
}

// slack is two steps of a quoted amount, in base units: each amount is rounded once.
func slack(id asset.ID) *big.Int {
	step := big.NewInt(1)
	if a := asset.MustLookup(id); a.Decimals > asset.QuotePlaces {
		step = asset.Pow10(a.Decimals - asset.QuotePlaces)
	}
	return step.Mul(step, big.NewInt(2))
}
