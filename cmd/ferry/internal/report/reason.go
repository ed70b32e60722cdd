package report

import (
	"ferry/statemachine"
	"ferry/swap"
)

// reasons say in words why a swap or a deposit is where it is.
var reasons = map[string]string{
	statemachine.ReasonShort:        "less came than the terms say, and the rest did not come in time",
	statemachine.ReasonOver:         "more came than the terms say",
	statemachine.ReasonLate:         "it came after a deadline",
	"deposit_extra":                 "it came after the swap was decided",
	statemachine.ReasonPayoutFailed: "the payout's transaction paid nobody",
	statemachine.ReasonRefundFailed: "the refund's transaction paid nobody",
	statemachine.ReasonReorged:      "the chain took the deposit back after it was paid for",
	statemachine.ReasonNoAddress:    "it is to be refunded, and the user left the refund address open",
	statemachine.ReasonWrittenOff:   "nobody said where to refund it, and staff gave up; it stays in the books",
	statemachine.ReasonSmallExcess:  "the policy refunds, and a refund would eat what is too much",
	statemachine.ReasonAsk:          "the policy is to ask",
	swap.RefusedBeyond:              "today's price is beyond the policy's tolerance",
	swap.RefusedBelow:               "today's price pays less than the user accepted",
	swap.RefusedUnavailable:         "there was no price, or nothing to pay it with",
}

// because is a reason with its words, where there are any.
func because(reason string) string {
	if words := reasons[reason]; words != "" {
		return reason + ": " + words
	}
	return reason
}
