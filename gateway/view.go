package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// updatesShown is how many of the newest updates are shown.
const updatesShown = 100

// GetSwap answers GET /v1/swaps/{id}.
func (g *Gateway) GetSwap(ctx context.Context, req api.GetSwapRequestObject) (api.GetSwapResponseObject, error) {
	if !swap.ValidID(swap.SwapPrefix, req.Id) {
		return nil, noSwap()
	}
	record, err := g.store.Swap(ctx, req.Id, updatesShown)
	if errors.Is(err, ErrNoSwap) {
		return nil, noSwap()
	}
	if err != nil {
		return nil, err
	}
	// What a database says is shown only if it was signed.
	terms, err := swap.VerifyTerms(record.SignedQuote, record.SignedReceipt, g.config.QuoteKeys, g.config.AttestKeys)
	if err != nil {
		return nil, fmt.Errorf("verify the stored terms of %s: %w", req.Id, err)
	}
	if terms.Receipt.SwapID != req.Id {
		return nil, fmt.Errorf("the stored terms of %s are those of %s", req.Id, terms.Receipt.SwapID)
	}
	uri, err := paymentURI(g.config.Networks, terms.Receipt.DepositAddress, terms.Quote.Deposit)
	if err != nil {
		return nil, err
	}
	return api.GetSwap200JSONResponse(showSwap(terms, record, uri)), nil
}

func noSwap() error { return swap.Refuse(swap.CodeNotFound, "id", "", "There is no such swap.") }

func showSwap(t swap.Terms, rec Record, uri string) api.Swap {
	u := rec.Newest
	out := api.Swap{
		Id: t.Receipt.SwapID, State: api.SwapState(u.State), Version: u.Version, Message: u.Message,
		NextActor: api.NextActor(u.Actor), ActBy: optionalTime(u.By), Reason: u.Reason, UpdatedAt: api.MillisOf(u.At),
		DepositAsset: string(t.Quote.Pair.From), DepositAmount: t.Quote.Deposit.Decimal(),
		DepositAddress: t.Receipt.DepositAddress, PaymentUri: uri,
		PayoutAsset: string(t.Quote.Pair.To), PayoutAmount: t.Quote.Payout.Decimal(),
		PayoutAddress: t.Receipt.PayoutAddress, RefundAddress: t.Receipt.RefundAddress, Policy: showPolicy(t.Receipt.Policy),
		Rate: t.Quote.Rate, ServiceFee: t.Quote.ServiceFee.Decimal(), NetworkFee: t.Quote.NetworkFee.Decimal(),
		RefundFeeMax: t.Quote.RefundFeeMax.Decimal(),
		DepositBy:    api.MillisOf(t.Receipt.DepositBy), ConfirmBy: api.MillisOf(t.Receipt.ConfirmBy),
		CreatedAt: api.MillisOf(rec.CreatedAt), SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt,
		Deposits: []api.Deposit{}, Payments: []api.Payment{}, Updates: []api.SwapUpdate{},
	}
	for _, d := range u.Deposits {
		out.Deposits = append(out.Deposits, showDeposit(d))
	}
	for _, p := range u.Payments {
		out.Payments = append(out.Payments, showPayment(p))
	}
	for _, h := range rec.History {
		out.Updates = append(out.Updates, api.SwapUpdate{Version: h.Version, State: api.SwapState(h.State),
			Cause: string(h.Cause), Message: h.Message, At: api.MillisOf(h.At)})
	}
	return out
}

func showPolicy(p swap.Policy) api.Policy {
	return api.Policy{OnShort: api.PolicyAnswer(p.OnShort), OnOver: api.PolicyAnswer(p.OnOver),
		OnLate: api.PolicyAnswer(p.OnLate), OnExtra: api.PolicyAnswer(p.OnExtra)}
}

func showDeposit(d swap.Deposit) api.Deposit {
	return api.Deposit{DepositId: d.ID, Txid: d.TxID, Asset: string(d.Amount.Asset), Amount: d.Amount.Decimal(),
		State: string(d.State), Verdict: string(d.Verdict), Confirmations: d.Confirmations, ConfirmationsNeeded: d.Needed,
		Height: d.Height, FirstSeen: api.MillisOf(d.FirstSeen), BlockTime: optionalTime(d.BlockTime)}
}

func showPayment(p swap.Payment) api.Payment {
	out := api.Payment{PaymentId: p.OrderID, Purpose: string(p.Purpose), DepositIds: p.Deposits,
		Asset: string(p.Amount.Asset), Amount: p.Amount.Decimal(), Destination: p.Destination,
		State: string(p.State), Txid: p.TxID}
	paid, known := asset.Lookup(p.Amount.Asset)
	if native, ok := paid.Chain.Native(); known && ok && !p.Fee.IsZero() {
		out.Fee, out.FeeAsset = asset.FormatUnits(p.Fee, native.Decimals), string(native.ID)
	}
	return out
}

// optionalTime leaves a zero time zero, so that it is left out.
func optionalTime(t time.Time) api.Millis {
	if t.IsZero() {
		return api.Millis{}
	}
	return api.MillisOf(t)
}
