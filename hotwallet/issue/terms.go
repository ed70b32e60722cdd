package issue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// terms is a request that was checked.
type terms struct {
	request *ferryv1.IssueRequest
	quote   swap.Quote
	policy  swap.Policy
	hash    string
}

// parse checks all of a request that can be checked without attestd.
func (i *Issuer) parse(ctx context.Context, r *ferryv1.IssueRequest) (terms, error) {
	t := terms{request: r, hash: hashTerms(r)}
	if !swap.ValidID(swap.SwapPrefix, r.GetSwapId()) {
		return t, swap.Refuse(swap.CodeInvalidBody, "swap_id", "", "The swap id is malformed.")
	}
	var err error
	if t.quote, err = swap.VerifyQuote(r.GetSignedQuote(), i.config.QuoteKeys); err != nil {
		return t, swap.Refuse(swap.CodeQuoteInvalid, "quote", "", "The quote does not verify.")
	}
	if t.quote.DepositChain() != i.config.Chain {
		return t, swap.Refuse(swap.CodeQuoteInvalid, "quote", string(i.config.Chain),
			fmt.Sprintf("The quote's deposits are not on %s.", i.config.Chain))
	}
	if err := i.address(ctx, "payout_address", t.quote.PayoutChain(), r.GetPayoutAddress()); err != nil {
		return t, err
	}
	if r.GetRefundAddress() != "" { // it may be left open, to be set later with the secret
		if err := i.address(ctx, "refund_address", i.config.Chain, r.GetRefundAddress()); err != nil {
			return t, err
		}
	}
	p := r.GetPolicy()
	t.policy = swap.Policy{OnShort: swap.Answer(p.GetOnShort()), OnOver: swap.Answer(p.GetOnOver()),
		OnLate: swap.Answer(p.GetOnLate()), OnExtra: swap.Answer(p.GetOnExtra()), ToleranceBPS: p.GetToleranceBps()}
	if err := t.policy.Validate(); err != nil {
		return t, err
	}
	raw, err := hex.DecodeString(r.GetSecretHash())
	if err != nil || len(raw) != sha256.Size || strings.ToLower(r.GetSecretHash()) != r.GetSecretHash() {
		return t, swap.Refuse(swap.CodeInvalidBody, "secret_hash", "", "The secret's hash is not 64 hexadecimal digits in lower case.")
	}
	return t, nil
}

// address refuses one that is not canonical, or is ours: paying ourselves for a
// swap would look like a deposit.
func (i *Issuer) address(ctx context.Context, field string, c asset.Chain, s string) error {
	canonical, err := i.config.Networks.ParseAddress(c, s)
	switch {
	case errors.Is(err, asset.ErrAddressForbidden):
		return swap.Refuse(swap.CodeForbiddenAddress, field, "", "Coins sent to this address would be lost.")
	case errors.Is(err, asset.ErrAddressNetwork):
		return swap.Refuse(swap.CodeWrongNetwork, field, "", "The address belongs to another network.")
	case err != nil:
		return swap.Refuse(swap.CodeInvalidAddress, field, "", fmt.Sprintf("This is no address on %s.", c))
	case canonical != s:
		return swap.Refuse(swap.CodeInvalidAddress, field, "", "The address is not in canonical form.")
	}
	own, err := i.config.Store.OwnAddress(ctx, canonical)
	if err != nil {
		return err
	}
	if own {
		return swap.Refuse(swap.CodeForbiddenAddress, field, "", "This address is Ferry's own.")
	}
	return nil
}

// hashTerms is the SHA-256 over every field of a request, each with its length.
func hashTerms(r *ferryv1.IssueRequest) string {
	h := sha256.New()
	p := r.GetPolicy()
	for _, field := range []string{r.GetSwapId(), r.GetSignedQuote(), r.GetPayoutAddress(), r.GetRefundAddress(),
		p.GetOnShort(), p.GetOnOver(), p.GetOnLate(), p.GetOnExtra(), strconv.FormatInt(p.GetToleranceBps(), 10), r.GetSecretHash()} {
		fmt.Fprintf(h, "%d:%s", len(field), field) // hash.Hash never returns an error
	}
	return hex.EncodeToString(h.Sum(nil))
}

// check verifies that a receipt says exactly these terms and this address.
func (i *Issuer) check(t terms, a Address, signed string) error {
	r, err := swap.VerifyReceipt(signed, i.config.AttestKeys)
	if err != nil {
		return err
	}
	want := swap.Receipt{
		SwapID: t.request.GetSwapId(), QuoteID: t.quote.ID, QuoteHash: swap.HashDocument(t.request.GetSignedQuote()),
		DepositChain: i.config.Chain, DepositAsset: t.quote.Pair.From, DepositAddress: a.Address, DepositPath: a.Path,
		PayoutAddress: t.request.GetPayoutAddress(), RefundAddress: t.request.GetRefundAddress(),
		Policy: t.policy, SecretHash: t.request.GetSecretHash(),
		// The times are attestd's own.
		IssuedAt: r.IssuedAt, DepositBy: r.DepositBy, ConfirmBy: r.ConfirmBy,
	}
	if r != want {
		return fmt.Errorf("receipt of %s is not for the terms and address asked for: %w", r.SwapID, swap.ErrSignature)
	}
	return nil
}
