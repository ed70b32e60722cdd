package payment

import (
	"ferry/hotwallet/chain"
	"ferry/swap"
)

// Signing is how a request to the signer ended.
type Signing string

// The ends of a request to the signer. Unanswered leaves open whether it signed.
const (
	Signed     Signing = "signed"
	Refused    Signing = "refused"
	Unanswered Signing = "unanswered"
)

// Observer hears what signer and node answered. A function that is nil hears
// nothing; none may block.
type Observer struct {
	Signing   func(end Signing)
	Broadcast func(answer chain.Acceptance)
	// Replaced hears of each attempt that is planned after an earlier one.
	Replaced func(purpose swap.Purpose)
}

func (o Observer) replaced(purpose swap.Purpose) {
	if o.Replaced != nil {
		o.Replaced(purpose)
	}
}

func (o Observer) signing(end Signing) {
	if o.Signing != nil {
		o.Signing(end)
	}
}

func (o Observer) broadcast(answer chain.Acceptance) {
	if o.Broadcast != nil {
		o.Broadcast(answer)
	}
}
