package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
	"ferry/swap/verify"
)

// A yes that was signed for more, for another deposit or to somebody else is refused.
func TestWrongAssetRefundsAreVerified(t *testing.T) {
	t.Parallel()
	const deposit, home = "ethereum:0x11:7", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
	terms, keys, now := openTerms(t), swaptest.NewKeys(), swaptest.Start.Add(time.Hour)
	ask := verify.WrongAssetAsk{DepositID: deposit, Deposit: swaptest.Amount(asset.ETH, "0.5"), Fee: swaptest.Amount(asset.ETH, "0.001"), Destination: home}
	for name, row := range map[string]struct {
		garble func(*swap.WrongAssetRefund)
		field  string
	}{
		"honest":          {func(*swap.WrongAssetRefund) {}, ""},
		"a higher fee":    {func(w *swap.WrongAssetRefund) { w.Fee = swaptest.Amount(asset.ETH, "0.1") }, "signed_wrong_asset_refund.fee"},
		"another deposit": {func(w *swap.WrongAssetRefund) { w.DepositID = "ethereum:0x22:7" }, "signed_wrong_asset_refund.deposit_id"},
		"a thief":         {func(w *swap.WrongAssetRefund) { w.Destination = "0x52908400098527886E0F7030069857D2E4169EE7" }, "signed_wrong_asset_refund.destination"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body map[string]string
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body["secret"] != secret || body["answer"] != "refund_wrong_asset" || body["refund_address"] != home {
				t.Errorf("%s: sent %v (%v)", name, body, err)
			}
			yes := swap.WrongAssetRefund{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(terms.SignedReceipt), DepositID: body["deposit_id"],
				Deposit: ask.Deposit, Fee: ask.Fee, Destination: home, IssuedAt: now}
			row.garble(&yes)
			signed, err := swap.SignWrongAssetRefund(yes, keys.Attest)
			if err != nil {
				t.Error(err)
			}
			answer(t, w, 200, `{"signed_wrong_asset_refund":"`+signed+`"}`)
		}))
		t.Cleanup(server.Close)
		c, err := New(Config{URL: server.URL, Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys(),
			Now: func() time.Time { return now }})
		must(t, err)
		yes, err := c.RefundWrongAsset(t.Context(), terms, secret, ask)
		var refused *Refusal
		switch {
		case row.field == "" && (err != nil || yes.Fee != ask.Fee):
			t.Errorf("%s: %+v, %v", name, yes, err)
		case row.field != "" && (!errors.As(err, &refused) || refused.Field != row.field):
			t.Errorf("%s: %v, want a refusal of %s", name, err, row.field)
		}
	}
}
