package issue_test

import (
	"errors"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"ferry/hotwallet/issue"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// ether is an owner's yes to the refund of ether that came for a swap of this chain's
// coin.
func ether() *ferryv1.WrongAssetRequest {
	return &ferryv1.WrongAssetRequest{DepositId: "ethereum:0x" + strings.Repeat("0a", 32) + ":1", Asset: "ETH", Units: "300", FeeUnits: "17",
		Destination: swaptest.EthereumAddress}
}

func TestAmendsWrongAssets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.must(w.issuer.Start(t.Context()))
	r := w.issuedSwap()
	r.WrongAsset = ether()
	signed, err := w.amend(r)
	w.must(err)
	got, err := swap.VerifyWrongAssetRefund(signed, public(seedKey("attest")))
	if err != nil || got.Destination != swaptest.EthereumAddress || got.Fee.Units != asset.NewUnits(17) {
		t.Errorf("document %+v, %v", got, err)
	}
	for name, spoil := range map[string]func(y *swap.WrongAssetRefund){
		"swap":        func(y *swap.WrongAssetRefund) { y.SwapID = w.request().GetSwapId() },
		"receipt":     func(y *swap.WrongAssetRefund) { y.ReceiptHash = strings.Repeat("0a", 32) },
		"deposit":     func(y *swap.WrongAssetRefund) { y.DepositID += "1" },
		"amount":      func(y *swap.WrongAssetRefund) { y.Deposit.Units = asset.NewUnits(301) },
		"fee":         func(y *swap.WrongAssetRefund) { y.Fee.Units = asset.NewUnits(18) },
		"destination": func(y *swap.WrongAssetRefund) { y.Destination = "0x52908400098527886E0F7030069857D2E4169EE7" },
	} {
		w.attest.spoilYes = spoil
		if _, err := w.amend(r); swap.ErrorCode(err) != swap.CodeUnavailable {
			t.Errorf("a yes with another %s: %v", name, err)
		}
	}
}

// What is not in order never reaches attestd.
func TestAmendRefusesWrongAssets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.must(w.issuer.Start(t.Context()))
	good := w.issuedSwap()
	const field = "wrong_asset.destination"
	for name, c := range map[string]struct {
		change func(r *ferryv1.WrongAssetRequest)
		code   swap.Code
		field  string
	}{
		"the swap's own asset": {func(r *ferryv1.WrongAssetRequest) { r.Asset = "BTC" }, swap.CodeRefused, "wrong_asset.asset"},
		"an unknown asset":     {func(r *ferryv1.WrongAssetRequest) { r.Asset = "DOGE" }, swap.CodeRefused, "wrong_asset.asset"},
		"no address":           {func(r *ferryv1.WrongAssetRequest) { r.Destination = "x" }, swap.CodeInvalidAddress, field},
		"the other chain's":    {func(r *ferryv1.WrongAssetRequest) { r.Destination = w.chain.NewAddress() }, swap.CodeInvalidAddress, field},
		"the zero address":     {func(r *ferryv1.WrongAssetRequest) { r.Destination = "0x0000000000000000000000000000000000000000" }, swap.CodeForbiddenAddress, field},
	} {
		r := proto.Clone(good).(*ferryv1.AmendRequest)
		r.WrongAsset = ether()
		c.change(r.GetWrongAsset())
		_, err := w.amend(r)
		var refusal *swap.Error
		if !errors.As(err, &refusal) || refusal.Code != c.code || refusal.Field != c.field {
			t.Errorf("%s: %v, want %s of %s", name, err, c.code, c.field)
		}
	}
	// On another chain this chain's node is not asked.
	config := w.config(3)
	config.Destinations = stuck{}
	trap, err := issue.New(config)
	w.must(err)
	good.WrongAsset = ether()
	if _, err := trap.Amend(t.Context(), connect.NewRequest(good)); err != nil {
		t.Errorf("the sibling's address was asked of this chain's node: %v", err)
	}
	if w.attest.amended != 1 {
		t.Errorf("attestd signed %d amendments", w.attest.amended)
	}
}
