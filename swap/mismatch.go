package swap

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ferry/swap/asset"
)

// Wait is what a mismatch waits for.
type Wait string

// What a mismatch can wait for.
const (
	// WaitPrice: liquidityd was asked for a price.
	WaitPrice Wait = "price"
	// WaitAnswer: the user was asked.
	WaitAnswer Wait = "answer"
	// WaitAddress: the deposit is to be refunded, and nobody has said where to.
	WaitAddress Wait = "address"
	// WaitOwner: the deposit is in another asset than the terms', and is refunded when
	// the swap's owner says yes to what that costs.
	WaitOwner Wait = "owner"
)

// Mismatch is a matter that is not settled yet: confirmed deposits that do not match
// the terms and for which no payment has been ordered.
type Mismatch struct {
	// ID is the first of Deposits. A deposit is in one mismatch at most.
	ID string `json:"deposit_id"`
	// Deposits are the ids of those it is about, sorted.
	Deposits []string `json:"deposit_ids"`
	Verdict  Verdict  `json:"verdict"`
	// Main: it decides the swap; else it is about an extra deposit.
	Main bool `json:"main,omitempty"`
	Wait Wait `json:"waits_for"`
	// Reason says why it waits, from a fixed vocabulary.
	Reason string `json:"reason,omitempty"`
	// By is when the wait ends, and with WaitAddress when it is next reminded of.
	By time.Time `json:"by,omitzero"`
	// Asked counts the prices asked for; the last is RequestID(ID, Asked).
	Asked int `json:"asked,omitempty"`
	// Reminded counts the reminders.
	Reminded int `json:"reminded,omitempty"`
	// Offer is what the last price would have paid; zero units if unknown.
	Offer asset.Amount `json:"offer,omitzero"`
	// Fee, with WaitOwner: what is kept back of the deposit when it is refunded, in its
	// own asset. It is said once and stays. Nothing, in any other mismatch.
	Fee asset.Amount `json:"refund_fee,omitzero"`
	// SignedConsent is the user's yes, "" before it.
	SignedConsent string `json:"signed_consent,omitempty"`
}

// maxRequestID bounds ids made of a deposit's, in bytes.
const maxRequestID = 300

// RequestID is the identity of the n-th request for a price of one mismatch.
func RequestID(mismatchID string, n int) string { return fmt.Sprintf("requote:%s:%d", mismatchID, n) }

// Basis says which price is asked for.
type Basis string

// The bases of a price.
const (
	// BasisMarket is today's price, with the quote's fees.
	BasisMarket Basis = "market"
	// BasisLate is the locked rate while today's is within the policy's tolerance of
	// it or better, else today's.
	BasisLate Basis = "late"
	// BasisLocked is the locked rate, whatever the market does.
	BasisLocked Basis = "locked"
	// BasisDetected is today's price for a deposit that is seen and not confirmed: the rate
	// of a variable quote.
	BasisDetected Basis = "detected"
)

// RequoteRequest asks liquidityd for a price. It carries its own authority, as an
// order does, and is answered by a FactRequoted: with a requote that Terms.Permits,
// or a refusal.
type RequoteRequest struct {
	ID     string `json:"request_id"`
	SwapID string `json:"swap_id"`
	Main   bool   `json:"main"`
	Basis  Basis  `json:"basis"`
	// Deposits are as in an Order.
	Deposits      []OrderDeposit `json:"deposits"`
	SignedQuote   string         `json:"signed_quote"`
	SignedReceipt string         `json:"signed_receipt"`
	SignedConsent string         `json:"signed_consent,omitempty"`
	At            time.Time      `json:"at"`
}

// Validate reports a request that contradicts itself.
func (r RequoteRequest) Validate() error {
	switch {
	case !ValidID(SwapPrefix, r.SwapID):
		return fmt.Errorf("request %.120s: swap id %.60q is malformed", r.ID, r.SwapID)
	case r.SignedQuote == "" || r.SignedReceipt == "":
		return fmt.Errorf("request %.120s: a document is missing", r.ID)
	case r.Basis != BasisMarket && r.Basis != BasisLate && r.Basis != BasisLocked && r.Basis != BasisDetected:
		return fmt.Errorf("request %.120s: basis %.20q is not known", r.ID, r.Basis)
	}
	if err := (Order{ID: r.ID, Deposits: r.Deposits}).checkDeposits(); err != nil {
		return err
	}
	if len(r.Deposits) == 0 || len(r.ID) > maxRequestID || r.Number() == 0 {
		return fmt.Errorf("request %.120s: the id does not follow from its deposits", r.ID)
	}
	return nil
}

// Number is the n of the request's RequestID, as Mismatch.Asked counts: 0 if the id is
// not one of its deposits.
func (r RequoteRequest) Number() int {
	if len(r.Deposits) == 0 {
		return 0
	}
	mismatch := r.Deposits[0].ID
	text, ok := strings.CutPrefix(r.ID, strings.TrimSuffix(RequestID(mismatch, 0), "0"))
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || RequestID(mismatch, n) != r.ID {
		return 0
	}
	return n
}

// SetRate is what became of the request for a variable swap's rate, which was made when a
// deposit was detected.
type SetRate struct {
	DepositID string `json:"deposit_id"`
	// Asked counts the rates asked for; the last is RequestID(DepositID, Asked).
	Asked int `json:"asked"`
	// SignedRequote is the rate, which holds for this deposit; "" before it is set. Deposit,
	// Payout and Rate are what it says.
	SignedRequote string       `json:"signed_requote,omitempty"`
	Deposit       asset.Amount `json:"deposit,omitzero"`
	Payout        asset.Amount `json:"payout,omitzero"`
	Rate          string       `json:"rate,omitempty"`
	// Refused is why none was set: it is asked for again when the deposit is confirmed.
	Refused string `json:"refused,omitempty"`
	// Gone: the rate is paid no more, because the deposit left its chain, is late or extra,
	// or was confirmed when the rate was too old, or because the swap expired.
	Gone bool `json:"gone,omitempty"`
}

// Refusals of a price: RequotedFact.Refused.
const (
	// RefusedBeyond: the price is beyond the policy's tolerance, and there is no consent.
	RefusedBeyond = "beyond_tolerance"
	// RefusedBelow: it pays less than the user's consent demands.
	RefusedBelow = "below_consent"
	// RefusedUnavailable: there is no price, too little to pay with, or the amount is
	// outside the limits.
	RefusedUnavailable = "price_unavailable"
)

// RequotedFact is liquidityd's answer to a request.
type RequotedFact struct {
	RequestID string `json:"request_id"`
	// Exactly one of SignedRequote and Refused is set.
	SignedRequote string `json:"signed_requote,omitempty"`
	Refused       string `json:"refused,omitempty"`
	// Offer is what the refused price would have paid, where there was one.
	Offer asset.Amount `json:"offer,omitzero"`
}

// AnsweredFact carries the user's answer to a question. Exactly one is set.
type AnsweredFact struct {
	SignedConsent string `json:"signed_consent,omitempty"`
	// SignedWrongAssetRefund is the yes to the refund of a deposit in another asset.
	SignedWrongAssetRefund string `json:"signed_wrong_asset_refund,omitempty"`
}

// RefundAddressFact carries the refund address that the user set later.
type RefundAddressFact struct {
	SignedRefundAddress string `json:"signed_refund_address"`
}

// StaffAction is what a member of staff wants done.
type StaffAction string

// The staff's actions. All but StaffNote need a second pair of eyes above a limit.
const (
	// StaffRefund refunds what waits for a price or an answer; a deposit in another asset
	// whole, to the refund address, without its owner's yes.
	StaffRefund StaffAction = "refund"
	// StaffRequote asks for a price again for what waits for an answer.
	StaffRequote StaffAction = "requote"
	// StaffRelease ends a hold: the swap goes to where its payments stand.
	StaffRelease StaffAction = "release"
	// StaffRetry orders a failed payment again.
	StaffRetry StaffAction = "retry"
	// StaffWriteOff gives up on what can't be refunded; it stays in the books.
	StaffWriteOff StaffAction = "write_off"
	// StaffNote records a note and changes nothing.
	StaffNote StaffAction = "note"
)

// StaffFact is an action of staff, or the approval of one.
type StaffFact struct {
	// RequestID identifies the action; its approval has the same.
	RequestID string `json:"request_id"`
	Actor     string `json:"actor"`
	// Action is empty in an approval.
	Action StaffAction `json:"action,omitempty"`
	// DepositID narrows it to one mismatch; "" for all of the swap.
	DepositID string `json:"deposit_id,omitempty"`
	// Reason says why, for the record.
	Reason string `json:"reason"`
}

// StaffRequest is an action that waits for a second pair of eyes.
type StaffRequest struct {
	StaffFact
	// By is when it lapses.
	By time.Time `json:"by"`
}
