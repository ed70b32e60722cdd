package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/crash"
	"ferry/swap/verify"
)

// owned is a swap as whoever knows its secret has it.
type owned struct {
	terms  swap.Terms
	newest swap.Update
	secret string
}

// owned reads a swap for its owner. The secret's hash is in the signed receipt, so
// that no database has a say in whose swap it is; attestd asks the same again.
func (g *Gateway) owned(ctx context.Context, id, secret string) (owned, error) {
	terms, record, err := g.verified(ctx, id, 0)
	if err != nil {
		return owned{}, err
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(strings.ToLower(terms.Receipt.SecretHash))) != 1 {
		return owned{}, swap.Refuse(swap.CodeWrongSecret, "secret", "", "This is not the secret of this swap.")
	}
	return owned{terms: terms, newest: record.Newest, secret: secret}, nil
}

// amendment is the user's word on its way: what it is, how to have it signed and how
// to verify what was signed.
type amendment struct {
	kind swap.FactKind
	// parts tell one request from others; the secret is not among them.
	parts   []string
	version int64
	ask     AmendRequest
	verify  func(document string) error
	fact    func(document string) swap.Fact
}

func (a amendment) request() Hash { return sha256.Sum256([]byte(strings.Join(a.parts, "\n"))) }

// told is the verified document of the same request if it was told before, at a
// version of the swap not below `since`.
func (g *Gateway) told(ctx context.Context, o owned, a amendment, since int64) (string, bool, error) {
	document, found, err := g.store.Amended(ctx, o.terms.Receipt.SwapID, a.request(), since)
	if err != nil || !found {
		return "", false, err
	}
	if err := a.verify(document); err != nil {
		return "", false, fmt.Errorf("verify the stored amendment of %s: %w", o.terms.Receipt.SwapID, err)
	}
	return document, true, nil
}

// amend has the user's word signed, verifies what was signed, and stores it with its
// fact in one transaction. Whatever dies in between, the same request does it again:
// attestd gives a document that says the same, and a fact that was told twice is one
// to the state machine. It goes on when the client hangs up.
func (g *Gateway) amend(ctx context.Context, o owned, a amendment) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), amendTimeout+storeTimeout)
	defer cancel()
	id := o.terms.Receipt.SwapID
	a.ask.SignedQuote, a.ask.SignedReceipt, a.ask.Secret = o.terms.SignedQuote, o.terms.SignedReceipt, o.secret
	crash.Point("gateway.amend.before")
	document, err := g.calls.Wallets[o.terms.Quote.DepositChain()].Amend(ctx, a.ask)
	if err != nil {
		return "", err
	}
	crash.Point("gateway.amend.after")
	if err := a.verify(document); err != nil {
		return "", fmt.Errorf("amendment of %s: %w", id, err)
	}
	now := swap.Millis(g.config.Now())
	fact := a.fact(document)
	fact.Kind, fact.SwapID, fact.At = a.kind, id, now
	message, err := bus.FactMessage(fact)
	if err != nil {
		return "", fmt.Errorf("tell of %s: %w", id, err)
	}
	err = g.store.Amend(ctx, Amendment{SwapID: id, Kind: a.kind, Request: a.request(), Version: a.version, Document: document, Fact: message, At: now})
	if errors.Is(err, ErrTooMany) {
		return "", swap.Refuse(swap.CodeTooManyRequests, "", strconv.Itoa(MaxAmendments), "You have said too much about this swap already.")
	}
	if err != nil {
		return "", err
	}
	crash.Point("gateway.told.after")
	g.config.Log.InfoContext(ctx, "swap amended", "request_id", requestID(ctx), "swap", id, "fact", string(a.kind))
	return document, nil
}

// verifier is what a client has, with the keys pinned here.
func (g *Gateway) verifier() verify.Verifier {
	return verify.Verifier{Networks: g.config.Networks, QuoteKeys: g.config.QuoteKeys, AttestKeys: g.config.AttestKeys, Now: g.config.Now}
}

// fieldRefundAddress is the field of a request that names where a refund goes.
const fieldRefundAddress = "refund_address"

// SetRefundAddress answers POST /v1/swaps/{id}/refund-address.
func (g *Gateway) SetRefundAddress(ctx context.Context, req api.SetRefundAddressRequestObject) (api.SetRefundAddressResponseObject, error) {
	o, err := g.owned(ctx, req.Id, req.Body.Secret)
	if err != nil {
		return nil, err
	}
	chain := o.terms.Quote.DepositChain()
	address, err := g.readAddress(fieldRefundAddress, chain, req.Body.RefundAddress)
	if err != nil {
		return nil, err
	}
	a := amendment{kind: swap.FactRefundAddressSet, parts: []string{"refund_address", address}, ask: AmendRequest{RefundAddress: address},
		verify: func(document string) error {
			_, err := g.verifier().RefundAddress(o.terms, document, address)
			return err
		},
		fact: func(document string) swap.Fact {
			return swap.Fact{Refund: &swap.RefundAddressFact{SignedRefundAddress: document}}
		}}
	document, found, err := g.told(ctx, o, a, 0)
	if err != nil {
		return nil, err
	}
	if !found {
		if err := g.settable(ctx, o, address); err != nil {
			return nil, err
		}
		if document, err = g.amend(ctx, o, a); err != nil {
			return nil, err
		}
	}
	return api.SetRefundAddress200JSONResponse{Id: req.Id, RefundAddress: address, SignedRefundAddress: document}, nil
}

// settable refuses an address where there is one, and one that must not be paid.
func (g *Gateway) settable(ctx context.Context, o owned, address string) error {
	if o.terms.Receipt.RefundAddress != "" || o.newest.RefundAddress != "" && o.newest.RefundAddress != address {
		return refundAddressSet()
	}
	if address == o.terms.Receipt.DepositAddress {
		return swap.Refuse(swap.CodeForbiddenAddress, fieldRefundAddress, "", "This is the swap's own deposit address.")
	}
	return g.checkDestination(ctx, fieldRefundAddress, o.terms.Quote.DepositChain(), address)
}

func refundAddressSet() error {
	return swap.Refuse(swap.CodeRefundAddressSet, fieldRefundAddress, "", "This swap has a refund address, and it stays.")
}
