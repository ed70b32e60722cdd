package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// request is all that a caller asks, in a form whose encoding is fixed.
type request struct {
	SwapID        string      `json:"swap_id"`
	SignedQuote   string      `json:"signed_quote"`
	PayoutAddress string      `json:"payout_address"`
	RefundAddress string      `json:"refund_address"`
	Policy        swap.Policy `json:"policy"`
	SecretHash    string      `json:"secret_hash"`
	Index         uint32      `json:"index"`
	Address       string      `json:"address"`
	// Token is the caller's, not the request's: it is no part of what is asked.
	Token uint64 `json:"-"`
}

func newRequest(m *ferryv1.AttestRequest) request {
	t := m.GetTerms()
	return request{
		SwapID: t.GetSwapId(), SignedQuote: t.GetSignedQuote(), PayoutAddress: t.GetPayoutAddress(),
		RefundAddress: t.GetRefundAddress(), SecretHash: t.GetSecretHash(), Index: m.GetIndex(), Address: m.GetAddress(), Token: m.GetFencingToken(),
		Policy: swap.Policy{
			OnShort: swap.Answer(t.GetPolicy().GetOnShort()), OnOver: swap.Answer(t.GetPolicy().GetOnOver()),
			OnLate: swap.Answer(t.GetPolicy().GetOnLate()), OnExtra: swap.Answer(t.GetPolicy().GetOnExtra()),
			ToleranceBPS: t.GetPolicy().GetToleranceBps(),
		},
	}
}

// hash identifies the whole request.
func (r request) hash() (string, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encode request: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// attest answers a request: with the stored receipt if exactly this was asked
// before, else by checking all of it and signing.
func (a *Attestor) attest(r request) (string, error) {
	if r.Token == 0 {
		return "", refuse(fieldToken, "1", "The caller holds no lease.")
	}
	hash, err := r.hash()
	if err != nil {
		return "", err
	}
	// A repetition needs no quote that still holds, nor one of today's keys.
	if signed, err := a.store.repeat(r, hash); err != nil || signed != "" {
		return signed, err
	}
	quote, err := a.check(r)
	if err != nil {
		return "", err
	}
	now := swap.Millis(a.now())
	if now.After(quote.AcceptBy.Add(Grace)) {
		return "", swap.Refuse(swap.CodeQuoteExpired, "terms.signed_quote", quote.AcceptBy.UTC().Format(time.RFC3339), "The quote has expired.")
	}
	return a.store.attest(r, hash, quote, func(path string) (string, error) {
		return swap.SignReceipt(receipt(r, quote, path, now), a.key)
	})
}

// check is what can be said of a request without the store or the clock.
func (a *Attestor) check(r request) (swap.Quote, error) {
	if !swap.ValidID(swap.SwapPrefix, r.SwapID) {
		return swap.Quote{}, swap.Refuse(swap.CodeRefused, "terms.swap_id", "", "The swap id is malformed.")
	}
	quote, err := swap.VerifyQuote(r.SignedQuote, a.quoteKeys)
	if err != nil {
		return swap.Quote{}, swap.Refuse(swap.CodeQuoteInvalid, "terms.signed_quote", "", fmt.Sprintf("The quote does not verify: %v.", err))
	}
	if time.Duration(quote.ConfirmWindowSeconds) > maxWindow/time.Second {
		return swap.Quote{}, swap.Refuse(swap.CodeQuoteInvalid, "terms.signed_quote", maxWindow.String(), "The quote's windows are too long.")
	}
	if err := r.Policy.Validate(); err != nil {
		return swap.Quote{}, err
	}
	if raw, err := hex.DecodeString(r.SecretHash); err != nil || len(raw) != sha256.Size || r.SecretHash != strings.ToLower(r.SecretHash) {
		return swap.Quote{}, swap.Refuse(swap.CodeRefused, "terms.secret_hash", "", "The secret's hash is not 64 hexadecimal digits in lower case.")
	}
	if r.Index >= maxIndex {
		return swap.Quote{}, swap.Refuse(swap.CodeRefused, "index", fmt.Sprint(maxIndex-1), "The index is hardened.")
	}
	err = a.checkAddress("terms.payout_address", quote.PayoutChain(), r.PayoutAddress)
	if err == nil && r.RefundAddress != "" { // it may be left open, to be set later with the secret
		err = a.checkAddress("terms.refund_address", quote.DepositChain(), r.RefundAddress)
	}
	return quote, err
}

// checkAddress refuses what the chain can't pay, and what is not in canonical
// form: addresses are compared byte for byte from here on.
func (a *Attestor) checkAddress(field string, chain asset.Chain, address string) error {
	canonical, err := a.networks.ParseAddress(chain, address)
	code := swap.CodeInvalidAddress
	switch {
	case err == nil && canonical == address:
		return nil
	case err == nil:
		return swap.Refuse(code, field, "", "The address is not in canonical form.")
	case errors.Is(err, asset.ErrAddressNetwork):
		code = swap.CodeWrongNetwork
	case errors.Is(err, asset.ErrAddressForbidden):
		code = swap.CodeForbiddenAddress
	}
	return swap.Refuse(code, field, "", fmt.Sprintf("The address can't be paid on %s: %v.", chain, err))
}

// receipt is the document for a checked request; its deadlines run from now.
func receipt(r request, quote swap.Quote, path string, now time.Time) swap.Receipt {
	return swap.Receipt{
		SwapID: r.SwapID, QuoteID: quote.ID, QuoteHash: swap.HashDocument(r.SignedQuote),
		DepositChain: quote.DepositChain(), DepositAsset: quote.Pair.From, DepositAddress: r.Address, DepositPath: path,
		PayoutAddress: r.PayoutAddress, RefundAddress: r.RefundAddress, Policy: r.Policy, SecretHash: r.SecretHash,
		IssuedAt:  now,
		DepositBy: now.Add(time.Duration(quote.DepositWindowSeconds) * time.Second),
		ConfirmBy: now.Add(time.Duration(quote.ConfirmWindowSeconds) * time.Second),
	}
}
