package client

import (
	"context"
	"net/http"
	"net/url"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/verify"
)

// AnswerRequest answers the question that is asked about a deposit.
type AnswerRequest struct {
	// Secret is the swap's; do not log it.
	Secret string `json:"secret"`
	// DepositID names the matter: Mismatch.ID.
	DepositID string      `json:"deposit_id"`
	Answer    swap.Answer `json:"answer"`
	// AtLeast is the least payout with AnswerRequote, in coins; empty otherwise.
	AtLeast string `json:"at_least,omitempty"`
}

// Answer answers a question about a swap of verified terms and returns the answer as
// it was signed, verified. The same may be answered again, and is, a few times, while
// the service cannot be reached.
func (c *Client) Answer(ctx context.Context, t swap.Terms, ask AnswerRequest) (swap.Consent, error) {
	want := verify.ConsentAsk{DepositID: ask.DepositID, Answer: ask.Answer}
	if ask.Answer == swap.AnswerRequote {
		var err error
		if want.AtLeast, err = asset.ParseDecimal(t.Quote.Pair.To, ask.AtLeast); err != nil {
			return swap.Consent{}, verify.Refuse("at_least", err)
		}
	}
	var answer struct {
		SignedConsent string `json:"signed_consent"`
	}
	if err := c.amend(ctx, t, "answer", ask, &answer); err != nil {
		return swap.Consent{}, err
	}
	return c.verifier().Consent(t, answer.SignedConsent, want)
}

// SetRefundAddress sets the refund address of a swap of verified terms that left it
// open, and returns it as it was signed, verified. It repeats as Answer does.
func (c *Client) SetRefundAddress(ctx context.Context, t swap.Terms, secret, address string) (swap.RefundAddress, error) {
	ask := struct {
		Secret        string `json:"secret"`
		RefundAddress string `json:"refund_address"`
	}{secret, address}
	var answer struct {
		SignedRefundAddress string `json:"signed_refund_address"`
	}
	if err := c.amend(ctx, t, "refund-address", ask, &answer); err != nil {
		return swap.RefundAddress{}, err
	}
	return c.verifier().RefundAddress(t, answer.SignedRefundAddress, address)
}

// RefundWrongAsset says yes to the refund of a deposit in another asset than the swap's,
// of exactly this deposit at this fee, to an address on the deposit's chain. It
// returns the yes as it was signed, verified, and repeats as Answer does.
// Where the swap has a refund address on that chain, ask.Destination must be it.
func (c *Client) RefundWrongAsset(ctx context.Context, t swap.Terms, secret string, ask verify.WrongAssetAsk) (swap.WrongAssetRefund, error) {
	body := struct {
		Secret        string `json:"secret"`
		DepositID     string `json:"deposit_id"`
		Answer        string `json:"answer"`
		RefundAddress string `json:"refund_address,omitempty"`
	}{Secret: secret, DepositID: ask.DepositID, Answer: "refund_wrong_asset"}
	if ask.Destination != t.Receipt.RefundAddress { // on another chain than the deposit's should have been
		body.RefundAddress = ask.Destination
	}
	var answer struct {
		Signed string `json:"signed_wrong_asset_refund"`
	}
	if err := c.amend(ctx, t, "answer", body, &answer); err != nil {
		return swap.WrongAssetRefund{}, err
	}
	return c.verifier().WrongAssetRefund(t, answer.Signed, ask)
}

func (c *Client) amend(ctx context.Context, t swap.Terms, what string, ask, answer any) error {
	path := "/v1/swaps/" + url.PathEscape(t.Receipt.SwapID) + "/" + what
	return c.repeat(ctx, func() error { return c.call(ctx, http.MethodPost, path, "", ask, answer) })
}
