package liquidity

import (
	"context"
	"errors"

	"ferry/swap"
	"ferry/swap/crash"
)

// Accept ties a quote of ours to a swap, once. Refusals: quote_invalid,
// quote_expired, quote_used.
func (d *Desk) Accept(ctx context.Context, signedQuote, swapID string) error {
	if !swap.ValidID(swap.SwapPrefix, swapID) {
		return swap.Refuse(swap.CodeInvalidBody, fieldSwapID, "", "The swap id is malformed.")
	}
	quote, err := swap.VerifyQuote(signedQuote, d.keys)
	if err != nil {
		// Why a signature failed is nothing the caller could act on.
		return swap.Refuse(swap.CodeQuoteInvalid, fieldSignedQuote, "", "The quote is not one that Ferry signed.")
	}
	bounds, err := d.firm(quote)
	if err != nil {
		return err
	}
	crash.Point("liquidity.accept.before")
	err = d.store.Accept(ctx, quote, signedQuote, swapID, bounds)
	crash.Point("liquidity.accept.after")
	switch {
	case errors.Is(err, ErrLockUnknown):
		return swap.Refuse(swap.CodeQuoteInvalid, fieldSignedQuote, "", "Ferry does not know this quote.")
	case errors.Is(err, ErrLockUsed):
		return swap.Refuse(swap.CodeQuoteUsed, fieldSignedQuote, "", "The quote has been used for another swap.")
	case errors.Is(err, ErrLockLapsed):
		limit := swap.Millis(quote.AcceptBy).Format("2006-01-02T15:04:05.000Z07:00")
		return swap.Refuse(swap.CodeQuoteExpired, fieldSignedQuote, limit, "The quote could be accepted until "+limit+".")
	case errors.Is(err, ErrLockUnfunded):
		return swap.Refuse(swap.CodeInsufficientLiquidity, fieldSignedQuote, "",
			"Others have taken all "+string(quote.Pair.To)+" since this quote was given. Please ask for another.")
	case errors.Is(err, ErrSwapHasQuote):
		return swap.Refuse(swap.CodeQuoteInvalid, fieldSwapID, "", "The swap was made from another quote.")
	}
	return err
}

// firm is what an acceptance must fit into, which matters only where more is promised than
// there is.
func (d *Desk) firm(q swap.Quote) (Bounds, error) {
	b := Bounds{OversubscribePPM: d.config.OversubscribePPM}
	if !b.Oversubscribed() {
		return b, nil
	}
	balance, err := d.funds.payable(q.Pair.To)
	b.Available, b.BalanceAt = balance.Available, balance.At
	return b, err
}
