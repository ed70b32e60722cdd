package swap_test

import (
	"strings"
	"testing"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// wrongTerms is a swap of ETH with a refund address, and USDC that came for it.
func wrongTerms(t testing.TB) (swap.Terms, swap.OrderDeposit, swap.WrongAssetRefund) {
	t.Helper()
	terms := swaptest.NewTerms(t, swaptest.NewKeys(), func(q *swap.Quote, r *swap.Receipt) {
		q.Pair = asset.Pair{From: asset.ETH, To: asset.BTC}
		q.Deposit, q.RefundFeeMax = swaptest.Amount(asset.ETH, "0.28"), swaptest.Amount(asset.ETH, "0.0004")
		q.Payout, q.ServiceFee, q.NetworkFee = swaptest.Amount(asset.BTC, "0.01"), swaptest.Amount(asset.BTC, "0"), swaptest.Amount(asset.BTC, "0")
		r.DepositChain, r.DepositAsset, r.DepositAddress = asset.Ethereum, asset.ETH, "0x52908400098527886E0F7030069857D2E4169EE7"
		r.PayoutAddress, r.RefundAddress = swaptest.BitcoinAddress, swaptest.EthereumAddress
	})
	d := swap.OrderDeposit{ID: "ethereum:0xab:1", Amount: swaptest.Amount(asset.USDC, "25")}
	return terms, d, swap.WrongAssetRefund{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(terms.SignedReceipt), DepositID: d.ID,
		Deposit: d.Amount, Fee: swaptest.Amount(asset.USDC, "0.4"), Destination: swaptest.EthereumAddress, IssuedAt: swaptest.Start}
}

// The owner's yes permits exactly one refund; each case breaks one rule of it.
func TestWrongAssetBack(t *testing.T) {
	t.Parallel()
	terms, deposit, good := wrongTerms(t)
	const elsewhere, cash = "0x8ba1f109551bD432803012645Ac136ddd64DBA72", "bchsim:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t"
	back, to, err := terms.WrongAssetBack(deposit, &good, terms.Receipt.RefundAddress)
	if err != nil || back != swaptest.Amount(asset.USDC, "24.6") || to != swaptest.EthereumAddress {
		t.Errorf("with a yes %s to %s, %v", back, to, err)
	}
	back, to, err = terms.WrongAssetBack(deposit, nil, swaptest.EthereumAddress)
	if err != nil || back != deposit.Amount || to != swaptest.EthereumAddress {
		t.Errorf("without one %s to %s, %v", back, to, err)
	}
	for name, c := range map[string]struct {
		deposit   func(d *swap.OrderDeposit)
		yes       func(w *swap.WrongAssetRefund)
		refundsTo string
		words     string
	}{
		"the terms' asset":    {func(d *swap.OrderDeposit) { d.Amount.Asset = asset.ETH }, nil, "", "as the terms say"},
		"an unknown asset":    {func(d *swap.OrderDeposit) { d.Amount.Asset = "DOGE" }, nil, "", "not known"},
		"on another chain":    {func(d *swap.OrderDeposit) { d.ID = "bitcoin:ab:1" }, nil, "", "not on ethereum"},
		"no refund address":   {nil, nil, "", "has not said where"},
		"a sibling's deposit": {func(d *swap.OrderDeposit) { d.ID, d.Amount = "bitcoin:ab:1", swaptest.Amount(asset.BTC, "1") }, nil, swaptest.EthereumAddress, "has not said where"},
		"another swap":        {nil, func(w *swap.WrongAssetRefund) { w.SwapID = "swap_x" }, "", "is for swap"},
		"another receipt":     {nil, func(w *swap.WrongAssetRefund) { w.ReceiptHash = "x" }, "", "is for swap"},
		"another deposit":     {nil, func(w *swap.WrongAssetRefund) { w.DepositID += "1" }, "", "another deposit"},
		"another amount":      {nil, func(w *swap.WrongAssetRefund) { w.Deposit.Units = asset.NewUnits(1) }, "", "another deposit"},
		"another address":     {nil, func(w *swap.WrongAssetRefund) { w.Destination = elsewhere }, swaptest.EthereumAddress, "no other takes"},
		"a fee of it all":     {nil, func(w *swap.WrongAssetRefund) { w.Fee = w.Deposit }, "", "leaves nothing"},
		"a fee above it":      {nil, func(w *swap.WrongAssetRefund) { w.Fee.Units = asset.NewUnits(25_000_001) }, "", "leaves nothing"},
		"a fee in ether":      {nil, func(w *swap.WrongAssetRefund) { w.Fee.Asset = asset.ETH }, "", "leaves nothing"},
	} {
		d, w := deposit, good
		var yes *swap.WrongAssetRefund
		if c.deposit != nil {
			c.deposit(&d)
		}
		if c.yes != nil {
			c.yes(&w)
			yes = &w
		}
		if _, _, err := terms.WrongAssetBack(d, yes, c.refundsTo); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q", name, err, c.words)
		}
	}
	// A coin on a sibling's chain goes where its owner says, whatever the refund address is.
	d := swap.OrderDeposit{ID: "bitcoincash:ab:1", Amount: swaptest.Amount(asset.BCH, "1")}
	good.DepositID, good.Deposit, good.Fee, good.Destination = d.ID, d.Amount, asset.Amount{Asset: asset.BCH}, cash
	if back, to, err = terms.WrongAssetBack(d, &good, terms.Receipt.RefundAddress); err != nil || back != d.Amount || to != cash {
		t.Errorf("a sibling's coin: %s to %s, %v", back, to, err)
	}
}

// What is signed is verified, and nothing malformed is signed.
func TestWrongAssetRefundIsWhole(t *testing.T) {
	t.Parallel()
	keys := swaptest.NewKeys()
	_, _, good := wrongTerms(t)
	signed, err := swap.SignWrongAssetRefund(good, keys.Attest)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := swap.VerifyWrongAssetRefund(signed, keys.AttestKeys()); err != nil || got != good {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := swap.VerifyWrongAssetRefund(signed, keys.QuoteKeys()); err == nil {
		t.Error("another key's list verifies it")
	}
	for name, change := range map[string]func(w *swap.WrongAssetRefund){
		"swap":         func(w *swap.WrongAssetRefund) { w.SwapID = "swap_1" },
		"hash":         func(w *swap.WrongAssetRefund) { w.ReceiptHash = "ab" },
		"no deposit":   func(w *swap.WrongAssetRefund) { w.DepositID = "" },
		"long deposit": func(w *swap.WrongAssetRefund) { w.DepositID = "ethereum:" + strings.Repeat("0", 300) },
		"fee's asset":  func(w *swap.WrongAssetRefund) { w.Fee.Asset = asset.ETH },
		"fee":          func(w *swap.WrongAssetRefund) { w.Fee = w.Deposit },
		"asset":        func(w *swap.WrongAssetRefund) { w.Deposit.Asset, w.Fee.Asset = "DOGE", "DOGE" },
		"chain":        func(w *swap.WrongAssetRefund) { w.DepositID = "bitcoin:ab:0" },
		"nowhere":      func(w *swap.WrongAssetRefund) { w.Destination = "" },
		"too far":      func(w *swap.WrongAssetRefund) { w.Destination = strings.Repeat("0", 201) },
	} {
		bad := good
		change(&bad)
		if _, err := swap.SignWrongAssetRefund(bad, keys.Attest); err == nil {
			t.Errorf("%s: it was signed", name)
		}
	}
}
