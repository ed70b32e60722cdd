package gateway

import (
	"context"
	"errors"
	"fmt"

	"ferry/gateway/api"
	"ferry/gateway/stream"
	"ferry/swap"
	"ferry/swap/asset"
)

// updatesShown is how many of the newest updates are shown.
const updatesShown = 100

// GetSwap answers GET /v1/swaps/{id}.
func (g *Gateway) GetSwap(ctx context.Context, req api.GetSwapRequestObject) (api.GetSwapResponseObject, error) {
	terms, record, err := g.verified(ctx, req.Id, updatesShown)
	if err != nil {
		return nil, err
	}
	uri, err := paymentURI(g.config.Networks, terms.Receipt.DepositAddress, toPay(terms, record.Newest))
	if err != nil {
		return nil, err
	}
	out := showSwap(terms, record, uri)
	out.Mismatches = g.showMismatches(terms, record.Newest)
	return api.GetSwap200JSONResponse(out), nil
}

// verified reads a swap with its newest updates. What a database says of its terms is used only if it was
// signed.
func (g *Gateway) verified(ctx context.Context, id string, updates int) (swap.Terms, Record, error) {
	if !swap.ValidID(swap.SwapPrefix, id) {
		return swap.Terms{}, Record{}, noSwap()
	}
	record, err := g.store.Swap(ctx, id, updates)
	if errors.Is(err, ErrNoSwap) {
		return swap.Terms{}, Record{}, noSwap()
	}
	if err != nil {
		return swap.Terms{}, Record{}, err
	}
	terms, err := swap.VerifyTerms(record.SignedQuote, record.SignedReceipt, g.config.QuoteKeys, g.config.AttestKeys)
	if err != nil {
		return swap.Terms{}, Record{}, fmt.Errorf("verify the stored terms of %s: %w", id, err)
	}
	if terms.Receipt.SwapID != id {
		return swap.Terms{}, Record{}, fmt.Errorf("the stored terms of %s are those of %s", id, terms.Receipt.SwapID)
	}
	return terms, record, nil
}

// missing is what is to be sent yet after a part has come; "" where nothing is. An
// update that says something else of the terms says nothing.
func missing(t swap.Terms, u swap.Update) string {
	if a := toPay(t, u); a != t.Quote.Deposit && !t.Quote.Variable {
		return a.Decimal()
	}
	return ""
}

// toPay is what a payment link names: what is missing, or the whole amount; nothing where
// the payer chooses it.
func toPay(t swap.Terms, u swap.Update) asset.Amount {
	if t.Quote.Variable {
		return asset.Amount{Asset: t.Quote.Deposit.Asset}
	}
	if u.Missing.Asset != t.Quote.Deposit.Asset || u.Missing.Units.IsZero() || t.Quote.Deposit.Units.Less(u.Missing.Units) {
		return t.Quote.Deposit
	}
	return u.Missing
}

// refundAddress is where a refund would go, "" while that is open.
func refundAddress(t swap.Terms, u swap.Update) string {
	if t.Receipt.RefundAddress != "" {
		return t.Receipt.RefundAddress
	}
	return u.RefundAddress
}

func noSwap() error { return swap.Refuse(swap.CodeNotFound, "id", "", "There is no such swap.") }

func showSwap(t swap.Terms, rec Record, uri string) api.Swap {
	u := rec.Newest
	out := api.Swap{
		Id: t.Receipt.SwapID, State: api.SwapState(u.State), Version: u.Version, Message: u.Message,
		NextActor: api.NextActor(u.Actor), ActBy: api.OptionalMillis(u.By), Reason: u.Reason, MissingAmount: missing(t, u),
		UpdatedAt:    api.MillisOf(u.At),
		DepositAsset: string(t.Quote.Pair.From), DepositAmount: t.Quote.Deposit.Decimal(),
		DepositAddress: t.Receipt.DepositAddress, PaymentUri: uri,
		PayoutAsset: string(t.Quote.Pair.To), PayoutAmount: t.Quote.Payout.Decimal(),
		PayoutAddress: t.Receipt.PayoutAddress, RefundAddress: refundAddress(t, u), Policy: showPolicy(t.Receipt.Policy),
		Rate: t.Quote.Rate, ServiceFee: t.Quote.ServiceFee.Decimal(), NetworkFee: t.Quote.NetworkFee.Decimal(),
		RefundFeeMax: t.Quote.RefundFeeMax.Decimal(),
		DepositBy:    api.MillisOf(t.Receipt.DepositBy), ConfirmBy: api.MillisOf(t.Receipt.ConfirmBy),
		CreatedAt: api.MillisOf(rec.CreatedAt), SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt,
		Deposits: []api.Deposit{}, Mismatches: []api.Mismatch{}, Payments: []api.Payment{}, Updates: []api.SwapUpdate{},
	}
	out.Variable = t.Quote.Variable
	out.DepositMin, out.DepositMax = showLimits(t.Quote)
	for _, r := range u.Rates {
		if r.SignedRequote != "" {
			out.Rates = append(out.Rates, api.SetRate{DepositId: r.DepositID, DepositAmount: r.Deposit.Decimal(),
				PayoutAmount: r.Payout.Decimal(), Rate: r.Rate, SignedRequote: r.SignedRequote})
		}
	}
	for _, d := range u.Deposits {
		out.Deposits = append(out.Deposits, showDeposit(d))
	}
	for _, p := range u.Payments {
		shown := showPayment(p)
		for _, r := range u.Requotes {
			if r.OrderID == p.OrderID {
				shown.SignedRequote, shown.SignedConsent = r.SignedRequote, r.SignedConsent
			}
		}
		out.Payments = append(out.Payments, shown)
	}
	for _, h := range rec.History {
		out.Updates = append(out.Updates, stream.ShowUpdate(h))
	}
	return out
}

func showDeposit(d swap.Deposit) api.Deposit {
	return api.Deposit{DepositId: d.ID, Txid: d.TxID, Asset: string(d.Amount.Asset), Amount: d.Amount.Decimal(),
		State: string(d.State), Verdict: string(d.Verdict), Confirmations: d.Confirmations, ConfirmationsNeeded: d.Needed,
		Height: d.Height, FirstSeen: api.MillisOf(d.FirstSeen), BlockTime: api.OptionalMillis(d.BlockTime)}
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
