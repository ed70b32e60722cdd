package swap

import (
	"fmt"
	"math/big"

	"ferry/swap/asset"
)

// Permits checks a verified requote against the terms it amends: that it is for
// exactly these deposits of this swap, that its fees are no more than the quote's,
// and that the user said yes to its price: by a consent, or beforehand by the policy
// and its tolerance, or because it adds an excess that a refund would eat, at the
// locked rate; of a variable quote because that has no other price. consent is nil without one, and verified otherwise; consentHash is
// HashDocument of its text. The errors are for people.
//
// It bounds what the user loses, not what the house gives: a payout above what was
// quoted is liquidityd's to answer for, and the signer's caps.
//
// Every party that acts on a requote asks here: the state machine before it orders,
// the signer before it signs, the client before it believes.
func (t Terms) Permits(r Requote, deposits []OrderDeposit, consent *Consent, consentHash string) error {
	if err := r.Validate(); err != nil {
		return err
	}
	// One form: else a deposit could be there twice, and the sum be a lie.
	if err := (Order{ID: r.ID, Deposits: deposits}).checkDeposits(); err != nil {
		return err
	}
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
	switch {
	case r.ConsentHash != "":
		return t.consented(r, deposits, consent, consentHash)
	case t.Quote.Variable:
		return t.variable(r, deposits)
	}
	return t.foreseen(r)
}

// VariableFloorBPS is how much worse than the estimate of a variable quote a rate may be
// without asking, in basis points: whoever takes a variable rate takes what the market
// does, and not a price that no market explains.
const VariableFloorBPS = 1000

// variable: the rate of one deposit that is within the quote's limits, as agreed. An extra
// deposit has one only where the policy says so.
func (t Terms) variable(r Requote, deposits []OrderDeposit) error {
	switch {
	case len(deposits) != 1:
		return fmt.Errorf("each deposit has a rate of its own, and these are %d", len(deposits))
	case !r.Main && t.Receipt.Policy.OnExtra != AnswerRequote:
		return fmt.Errorf("the policy for a deposit that is %s is %s, and there is no consent", VerdictExtra, t.Receipt.Policy.OnExtra)
	case t.Quote.Outside(r.Deposit) != VerdictNone:
		return fmt.Errorf("%s is not from %s to %s", r.Deposit, t.Quote.DepositMin, t.Quote.DepositMax)
	}
	within, err := t.noWorse(r, VariableFloorBPS)
	if err != nil {
		return err
	}
	if !within {
		return fmt.Errorf("rate %s is more than %d basis points below the estimated %s", r.Rate, VariableFloorBPS, t.Quote.Rate)
	}
	return nil
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
	if added, err := t.addsExcess(r); err != nil || added {
		return err
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

// addsExcess: the policy refunds what is too much, and the excess is small; so all is
// swapped, at the locked rate or better and for no less than was quoted. (A payout can
// be exactly the quoted one, where the excess is worth less than a step of it.)
func (t Terms) addsExcess(r Requote) (bool, error) {
	if !r.Main || t.Receipt.Policy.OnOver != AnswerRefund || !t.SmallExcess(r.Deposit) || r.Payout.Units.Less(t.Quote.Payout.Units) {
		return false, nil
	}
	return t.noWorse(r, 0)
}

// SmallExcess reports that a deposit is more than the quote's, and by so little that
// sending it back would cost about as much as it brings. What a refund brings is the
// excess less RefundFeeMax: up to twice that fee it may be the smaller part.
func (t Terms) SmallExcess(deposit asset.Amount) bool {
	excess := new(big.Int).Sub(deposit.Units.Big(), t.Quote.Deposit.Units.Big())
	limit := new(big.Int).Lsh(t.Quote.RefundFeeMax.Units.Big(), 1)
	return deposit.Asset == t.Quote.Deposit.Asset && excess.Sign() > 0 && excess.Cmp(limit) <= 0
}

// bpsWhole is 100 % in basis points.
const bpsWhole = 10000

// noWorse compares gross payouts per deposit: the requote's is at least the quote's
// less bps. The requote's gross payout was rounded down once, by less than a step; the
// quote's rounding is on the user's side already.
func (t Terms) noWorse(r Requote, bps int64) (bool, error) {
	quoted, err := sum(t.Quote.Payout, t.Quote.ServiceFee, t.Quote.NetworkFee)
	if err != nil {
		return false, err
	}
	got, err := sum(r.Payout, r.ServiceFee, r.NetworkFee)
	if err != nil {
		return false, err
	}
	got.Add(got, quoteStep(r.Payout.Asset))
	// got/r.Deposit >= quoted/q.Deposit × (1 − bps/10000), without division
	left := new(big.Int).Mul(got, t.Quote.Deposit.Units.Big())
	left.Mul(left, big.NewInt(bpsWhole))
	right := new(big.Int).Mul(quoted, r.Deposit.Units.Big())
	right.Mul(right, big.NewInt(bpsWhole-bps))
	return left.Cmp(right) >= 0, nil
}

// feeAsQuoted: the service fee is no greater part of the gross payout than in the
// quote, but for being rounded up once, by less than a step.
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
	fee.Sub(fee, quoteStep(r.Payout.Asset)) // below zero for a fee that is all rounding
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

// quoteStep is what a quoted amount is rounded to, in base units: 10^-QuotePlaces
// coins, or one unit.
func quoteStep(id asset.ID) *big.Int {
	if a := asset.MustLookup(id); a.Decimals > asset.QuotePlaces {
		return asset.Pow10(a.Decimals - asset.QuotePlaces)
	}
	return big.NewInt(1)
}
