package signer

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// leftOpen is a receipt that says nothing of where to refund to.
func leftOpen(r *swap.Receipt) { r.RefundAddress = "" }

// Where the receipt left the refund address open, the one that was set with the
// swap's secret is paid, and none but it. Each case breaks one rule of that.
func TestRefundAddressSetLater(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	s := d.amended(t, asset.BTC, asset.ETH, leftOpen)
	deposits := uses(depositID(asset.Bitcoin, "a"), s.quote.Deposit.Units)
	set := s.refundAddress(t, d.userBitcoin, nil)
	good := s.authority(swap.PurposeRefund, deposits, "")
	good.SignedRefundAddress = set
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		a := proto.Clone(good).(*ferryv1.Authority)
		change(a)
		return a
	}
	saying := func(signed string) *ferryv1.Authority {
		return with(func(a *ferryv1.Authority) { a.SignedRefundAddress = signed })
	}
	foreign := s
	foreign.desk = stranger
	other := d.amended(t, asset.BTC, asset.ETH, leftOpen)
	closed := d.amended(t, asset.BTC, asset.ETH, nil)
	overwrite := closed.authority(swap.PurposeRefund, deposits, "")
	overwrite.SignedRefundAddress = closed.refundAddress(t, d.userBitcoin, nil)
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"none":                 {saying(""), fieldRefundAddress, "leaves it open"},
		"tampered":             {saying(tampered(set)), fieldRefundAddress, "does not verify"},
		"signed by a stranger": {saying(foreign.refundAddress(t, d.userBitcoin, nil)), fieldRefundAddress, "does not verify"},
		"a receipt as one":     {saying(s.signedReceipt), fieldRefundAddress, "does not verify"},
		"of another swap":      {saying(other.refundAddress(t, d.userBitcoin, nil)), fieldRefundAddress, "another receipt"},
		"of another receipt": {saying(s.refundAddress(t, d.userBitcoin, func(a *swap.RefundAddress) { a.ReceiptHash = strings.Repeat("0a", 32) })),
			fieldRefundAddress, "another receipt"},
		"where the receipt has one": {overwrite, fieldRefundAddress, "no other takes its place"},
		"not canonical":             {saying(s.refundAddress(t, strings.ToUpper(d.userBitcoin), nil)), fieldRefundAddress, "canonical"},
		"on the other chain":        {saying(s.refundAddress(t, swaptest.EthereumAddress, nil)), fieldRefundAddress, "can't be paid"},
		"with a requote": {with(func(a *ferryv1.Authority) { a.SignedRequote = s.requote(t, deposits, nil) }),
			fieldRequote, "no use for a requote"},
		"with a consent": {with(func(a *ferryv1.Authority) { a.SignedConsent = s.consent(t, deposits[0].GetDepositId(), 1, nil) }),
			fieldConsent, "no use for a consent"},
		"of two deposits": {with(func(a *ferryv1.Authority) { a.Deposits = s.half("a", "b") }), "authority.deposits", "by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, payoutSat, feeSat, "x"))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	elsewhere := d.spendCoins(t, saying(s.refundAddress(t, foreignAddress(t, asset.Bitcoin), nil)), payoutSat, feeSat, "x")
	if _, err := d.signBitcoin(d.spendCoins(t, good, payoutSat-5_001, feeSat, "x")); err == nil {
		t.Error("more than the quoted fee was kept back")
	}
	if _, err := d.signBitcoin(d.spendCoins(t, good, payoutSat, feeSat, "x")); err != nil {
		t.Fatalf("the refund itself: %v", err)
	}
	if _, err := d.signBitcoin(elsewhere); err != nil {
		t.Errorf("the same address in another document: %v", err)
	}
}

// A deposit goes back to one address: what was signed is fixed by the memory, even if
// attestd's key were to sign a second address.
func TestRefundAddressIsFixedByTheFirstSignature(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	s := d.amended(t, asset.BTC, asset.ETH, leftOpen)
	refund := func(address string) *ferryv1.SignUTXORequest {
		a := s.authority(swap.PurposeRefund, uses(depositID(asset.Bitcoin, "a"), s.quote.Deposit.Units), "")
		a.SignedRefundAddress = s.refundAddress(t, address, nil)
		user := d.userBitcoin
		defer func() { d.userBitcoin = user }()
		d.userBitcoin = address
		return d.spendCoins(t, a, payoutSat, feeSat, "x")
	}
	if _, err := d.signBitcoin(refund(d.userBitcoin)); err != nil {
		t.Fatal(err)
	}
	d.reopen(t)
	_, err := d.signBitcoin(refund(d.key(t, 0, 0, 9).Address))
	wantRefusal(t, err, "authority", "other terms")
	if _, err := d.signBitcoin(refund(d.userBitcoin)); err != nil {
		t.Errorf("the first again: %v", err)
	}
}
