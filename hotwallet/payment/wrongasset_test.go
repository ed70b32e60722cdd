package payment_test

import (
	"strings"
	"testing"

	"ferry/hotwallet/payment"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// wrongAsset is an order that refunds USDC which came for a swap of ETH, with the
// owner's yes.
func (w *world) wrongAsset() swap.Order {
	w.t.Helper()
	w.edit = func(r *swap.Receipt) { r.RefundAddress = swaptest.EthereumAddress }
	defer func() { w.edit = nil }()
	o := w.refund(w.some(50))
	o.Deposits[0].Amount = swaptest.Amount(asset.USDC, "25")
	o.Amount, o.Destination = swaptest.Amount(asset.USDC, "24.6"), swaptest.EthereumAddress
	o.SignedWrongAssetRefund = w.yes(o, nil)
	return o
}

func (w *world) yes(o swap.Order, edit func(yes *swap.WrongAssetRefund)) string {
	w.t.Helper()
	yes := swap.WrongAssetRefund{SwapID: o.SwapID, ReceiptHash: swap.HashDocument(o.SignedReceipt), DepositID: o.Deposits[0].ID,
		Deposit: o.Deposits[0].Amount, Fee: swaptest.Amount(asset.USDC, "0.4"), Destination: o.Destination, IssuedAt: swap.Millis(w.clock.Now())}
	if edit != nil {
		edit(&yes)
	}
	signed, err := swap.SignWrongAssetRefund(yes, w.attest)
	w.must(err)
	return signed
}

// Before a coin or nonce is tied up for it, a refund in another asset has to be what its
// owner said yes to. Each case breaks one rule.
func TestAuthorityOfWrongAssets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, asset.Ethereum)
	check := func(o swap.Order) error {
		return payment.CheckAuthority(o, public(w.quoteKey), public(w.attest))
	}
	good, whole, home := w.wrongAsset(), w.wrongAsset(), w.refund(w.some(50))
	whole.SignedWrongAssetRefund, whole.Amount = "", whole.Deposits[0].Amount
	for name, o := range map[string]swap.Order{"with a yes": good, "all of it": whole} {
		if err := check(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		order    swap.Order
		change   func(o *swap.Order)
		sentence string
	}{
		"no yes to the fee":     {good, func(o *swap.Order) { o.SignedWrongAssetRefund = "" }, "permitted are 25 USDC"},
		"a broken yes":          {good, func(o *swap.Order) { o.SignedWrongAssetRefund += "A" }, "does not verify"},
		"another amount":        {good, func(o *swap.Order) { o.Amount.Units = asset.NewUnits(1) }, "permitted are 24.6 USDC"},
		"another asset":         {good, func(o *swap.Order) { o.Amount.Asset = asset.ETH }, "permitted are 24.6 USDC"},
		"another destination":   {good, func(o *swap.Order) { o.Destination = w.chain.NewAddress() }, "permitted are"},
		"another deposit":       {good, func(o *swap.Order) { o.Deposits = whole.Deposits }, "another deposit"},
		"another swap's":        {good, func(o *swap.Order) { o.SignedWrongAssetRefund = w.yes(whole, nil) }, "another receipt"},
		"a payout":              {good, func(o *swap.Order) { o.Purpose = swap.PurposePayout }, "only be refunded"},
		"with a consent":        {good, func(o *swap.Order) { o.SignedConsent = "x" }, "no use"},
		"with another document": {good, func(o *swap.Order) { o.SignedRefundAddress = w.refundAddress(*o, o.Destination) }, "names where"},
		"not to the refund address": {good, func(o *swap.Order) {
			o.Destination = w.chain.NewAddress()
			o.SignedWrongAssetRefund = w.yes(*o, nil)
		}, "no other takes its place"},
		"a needless yes": {home, func(o *swap.Order) { o.SignedWrongAssetRefund = good.SignedWrongAssetRefund }, "needs no owner's yes"},
	} {
		o := c.order
		c.change(&o)
		if err := check(o); err == nil || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: %v, want %q", name, err, c.sentence)
		}
	}
	long := good
	long.SignedWrongAssetRefund = strings.Repeat("x", swap.MaxDocument+1)
	if payment.CheckStorable(long) == nil {
		t.Error("an order that no row holds is stored")
	}
}
