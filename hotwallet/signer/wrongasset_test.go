package signer

import (
	"math/big"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// in names the asset of an authority's deposits.
func in(id asset.ID, deposits []*ferryv1.AuthorityDeposit) []*ferryv1.AuthorityDeposit {
	for _, d := range deposits {
		d.Asset = string(id)
	}
	return deposits
}

// yes is the owner's to the refund of the one deposit of an authority, less a fee.
func (s amended) yes(t swaptest.Reporter, a *ferryv1.Authority, fee string, edit func(w *swap.WrongAssetRefund)) string {
	t.Helper()
	d := a.GetDeposits()[0]
	id := asset.ID(d.GetAsset())
	w := swap.WrongAssetRefund{SwapID: s.receipt.SwapID, ReceiptHash: swap.HashDocument(s.signedReceipt), DepositID: d.GetDepositId(),
		Deposit: asset.Amount{Asset: id, Units: asset.MustUnits(d.GetUnits())}, Fee: asset.Amount{Asset: id, Units: asset.MustUnits(fee)},
		Destination: swaptest.EthereumAddress, IssuedAt: s.quote.IssuedAt}
	if edit != nil {
		edit(&w)
	}
	signed, err := swap.SignWrongAssetRefund(w, s.desk.attestKey)
	if err != nil {
		t.Fatalf("sign the owner's yes: %v", err)
	}
	return signed
}

// ether is a refund of 0.3 ETH that came for a swap of BTC, with the owner's yes.
func (s amended) ether(t swaptest.Reporter) *ferryv1.Authority {
	t.Helper()
	a := s.authority(swap.PurposeRefund, in(asset.ETH, uses(depositID(asset.Ethereum, "w"), asset.MustUnits("300000000000000000"))), "")
	a.SignedWrongAssetRefund = s.yes(t, a, "1000000000000000", nil)
	return a
}

var backWei = big.NewInt(299_000_000_000_000_000)

// Exactly the deposit less the fee that the owner said yes to is paid, in the asset that
// came; each case breaks one rule.
func TestWrongAssetRefund(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	s, other := d.amended(t, asset.BTC, asset.ETH, nil), d.amended(t, asset.BTC, asset.ETH, nil)
	good := s.ether(t)
	foreign := s
	foreign.desk = stranger
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		a := proto.Clone(good).(*ferryv1.Authority)
		change(a)
		return a
	}
	saying := func(edit func(w *swap.WrongAssetRefund)) *ferryv1.Authority {
		return with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = s.yes(t, good, "1000000000000000", edit) })
	}
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"tampered":        {with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = tampered(a.GetSignedWrongAssetRefund()) }), fieldWrongAsset, "does not verify"},
		"a receipt as it": {with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = s.signedReceipt }), fieldWrongAsset, "does not verify"},
		"by a stranger": {with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = foreign.yes(t, good, "1", nil) }),
			fieldWrongAsset, "does not verify"},
		"another swap's": {with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = other.yes(t, good, "1", nil) }), fieldWrongAsset, "for swap"},
		"another deposit": {saying(func(w *swap.WrongAssetRefund) { w.DepositID = depositID(asset.Ethereum, "x") }),
			fieldWrongAsset, "another deposit"},
		"another amount": {saying(func(w *swap.WrongAssetRefund) { w.Deposit.Units = asset.MustUnits("900000000000000000") }),
			fieldWrongAsset, "another deposit"},
		"not canonical": {saying(func(w *swap.WrongAssetRefund) { w.Destination = strings.ToLower(swaptest.EthereumAddress) }),
			fieldWrongAsset, "canonical"},
		"on another chain": {saying(func(w *swap.WrongAssetRefund) { w.Destination = d.userBitcoin }), fieldWrongAsset, "can't be paid"},
		"with an address set later": {with(func(a *ferryv1.Authority) { a.SignedRefundAddress = s.refundAddress(t, d.userBitcoin, nil) }),
			fieldRefundAddress, "names where"},
		"none": {with(func(a *ferryv1.Authority) { a.SignedWrongAssetRefund = "" }), fieldWrongAsset, "has not said where"},
		"a payout": {with(func(a *ferryv1.Authority) { a.Purpose, a.SignedWrongAssetRefund = "payout", "" }),
			"authority.deposits.asset", "only be refunded"},
		"a payout with a yes":  {with(func(a *ferryv1.Authority) { a.Purpose = "payout" }), fieldWrongAsset, "no use"},
		"as the quote's asset": {with(func(a *ferryv1.Authority) { in("", a.GetDeposits()) }), "authority.deposits.deposit_id", "chain"},
		"of an unknown asset":  {with(func(a *ferryv1.Authority) { in("DOGE", a.GetDeposits()) }), "authority.deposits.asset", "not known"},
		"in a token's name":    {with(func(a *ferryv1.Authority) { in(asset.USDC, a.GetDeposits()) }), fieldWrongAsset, "another deposit"},
		"with a home deposit's": {with(func(a *ferryv1.Authority) {
			a.Deposits = append(a.Deposits, uses(depositID(asset.Bitcoin, "a"), asset.NewUnits(1))...)
		}), "authority.deposits.asset", "several"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signEthereum(sendEther(t, c.authority, transfer(0, backWei)))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	for _, wei := range []int64{299_000_000_000_000_001, 298_999_999_999_999_999, 300_000_000_000_000_000} {
		if _, err := d.signEthereum(sendEther(t, good, transfer(0, big.NewInt(wei)))); err == nil {
			t.Errorf("%d wei were signed", wei)
		}
	}
	if _, err := d.signBitcoin(d.spendCoins(t, good, payoutSat, feeSat, "x")); err == nil {
		t.Error("it was paid in bitcoin")
	}
	if _, err := d.signEthereum(sendEther(t, good, transfer(0, backWei))); err != nil {
		t.Fatalf("the refund itself: %v", err)
	}
	again := with(func(a *ferryv1.Authority) {
		a.SignedWrongAssetRefund = s.yes(t, good, "1000000000000000", func(w *swap.WrongAssetRefund) {
			w.Destination = "0x52908400098527886E0F7030069857D2E4169EE7"
		})
	})
	if _, err := d.signEthereum(sendEther(t, again, transfer(1, backWei))); err == nil {
		t.Error("a second refund of it was signed")
	}
}

// Without the owner's yes all of it goes to the swap's refund address, where that is an
// address of its chain, and nothing may be kept back.
func TestWrongAssetWithoutAYes(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	s := d.amended(t, asset.ETH, asset.BTC, nil)
	a := s.authority(swap.PurposeRefund, in(asset.USDC, uses(depositID(asset.Ethereum, "w"), asset.NewUnits(25_000_000))), "")
	c, err := d.signer.authorise(asset.Ethereum, d.attested(t, a))
	if err != nil || c.asset != asset.USDC || c.destination != swaptest.EthereumAddress || c.least != asset.NewUnits(25_000_000) || c.most != c.least {
		t.Errorf("claim %+v, %v", c, err)
	}
	if _, err := d.signer.authorise(asset.Bitcoin, d.attested(t, a)); err == nil {
		t.Error("it was authorised on another chain")
	}
	a.SignedWrongAssetRefund = s.yes(t, a, "400000", nil)
	if c, err = d.signer.authorise(asset.Ethereum, d.attested(t, a)); err != nil || c.most != asset.NewUnits(24_600_000) {
		t.Errorf("claim %+v, %v", c, err)
	}
	a.SignedWrongAssetRefund = s.yes(t, a, "400000", func(w *swap.WrongAssetRefund) { w.Destination = "0x52908400098527886E0F7030069857D2E4169EE7" })
	_, err = d.signer.authorise(asset.Ethereum, d.attested(t, a))
	wantRefusal(t, err, fieldWrongAsset, "no other takes its place")
	// An ether deposit of the same swap needs no yes, and may have none.
	home := s.authority(swap.PurposeRefund, uses(depositID(asset.Ethereum, "h"), s.quote.Deposit.Units), "")
	home.SignedWrongAssetRefund = a.GetSignedWrongAssetRefund()
	_, err = d.signer.authorise(asset.Ethereum, d.attested(t, home))
	wantRefusal(t, err, fieldWrongAsset, "quote's own asset")
	// Set later, with the secret.
	open := d.amended(t, asset.ETH, asset.BTC, leftOpen)
	b := open.authority(swap.PurposeRefund, in(asset.USDC, uses(depositID(asset.Ethereum, "v"), asset.NewUnits(9))), "")
	b.SignedRefundAddress = open.refundAddress(t, swaptest.EthereumAddress, nil)
	if c, err = d.signer.authorise(asset.Ethereum, d.attested(t, b)); err != nil || c.destination != swaptest.EthereumAddress {
		t.Errorf("claim %+v, %v", c, err)
	}
}
