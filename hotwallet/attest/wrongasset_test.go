package attest

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/keys"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

const (
	ethereumUser  = "0x52908400098527886E0F7030069857D2E4169EE7"
	wrongDeposit  = "ethereum:0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a:3"
	wrongUnits    = "25000000"
	wrongFeeUnits = "400000"
)

// wrongly is a request about USDC that came for a swap of ETH.
func (d *desk) wrongly(t swaptest.Reporter, index uint32, refund, destination string) *ferryv1.AmendRequest {
	t.Helper()
	req := d.request(t, asset.ETH, asset.BTC, index)
	req.Terms.SecretHash, req.Terms.RefundAddress = swap.HashDocument(testSecret), refund
	return &ferryv1.AmendRequest{SignedQuote: req.GetTerms().GetSignedQuote(), SignedReceipt: d.mustAttest(t, req), Secret: testSecret,
		WrongAsset: &ferryv1.WrongAssetRequest{DepositId: wrongDeposit, Asset: "USDC", Units: wrongUnits, FeeUnits: wrongFeeUnits, Destination: destination}}
}

func TestWrongAssetSaysWhatTheOwnerSaid(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	for i, refund := range []string{ethereumUser, ""} {
		req := d.wrongly(t, uint32(i), refund, ethereumUser)
		signed, err := d.amend(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := swap.VerifyWrongAssetRefund(signed, d.attestKeys())
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := swap.VerifyReceipt(req.GetSignedReceipt(), d.attestKeys())
		if err != nil {
			t.Fatal(err)
		}
		want := swap.WrongAssetRefund{SwapID: receipt.SwapID, ReceiptHash: swap.HashDocument(req.GetSignedReceipt()), DepositID: wrongDeposit,
			Deposit: swaptest.Amount(asset.USDC, "25"), Fee: swaptest.Amount(asset.USDC, "0.4"), Destination: ethereumUser, IssuedAt: swap.Millis(d.now)}
		if got != want {
			t.Errorf("document is\n%+v, want\n%+v", got, want)
		}
	}
}

// Each case breaks one rule; nothing is signed.
func TestWrongAssetRefused(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	closed, open := d.wrongly(t, 0, ethereumUser, ethereumUser), d.wrongly(t, 1, "", ethereumUser)
	set := proto.Clone(open).(*ferryv1.AmendRequest)
	set.WrongAsset, set.RefundAddress = nil, swaptest.EthereumAddress
	if _, err := d.amend(set); err != nil {
		t.Fatal(err)
	}
	type change = func(r *ferryv1.WrongAssetRequest)
	for name, c := range map[string]struct {
		request         *ferryv1.AmendRequest
		change          change
		code            swap.Code
		field, sentence string
	}{
		"where another was set later": {open, func(*ferryv1.WrongAssetRequest) {}, swap.CodeRefundAddressSet, fieldWrongDestination, "it stays"},
		"beside the receipt's":        {closed, func(r *ferryv1.WrongAssetRequest) { r.Destination = swaptest.EthereumAddress }, swap.CodeRefundAddressSet, fieldWrongDestination, "it stays"},
		"no address":                  {closed, func(r *ferryv1.WrongAssetRequest) { r.Destination = "x" }, swap.CodeInvalidAddress, fieldWrongDestination, "can't be paid"},
		"not canonical":               {closed, func(r *ferryv1.WrongAssetRequest) { r.Destination = strings.ToLower(ethereumUser) }, swap.CodeInvalidAddress, fieldWrongDestination, "canonical"},
		"the other chain's":           {closed, func(r *ferryv1.WrongAssetRequest) { r.Destination = d.userBitcoin }, swap.CodeInvalidAddress, fieldWrongDestination, "ethereum"},
		"one of ours": {closed, func(r *ferryv1.WrongAssetRequest) {
			r.Destination = d.own(t, asset.Ethereum, keys.Deposit, keys.External, 0)
		}, swap.CodeForbiddenAddress, fieldWrongDestination, "our own"},
		"an unknown asset":   {closed, func(r *ferryv1.WrongAssetRequest) { r.Asset = "DOGE" }, swap.CodeRefused, "wrong_asset.asset", "not known"},
		"a chain not run":    {closed, func(r *ferryv1.WrongAssetRequest) { r.Asset = "LTC" }, swap.CodeRefused, "wrong_asset.asset", "not known"},
		"the swap's asset":   {closed, func(r *ferryv1.WrongAssetRequest) { r.Asset = "ETH" }, swap.CodeRefused, "wrong_asset", "as the terms say"},
		"a deposit of BTC's": {closed, func(r *ferryv1.WrongAssetRequest) { r.DepositId = "bitcoin:0a:1" }, swap.CodeRefused, "wrong_asset", "not on ethereum"},
		"a fee of it all":    {closed, func(r *ferryv1.WrongAssetRequest) { r.FeeUnits = wrongUnits }, swap.CodeRefused, "wrong_asset", "leaves nothing"},
		"no amount":          {closed, func(r *ferryv1.WrongAssetRequest) { r.Units = "0.5" }, swap.CodeRefused, fieldWrongAmount, "no count"},
		"no fee":             {closed, func(r *ferryv1.WrongAssetRequest) { r.FeeUnits = "" }, swap.CodeRefused, fieldWrongAmount, "no count"},
	} {
		t.Run(name, func(t *testing.T) {
			req := proto.Clone(c.request).(*ferryv1.AmendRequest)
			c.change(req.GetWrongAsset())
			signed, err := d.amend(req)
			if signed != "" {
				t.Error("a document was signed")
			}
			swaptest.WantRefusal(t, err, c.code, c.field, c.sentence)
		})
	}
	req := proto.Clone(closed).(*ferryv1.AmendRequest)
	req.Secret = "guess"
	_, err := d.amend(req)
	swaptest.WantRefusal(t, err, swap.CodeWrongSecret, "secret", "")
	req.Secret, req.Consent = testSecret, answering("refund", "")
	_, err = d.amend(req)
	swaptest.WantRefusal(t, err, swap.CodeRefused, "", "Exactly one")
}
