package payment_test

import (
	"context"
	"sync"

	"ferry/hotwallet/payment"
	"ferry/swap"
)

// fakeAttestor vouches for every deposit at its receipt's address, unless it is told
// to refuse.
type fakeAttestor struct {
	w *world

	mu     sync.Mutex
	asked  []payment.AttestRequest
	refuse error
	// only, if not "", is the one order that is refused.
	only string
	// edit, if not nil, changes what is signed.
	edit func(a *swap.DepositAttestation)
}

// refuses has all later requests refused; nil ends it.
func (a *fakeAttestor) refuses(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse, a.only = err, ""
}

// refusesOnly has the requests for one order refused.
func (a *fakeAttestor) refusesOnly(orderID string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse, a.only = err, orderID
}

// calls is how often it was asked.
func (a *fakeAttestor) calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

// AttestDeposit implements payment.Attestor.
func (a *fakeAttestor) AttestDeposit(ctx context.Context, r payment.AttestRequest) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r)
	if a.refuse != nil && (a.only == "" || a.only == r.Order.ID) {
		return "", a.refuse
	}
	terms, err := swap.DecodeTerms(r.Order.SignedQuote, r.Order.SignedReceipt)
	if err != nil {
		return "", err
	}
	d := swap.DepositAttestation{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(r.Order.SignedReceipt),
		Chain: terms.Receipt.DepositChain, DepositID: r.Deposit.ID, Address: terms.Receipt.DepositAddress, Amount: r.Deposit.Amount,
		Height: r.Block.Height, BlockHash: r.Block.Hash, Depth: confirmations, Software: "fake", IssuedAt: swap.Millis(a.w.clock.Now())}
	if a.edit != nil {
		a.edit(&d)
	}
	signed, err := swap.SignDepositAttestation(d, a.w.attest)
	if err != nil {
		return "", err
	}
	return signed, ctx.Err()
}
