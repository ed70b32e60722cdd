package swap

import (
	"fmt"
	"strconv"
)

// Answer is what to do with a deposit that does not match the terms.
type Answer string

// The answers.
const (
	// AnswerRefund sends the deposit back, less at most the quote's RefundFeeMax.
	AnswerRefund Answer = "refund"
	// AnswerRequote swaps what came at once while the market is within the policy's
	// tolerance of the locked rate, and asks the user where it is beyond.
	AnswerRequote Answer = "requote"
	// AnswerAsk holds the deposit until the user answers or a deadline passes; then
	// it is refunded.
	AnswerAsk Answer = "ask"
)

// MaxToleranceBPS bounds Policy.ToleranceBPS: 10 %.
const MaxToleranceBPS = 1000

// Policy says, before the deposit, what becomes of one that does not match.
type Policy struct {
	OnShort Answer `json:"on_short"`
	OnOver  Answer `json:"on_over"`
	OnLate  Answer `json:"on_late"`
	OnExtra Answer `json:"on_extra"`
	// ToleranceBPS is how much worse than the locked rate a requote may be without
	// asking, in basis points (hundredths of a percent) of it; 0 to MaxToleranceBPS.
	ToleranceBPS int64 `json:"tolerance_bps"`
}

// DefaultPolicy is for whoever says nothing: the swap goes on where its price is
// still about the one that was locked, and a second deposit goes back.
func DefaultPolicy() Policy {
	return Policy{OnShort: AnswerRequote, OnOver: AnswerRequote, OnLate: AnswerRequote, OnExtra: AnswerRefund, ToleranceBPS: 100}
}

// RefundPolicy refunds whatever does not match.
func RefundPolicy() Policy {
	return Policy{OnShort: AnswerRefund, OnOver: AnswerRefund, OnLate: AnswerRefund, OnExtra: AnswerRefund}
}

// Validate reports an answer that is not offered, or a tolerance out of range.
func (p Policy) Validate() error {
	for _, a := range []struct {
		field  string
		answer Answer
	}{{"on_short", p.OnShort}, {"on_over", p.OnOver}, {"on_late", p.OnLate}, {"on_extra", p.OnExtra}} {
		if a.answer != AnswerRefund && a.answer != AnswerRequote && a.answer != AnswerAsk {
			return Refuse(CodeInvalidPolicy, "policy."+a.field, "requote, refund, ask",
				fmt.Sprintf("The policy %s can be %q, %q or %q.", a.field, AnswerRequote, AnswerRefund, AnswerAsk))
		}
	}
	if p.ToleranceBPS < 0 || p.ToleranceBPS > MaxToleranceBPS {
		return Refuse(CodeInvalidPolicy, "policy.tolerance_bps", strconv.Itoa(MaxToleranceBPS),
			fmt.Sprintf("The tolerance is 0 to %d basis points.", MaxToleranceBPS))
	}
	return nil
}

// For is the answer to a deposit of this verdict: AnswerRefund for a verdict that
// the policy does not name.
func (p Policy) For(v Verdict) Answer {
	switch v {
	case VerdictShort:
		return p.OnShort
	case VerdictOver:
		return p.OnOver
	case VerdictLate:
		return p.OnLate
	case VerdictExtra:
		return p.OnExtra
	default:
		return AnswerRefund
	}
}
