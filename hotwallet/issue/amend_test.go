package issue_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/issue"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// issuedSwap is a swap with a receipt, which leaves the refund address open, and a
// request to amend it that lacks only what is said.
func (w *world) issuedSwap() *ferryv1.AmendRequest {
	w.t.Helper()
	r := w.request()
	r.RefundAddress = ""
	r.Policy = &ferryv1.Policy{OnShort: "requote", OnOver: "ask", OnLate: "ask", OnExtra: "refund", ToleranceBps: 70}
	receipt, signed := w.receipt(r)
	if receipt.RefundAddress != "" || receipt.Policy.ToleranceBPS != 70 {
		w.t.Fatalf("receipt says %q, %+v", receipt.RefundAddress, receipt.Policy)
	}
	return &ferryv1.AmendRequest{SignedQuote: r.GetSignedQuote(), SignedReceipt: signed, Secret: "secret"}
}

func (w *world) amend(r *ferryv1.AmendRequest) (string, error) {
	res, err := w.issuer.Amend(context.Background(), connect.NewRequest(r))
	if err != nil {
		return "", err
	}
	return res.Msg.GetSignedDocument(), nil
}

func wants(answer, atLeast string) *ferryv1.ConsentRequest {
	return &ferryv1.ConsentRequest{DepositId: "bitcoin:" + strings.Repeat("0a", 32) + ":1", Answer: answer, AtLeastUnits: atLeast}
}

func TestAmends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.issuedSwap()
	for _, c := range []*ferryv1.ConsentRequest{wants("requote", "17"), wants("refund", "")} {
		r.Consent = c
		signed, err := w.amend(r)
		w.must(err)
		got, err := swap.VerifyConsent(signed, public(seedKey("attest")))
		if err != nil || string(got.Answer) != c.GetAnswer() || got.DepositID != c.GetDepositId() {
			t.Errorf("consent %+v, %v; asked for %v", got, err, c)
		}
	}
	r.Consent, r.RefundAddress = nil, w.chain.NewAddress()
	signed, err := w.amend(r)
	w.must(err)
	if got, err := swap.VerifyRefundAddress(signed, public(seedKey("attest"))); err != nil || got.RefundAddress != r.GetRefundAddress() {
		t.Errorf("refund address %+v, %v", got, err)
	}
}

// What is not in order never reaches attestd, nor does its secret.
func TestAmendRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.must(w.issuer.Start(t.Context()))
	good, other := w.issuedSwap(), w.issuedSwap()
	unknown := proto.Clone(good).(*ferryv1.AmendRequest)
	foreign := w.request()
	receipt, err := swap.VerifyReceipt(good.GetSignedReceipt(), public(seedKey("attest")))
	w.must(err)
	quote, err := swap.VerifyQuote(foreign.GetSignedQuote(), public(w.quoteKey))
	w.must(err)
	// Attestd's word for a swap that this wallet's database does not know.
	receipt.SwapID, receipt.QuoteID, receipt.QuoteHash = foreign.GetSwapId(), quote.ID, swap.HashDocument(foreign.GetSignedQuote())
	unknown.SignedQuote = foreign.GetSignedQuote()
	unknown.SignedReceipt, err = swap.SignReceipt(receipt, seedKey("attest"))
	w.must(err)
	for name, c := range map[string]struct {
		change func(r *ferryv1.AmendRequest)
		code   swap.Code
		field  string
	}{
		"an unknown swap":  {func(r *ferryv1.AmendRequest) { proto.Reset(r); proto.Merge(r, unknown) }, swap.CodeRefused, "signed_receipt"},
		"another's quote":  {func(r *ferryv1.AmendRequest) { r.SignedQuote = other.GetSignedQuote() }, swap.CodeRefused, "signed_receipt"},
		"a broken receipt": {func(r *ferryv1.AmendRequest) { r.SignedReceipt += "A" }, swap.CodeRefused, "signed_receipt"},
		"no receipt":       {func(r *ferryv1.AmendRequest) { r.SignedReceipt = "" }, swap.CodeRefused, "signed_receipt"},
		"no address":       {func(r *ferryv1.AmendRequest) { r.RefundAddress = "x" }, swap.CodeInvalidAddress, "refund_address"},
		"another network":  {func(r *ferryv1.AmendRequest) { r.RefundAddress = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq" }, swap.CodeWrongNetwork, "refund_address"},
		"one of ours":      {func(r *ferryv1.AmendRequest) { r.RefundAddress = w.anAddress() }, swap.CodeForbiddenAddress, "refund_address"},
	} {
		r := proto.Clone(good).(*ferryv1.AmendRequest)
		r.Consent = wants("refund", "")
		c.change(r)
		_, err := w.amend(r)
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Code != c.code || refusal.Field != c.field {
			t.Errorf("%s: %v, want %s of %s", name, err, c.code, c.field)
		}
	}
	if w.attest.amended != 0 {
		t.Fatalf("attestd signed %d amendments", w.attest.amended)
	}
	good.Consent, good.Secret = wants("refund", ""), "guess"
	if _, err := w.amend(good); swap.ErrorCode(err) != swap.CodeWrongSecret {
		t.Errorf("a wrong secret: %v", err)
	}
}

// The wallet of another chain has nothing to do with it, nor has one whose node says
// that coins sent there are lost.
func TestAmendAsksItsOwnChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.issuedSwap()
	r.RefundAddress = w.chain.NewAddress()
	config := w.config(3)
	config.Destinations = stuck{}
	trap, err := issue.New(config)
	w.must(err)
	if _, err := trap.Amend(t.Context(), connect.NewRequest(r)); swap.ErrorCode(err) != swap.CodeForbiddenAddress {
		t.Errorf("coins would be stuck: %v", err)
	}
	config = w.config(3)
	config.Chain = asset.Ethereum
	elsewhere, err := issue.New(config)
	w.must(err)
	r.Consent, r.RefundAddress = wants("refund", ""), ""
	if _, err := elsewhere.Amend(t.Context(), connect.NewRequest(r)); swap.ErrorCode(err) != swap.CodeRefused {
		t.Errorf("another chain's wallet: %v", err)
	}
	if w.attest.amended != 0 {
		t.Errorf("attestd signed %d amendments", w.attest.amended)
	}
}

// stuck is a chain on which no destination lets coins out again.
type stuck struct{}

func (stuck) CheckDestination(context.Context, string) error { return asset.ErrAddressForbidden }

// A document that is not exactly what was asked for is not answered.
func TestAmendmentsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.issuedSwap()
	hash := strings.Repeat("0a", 32)
	for name, spoil := range map[string]func(c *swap.Consent){
		"swap":    func(c *swap.Consent) { c.SwapID = w.request().GetSwapId() },
		"receipt": func(c *swap.Consent) { c.ReceiptHash = hash },
		"deposit": func(c *swap.Consent) { c.DepositID += "1" },
		"answer":  func(c *swap.Consent) { c.Answer = swap.AnswerRefund },
		"amount":  func(c *swap.Consent) { c.AtLeast.Units = asset.NewUnits(16) },
		"asset":   func(c *swap.Consent) { c.AtLeast.Asset = asset.BTC },
	} {
		w.attest.spoilConsent = spoil
		r.Consent = wants("requote", "17")
		if _, err := w.amend(r); swap.ErrorCode(err) != swap.CodeUnavailable {
			t.Errorf("consent with another %s: %v", name, err)
		}
	}
	r.Consent, r.RefundAddress = nil, w.chain.NewAddress()
	for name, spoil := range map[string]func(a *swap.RefundAddress){
		"swap":    func(a *swap.RefundAddress) { a.SwapID = w.request().GetSwapId() },
		"receipt": func(a *swap.RefundAddress) { a.ReceiptHash = hash },
		"address": func(a *swap.RefundAddress) { a.RefundAddress = w.chain.NewAddress() },
	} {
		w.attest.spoilAddress = spoil
		if _, err := w.amend(r); swap.ErrorCode(err) != swap.CodeUnavailable {
			t.Errorf("refund address with another %s: %v", name, err)
		}
	}
	w.attest.spoilAddress, w.attest.err = nil, errors.New("away")
	if _, err := w.amend(r); swap.ErrorCode(err) != swap.CodeUnavailable {
		t.Errorf("attestd is away: %v", err)
	}
	w.attest.err = nil
	if _, err := w.amend(r); err != nil {
		t.Errorf("back again: %v", err)
	}
}
