package gateway

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// CreateQuote answers POST /v1/quotes.
func (g *Gateway) CreateQuote(ctx context.Context, req api.CreateQuoteRequestObject) (api.CreateQuoteResponseObject, error) {
	lock, err := readLock(*req.Body)
	if err != nil {
		return nil, err
	}
	policy, err := readPolicy(req.Body.Policy)
	if err != nil {
		return nil, err
	}
	lock.Client = client(ctx)
	signed, err := g.calls.Liquidity.Lock(ctx, lock)
	if err != nil {
		return nil, err
	}
	q, err := swap.VerifyQuote(signed, g.config.QuoteKeys)
	if err != nil {
		return nil, fmt.Errorf("verify liquidityd's quote: %w", err)
	}
	if err := g.checkQuote(q, lock); err != nil {
		return nil, err
	}
	return api.CreateQuote201JSONResponse(showQuote(q, signed, policy)), nil
}

// readLock checks the fields of a request for a quote.
func readLock(b api.QuoteRequest) (LockRequest, error) {
	var lock LockRequest
	for _, side := range []struct {
		field, text string
		id          *asset.ID
	}{{"from", b.From, &lock.Pair.From}, {"to", b.To, &lock.Pair.To}} {
		a, known := asset.Lookup(asset.ID(side.text))
		if !known {
			return lock, swap.Refuse(swap.CodeUnknownPair, side.field, "", "This asset is not swapped; GET /v1/assets lists those that are.")
		}
		*side.id = a.ID
	}
	if lock.Pair.From == lock.Pair.To {
		return lock, swap.Refuse(swap.CodeUnknownPair, "to", "", "The two assets must differ.")
	}
	if lock.Variable = b.Variable; lock.Variable && b.DepositAmount+b.PayoutAmount == "" {
		return lock, nil
	}
	if (b.DepositAmount == "") == (b.PayoutAmount == "") {
		return lock, swap.Refuse(swap.CodeInvalidAmount, "deposit_amount", "exactly one of deposit_amount, payout_amount",
			"Give either deposit_amount or payout_amount.")
	}
	var err error
	if b.DepositAmount != "" {
		lock.Deposit, err = readAmount("deposit_amount", lock.Pair.From, b.DepositAmount)
	} else {
		lock.Payout, err = readAmount("payout_amount", lock.Pair.To, b.PayoutAmount)
	}
	return lock, err
}

var maxUnits = asset.MustUnits("115792089237316195423570985008687907853269984665640564039457584007913129639935")

func readAmount(field string, id asset.ID, text string) (asset.Amount, error) {
	amount, err := asset.ParseDecimal(id, text)
	decimals := asset.MustLookup(id).Decimals
	switch {
	case errors.Is(err, asset.ErrPlaces):
		return amount, swap.Refuse(swap.CodeTooManyPlaces, field, strconv.Itoa(decimals),
			fmt.Sprintf("%s has at most %d decimal places.", id, decimals))
	case errors.Is(err, asset.ErrRange):
		return amount, swap.Refuse(swap.CodeAmountTooLarge, field, asset.FormatUnits(maxUnits, decimals), "The amount is too large for any chain.")
	case err != nil:
		return amount, swap.Refuse(swap.CodeInvalidAmount, field, "digits and at most one point",
			`The amount must be a plain decimal in coins, such as "0.015".`)
	case amount.Units.IsZero():
		return amount, swap.Refuse(swap.CodeInvalidAmount, field, "more than 0", "The amount must be more than zero.")
	}
	return amount, nil
}

// checkQuote makes sure that what was signed is what was asked for.
func (g *Gateway) checkQuote(q swap.Quote, asked LockRequest) error {
	switch {
	case q.Pair != asked.Pair, q.Variable != asked.Variable,
		!asked.Deposit.Units.IsZero() && q.Deposit != asked.Deposit,
		!asked.Payout.Units.IsZero() && q.Payout != asked.Payout:
		return fmt.Errorf("liquidityd's quote %s is not what was asked for", q.ID)
	case !q.AcceptBy.After(g.config.Now()):
		return fmt.Errorf("liquidityd's quote %s has lapsed already", q.ID)
	}
	return nil
}

func showQuote(q swap.Quote, signed string, p swap.Policy) api.Quote {
	shown := api.Quote{
		QuoteId: q.ID, From: string(q.Pair.From), To: string(q.Pair.To),
		DepositAmount: q.Deposit.Decimal(), PayoutAmount: q.Payout.Decimal(), Rate: q.Rate,
		ServiceFee: q.ServiceFee.Decimal(), NetworkFee: q.NetworkFee.Decimal(), RefundFeeMax: q.RefundFeeMax.Decimal(),
		IssuedAt: api.MillisOf(q.IssuedAt), AcceptBy: api.MillisOf(q.AcceptBy),
		DepositWindowSeconds: q.DepositWindowSeconds, ConfirmWindowSeconds: q.ConfirmWindowSeconds,
		Policy: showPolicy(p), SignedQuote: signed, Variable: q.Variable,
	}
	shown.DepositMin, shown.DepositMax = showLimits(q)
	return shown
}

// showLimits are a variable quote's, "" where a price is locked.
func showLimits(q swap.Quote) (least, most string) {
	if !q.Variable {
		return "", ""
	}
	return q.DepositMin.Decimal(), q.DepositMax.Decimal()
}
