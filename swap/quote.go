package swap

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"ferry/swap/asset"
)

// Quote is the price liquidityd has locked. Its amounts are the terms: what is
// written here is what is paid.
type Quote struct {
	ID   string     `json:"quote_id"`
	Pair asset.Pair `json:"pair"`
	// Deposit is exactly what the user sends; Payout exactly what is paid.
	Deposit asset.Amount `json:"deposit"`
	Payout  asset.Amount `json:"payout"`
	// Rate is Payout+ServiceFee+NetworkFee per coin deposited, for people: a
	// decimal of coins of Pair.To per coin of Pair.From.
	Rate string `json:"rate"`
	// ServiceFee and NetworkFee are in Pair.To and already taken off Payout.
	ServiceFee asset.Amount `json:"service_fee"`
	NetworkFee asset.Amount `json:"network_fee"`
	// RefundFeeMax, in Pair.From, is the most a refund costs the user.
	RefundFeeMax asset.Amount `json:"refund_fee_max"`
	IssuedAt     time.Time    `json:"issued_at"`
	// AcceptBy is when the lock lapses unless a swap has been created from it.
	AcceptBy time.Time `json:"accept_by"`
	// DepositWindowSeconds is how long after creation the deposit must be seen,
	// ConfirmWindowSeconds how long after creation it must be confirmed.
	DepositWindowSeconds int64 `json:"deposit_window_seconds"`
	ConfirmWindowSeconds int64 `json:"confirm_window_seconds"`
	// Variable: no price is locked. Deposit, Payout, Rate and ServiceFee are what one would
	// get now, an estimate; one deposit of DepositMin to DepositMax is swapped at the rate
	// that is set when it is detected, by a Requote that Terms.Permits. NetworkFee, the
	// service fee's part of the whole, and RefundFeeMax hold. The limits are in Pair.From
	// and nothing where the price is locked.
	Variable   bool         `json:"variable,omitempty"`
	DepositMin asset.Amount `json:"deposit_min,omitzero"`
	DepositMax asset.Amount `json:"deposit_max,omitzero"`
}

// SignQuote signs q with liquidityd's key.
func SignQuote(q Quote, key ed25519.PrivateKey) (string, error) {
	if err := q.Validate(); err != nil {
		return "", err
	}
	return Sign(TypeQuote, q, key)
}

// VerifyQuote returns the quote in a signed text, or an error that wraps
// ErrSignature where no trusted key signed it. It does not look at the clock.
func VerifyQuote(compact string, keys PublicKeys) (Quote, error) {
	var q Quote
	if err := verify(TypeQuote, compact, keys, &q); err != nil {
		return Quote{}, err
	}
	if err := checkTimes(TypeQuote, q.IssuedAt, q.AcceptBy); err != nil {
		return Quote{}, err
	}
	return q, q.Validate()
}

// Validate reports a quote whose parts contradict one another.
func (q Quote) Validate() error {
	switch {
	case !ValidID(QuotePrefix, q.ID):
		return fmt.Errorf("quote id %.60q is malformed", q.ID)
	case q.Pair.From == q.Pair.To:
		return fmt.Errorf("quote %s: pair %s leads nowhere", q.ID, q.Pair)
	case q.Deposit.Asset != q.Pair.From || q.RefundFeeMax.Asset != q.Pair.From:
		return fmt.Errorf("quote %s: deposit or refund fee is not in %s", q.ID, q.Pair.From)
	case q.Payout.Asset != q.Pair.To || q.ServiceFee.Asset != q.Pair.To || q.NetworkFee.Asset != q.Pair.To:
		return fmt.Errorf("quote %s: payout or fee is not in %s", q.ID, q.Pair.To)
	case q.Deposit.Units.IsZero() || q.Payout.Units.IsZero():
		return fmt.Errorf("quote %s: an amount is zero", q.ID)
	case !isDecimal(q.Rate):
		return fmt.Errorf("quote %s: rate %.40q is no plain decimal", q.ID, q.Rate)
	case !q.AcceptBy.After(q.IssuedAt):
		return fmt.Errorf("quote %s: accept_by is not after issued_at", q.ID)
	case q.DepositWindowSeconds <= 0 || q.ConfirmWindowSeconds < q.DepositWindowSeconds:
		return fmt.Errorf("quote %s: the windows are not positive and in order", q.ID)
	}
	for _, id := range []asset.ID{q.Pair.From, q.Pair.To} {
		if _, ok := asset.Lookup(id); !ok {
			return fmt.Errorf("quote %s: asset %.20q is not known", q.ID, id)
		}
	}
	return q.checkLimits()
}

// checkLimits reports limits that a quote should not have, or lacks.
func (q Quote) checkLimits() error {
	switch {
	case !q.Variable && (q.DepositMin != asset.Amount{} || q.DepositMax != asset.Amount{}):
		return fmt.Errorf("quote %s: its price is locked, and it has limits", q.ID)
	case !q.Variable:
		return nil
	case q.DepositMin.Asset != q.Pair.From || q.DepositMax.Asset != q.Pair.From:
		return fmt.Errorf("quote %s: its limits are not in %s", q.ID, q.Pair.From)
	case q.DepositMin.Units.IsZero() || q.DepositMax.Units.Less(q.DepositMin.Units):
		return fmt.Errorf("quote %s: its limits are not positive and in order", q.ID)
	case q.Outside(q.Deposit) != VerdictNone:
		return fmt.Errorf("quote %s: its estimate is outside of its limits", q.ID)
	}
	return nil
}

// Outside says how a deposit misses a variable quote's limits: VerdictShort, VerdictOver,
// or VerdictNone where it is within.
func (q Quote) Outside(deposit asset.Amount) Verdict {
	switch {
	case deposit.Units.Less(q.DepositMin.Units):
		return VerdictShort
	case q.DepositMax.Units.Less(deposit.Units):
		return VerdictOver
	}
	return VerdictNone
}

// DepositChain is the chain the user pays on.
func (q Quote) DepositChain() asset.Chain { return asset.MustLookup(q.Pair.From).Chain }

// PayoutChain is the chain the user is paid on.
func (q Quote) PayoutChain() asset.Chain { return asset.MustLookup(q.Pair.To).Chain }

// isDecimal reports digits with at most one point between them: in any language
// that is one text, and one number.
func isDecimal(s string) bool {
	whole, fraction, pointed := strings.Cut(s, ".")
	return whole != "" && (fraction != "") == pointed && strings.Trim(whole+fraction, "0123456789") == ""
}
