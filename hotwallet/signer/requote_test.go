package signer

import (
	"math/big"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
)

// A requote within the policy, one that the user took, one of an extra deposit and
// one on Ethereum are signed, each for exactly what it pays.
func TestRequotesArePaid(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	short := d.amended(t, asset.ETH, asset.BTC, nil)
	parts := short.half("a", "b")
	asked := d.amended(t, asset.ETH, asset.BTC, asking)
	taken := asked.half("c")
	consent := asked.consent(t, taken[0].GetDepositId(), 700_000, nil)
	withConsent := asked.authority(swap.PurposePayout, taken, asked.requote(t, taken, func(r *swap.Requote) {
		r.Payout.Units, r.ServiceFee.Units, r.ConsentHash = asset.NewUnits(700_000), asset.NewUnits(2_300), swap.HashDocument(consent)
	}))
	withConsent.SignedConsent = consent
	extra := short.half("e")
	for name, c := range map[string]struct {
		authority *ferryv1.Authority
		sat       int64
	}{
		"within the policy": {short.authority(swap.PurposePayout, parts, short.requote(t, parts, nil)), halfSat},
		"with a consent":    {withConsent, 700_000},
		"an extra deposit": {short.authority(swap.PurposePayout, extra, short.requote(t, extra,
			func(r *swap.Requote) { r.Main = false })), halfSat},
	} {
		for _, sat := range []int64{c.sat - 1, c.sat + 1} {
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, sat, feeSat, name))
			wantRefusal(t, err, "unsigned_tx", "for this payout")
		}
		if _, err := d.signBitcoin(d.spendCoins(t, c.authority, c.sat, feeSat, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	ether := d.amended(t, asset.BTC, asset.ETH, nil)
	half := ether.half("f")
	wei := asset.MustUnits("124500000000000000")
	a := ether.authority(swap.PurposePayout, half, ether.requote(t, half, func(r *swap.Requote) {
		r.Payout.Units, r.ServiceFee.Units = wei, asset.MustUnits("500000000000000")
	}))
	if _, err := d.signEthereum(sendEther(t, a, transfer(0, wei.Big()))); err != nil {
		t.Errorf("on Ethereum: %v", err)
	}
}

// Each case breaks one rule of an otherwise good requote. In the end that requote is
// paid, so no refusal left anything behind.
func TestRequoteRefused(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	s := d.amended(t, asset.ETH, asset.BTC, nil)
	deposits := s.half("a")
	good := s.authority(swap.PurposePayout, deposits, s.requote(t, deposits, nil))
	with := func(change func(a *ferryv1.Authority)) *ferryv1.Authority {
		a := proto.Clone(good).(*ferryv1.Authority)
		change(a)
		return a
	}
	edited := func(edit func(r *swap.Requote)) *ferryv1.Authority {
		return with(func(a *ferryv1.Authority) { a.SignedRequote = s.requote(t, deposits, edit) })
	}
	other := d.amended(t, asset.ETH, asset.BTC, nil)
	// The same swap and quote, with a second receipt of another address.
	again := s
	again.receipt.PayoutAddress = d.key(t, 0, 0, 0).Address
	again.signedQuote, again.signedReceipt = d.signTerms(t, again.quote, again.receipt)
	asked := d.amended(t, asset.ETH, asset.BTC, asking)
	refunding := d.amended(t, asset.ETH, asset.BTC, func(r *swap.Receipt) { r.Policy = swap.RefundPolicy() })
	consent := s.consent(t, deposits[0].GetDepositId(), halfSat, nil)
	twoExtra := s.half("a", "b")
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"tampered":              {with(func(a *ferryv1.Authority) { a.SignedRequote = tampered(a.GetSignedRequote()) }), fieldRequote, "does not verify"},
		"a quote as one":        {with(func(a *ferryv1.Authority) { a.SignedRequote = a.GetSignedQuote() }), fieldRequote, "does not verify"},
		"signed by attestd":     {with(func(a *ferryv1.Authority) { a.SignedRequote = s.requoteBy(t, d.attestKey, deposits, nil) }), fieldRequote, "does not verify"},
		"signed by a stranger":  {with(func(a *ferryv1.Authority) { a.SignedRequote = s.requoteBy(t, stranger.quoteKey, deposits, nil) }), fieldRequote, "does not verify"},
		"of another swap":       {with(func(a *ferryv1.Authority) { a.SignedRequote = other.requote(t, deposits, nil) }), fieldRequote, "another receipt"},
		"of another receipt":    {with(func(a *ferryv1.Authority) { a.SignedRequote = again.requote(t, deposits, nil) }), fieldRequote, "another receipt"},
		"for another deposit":   {with(func(a *ferryv1.Authority) { a.Deposits = s.half("b") }), fieldRequote, "other deposits"},
		"for one more deposit":  {with(func(a *ferryv1.Authority) { a.Deposits = s.half("a", "b") }), fieldRequote, "other deposits"},
		"for a smaller deposit": {with(func(a *ferryv1.Authority) { a.Deposits[0].Units = "124999999999999999" }), fieldRequote, "other deposits"},
		"for a larger deposit":  {with(func(a *ferryv1.Authority) { a.Deposits[0].Units = "125000000000000001" }), fieldRequote, "other deposits"},
		"of another sum":        {edited(func(r *swap.Requote) { r.Deposit.Units = asset.MustUnits("125000000000000001") }), fieldRequote, "deposits are"},
		"in another pair": {edited(func(r *swap.Requote) {
			r.Deposit.Asset, r.Payout.Asset, r.ServiceFee.Asset, r.NetworkFee.Asset = asset.BTC, asset.ETH, asset.ETH, asset.ETH
		}), fieldRequote, "not for"},
		"a higher network fee": {edited(func(r *swap.Requote) { r.NetworkFee.Units = asset.NewUnits(5_001) }), fieldRequote, "network fee"},
		"a higher service fee": {edited(func(r *swap.Requote) { r.ServiceFee.Units = asset.NewUnits(2_600) }), fieldRequote, "service fee"},
		"beyond the tolerance": {edited(func(r *swap.Requote) {
			r.Payout.Units, r.ServiceFee.Units = asset.NewUnits(739_900), asset.NewUnits(2_400)
		}),
			fieldRequote, "more than 100 basis points"},
		"where the policy asks":  {asked.authority(swap.PurposePayout, deposits, asked.requote(t, deposits, nil)), fieldRequote, "there is no consent"},
		"where it refunds":       {refunding.authority(swap.PurposePayout, deposits, refunding.requote(t, deposits, nil)), fieldRequote, "there is no consent"},
		"several extra deposits": {s.authority(swap.PurposePayout, twoExtra, s.requote(t, twoExtra, func(r *swap.Requote) { r.Main = false })), fieldRequote, "by itself"},
		"a consent it needs not": {with(func(a *ferryv1.Authority) { a.SignedConsent = consent }), fieldConsent, "rests on no consent"},
		"a consent alone":        {with(func(a *ferryv1.Authority) { a.SignedRequote, a.SignedConsent = "", consent }), fieldConsent, "without the requote"},
		"with a refund address": {with(func(a *ferryv1.Authority) { a.SignedRefundAddress = s.refundAddress(t, d.userBitcoin, nil) }),
			fieldRefundAddress, "no use for a refund address"},
		"without the requote": {with(func(a *ferryv1.Authority) { a.SignedRequote = "" }), "authority.deposits.units", "short of the quote"},
		"on the deposit's chain": {func() *ferryv1.Authority {
			back := d.amended(t, asset.BTC, asset.ETH, nil)
			return back.authority(swap.PurposePayout, back.half("a"), s.requote(t, deposits, nil))
		}(), "authority.purpose", "another chain"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, halfSat, feeSat, "x"))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if n := d.signedCount(t); n != 0 {
		t.Fatalf("%d signatures were given", n)
	}
	if _, err := d.signBitcoin(d.spendCoins(t, good, halfSat, feeSat, "x")); err != nil {
		t.Fatalf("the requote itself: %v", err)
	}
}

// A requote that rests on a consent is paid with exactly that one, if it is the
// user's yes to this matter for no more than is paid.
func TestConsentRefused(t *testing.T) {
	t.Parallel()
	d, stranger := deskFor(t), deskFor(t)
	s := d.amended(t, asset.ETH, asset.BTC, asking)
	deposits := s.half("a")
	id := deposits[0].GetDepositId()
	authority := func(rests, given string) *ferryv1.Authority {
		a := s.authority(swap.PurposePayout, deposits, s.requote(t, deposits, func(r *swap.Requote) { r.ConsentHash = swap.HashDocument(rests) }))
		a.SignedConsent = given
		return a
	}
	both := func(consent string) *ferryv1.Authority { return authority(consent, consent) }
	good := s.consent(t, id, halfSat, nil)
	foreign := s
	foreign.desk = stranger
	other := d.amended(t, asset.ETH, asset.BTC, asking)
	for name, c := range map[string]struct {
		authority       *ferryv1.Authority
		field, sentence string
	}{
		"missing":              {authority(good, ""), fieldConsent, "missing"},
		"tampered":             {both(tampered(good)), fieldConsent, "does not verify"},
		"signed by a stranger": {both(foreign.consent(t, id, halfSat, nil)), fieldConsent, "does not verify"},
		"a receipt as one":     {both(s.signedReceipt), fieldConsent, "does not verify"},
		"another":              {authority(good, s.consent(t, id, halfSat-1, nil)), fieldRequote, "not there"},
		"for more":             {both(s.consent(t, id, halfSat+1, nil)), fieldRequote, "less than"},
		"in another asset":     {both(s.consent(t, id, halfSat, func(c *swap.Consent) { c.AtLeast.Asset = asset.ETH })), fieldRequote, "less than"},
		"for another deposit":  {both(s.consent(t, depositID(asset.Ethereum, "b"), halfSat, nil)), fieldRequote, "another matter"},
		"of another swap":      {both(other.consent(t, id, halfSat, nil)), fieldRequote, "another matter"},
		"of another receipt": {both(s.consent(t, id, halfSat, func(c *swap.Consent) { c.ReceiptHash = strings.Repeat("0a", 32) })),
			fieldRequote, "another matter"},
		"the user's no": {both(s.consent(t, id, halfSat, func(c *swap.Consent) { c.Answer, c.AtLeast = swap.AnswerRefund, asset.Amount{} })),
			fieldRequote, "answer was refund"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.signBitcoin(d.spendCoins(t, c.authority, halfSat, feeSat, "x"))
			wantRefusal(t, err, c.field, c.sentence)
		})
	}
	if _, err := d.signBitcoin(d.spendCoins(t, both(good), halfSat, feeSat, "x")); err != nil {
		t.Fatalf("the consent itself: %v", err)
	}
}

// The main leg is paid once ever: after the quote's payout no requote of the swap is,
// nor the quote or another requote after a requote. The memory keeps that.
func TestMainLegIsPaidOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"quote first", "requote first"} {
		t.Run(c, func(t *testing.T) {
			t.Parallel()
			d := deskFor(t)
			s := d.amended(t, asset.ETH, asset.BTC, nil)
			whole := uses(depositID(asset.Ethereum, "whole"), s.quote.Deposit.Units)
			half, otherHalf := s.half("a"), s.half("b")
			byQuote := d.spendCoins(t, s.authority(swap.PurposePayout, whole, ""), payoutSat, feeSat, "x")
			byRequote := d.spendCoins(t, s.authority(swap.PurposePayout, half, s.requote(t, half, nil)), halfSat, feeSat, "x")
			first, second := byQuote, byRequote
			if c == "requote first" {
				first, second = byRequote, byQuote
			}
			if _, err := d.signBitcoin(first); err != nil {
				t.Fatal(err)
			}
			d.reopen(t)
			_, err := d.signBitcoin(second)
			wantRefusal(t, err, "authority", "other terms")
			// Another requote: of other deposits, of another price, of both coins and price.
			lower := func(r *swap.Requote) { r.Payout.Units = asset.NewUnits(halfSat - 1) }
			for _, o := range []struct {
				deposits []*ferryv1.AuthorityDeposit
				edit     func(r *swap.Requote)
				sat      int64
			}{{otherHalf, nil, halfSat}, {otherHalf, lower, halfSat - 1}, {half, lower, halfSat - 1}} {
				a := s.authority(swap.PurposePayout, o.deposits, s.requote(t, o.deposits, o.edit))
				for _, coin := range []string{"x", "y"} {
					_, err := d.signBitcoin(d.spendCoins(t, a, o.sat, feeSat, coin))
					wantRefusal(t, err, "authority", "other terms")
				}
			}
			// A second quote for the same swap is as little use.
			twice := s
			twice.quote = quote(asset.ETH, asset.BTC)
			twice.receipt.QuoteID = twice.quote.ID
			twice.signedQuote, twice.signedReceipt = d.signTerms(t, twice.quote, twice.receipt)
			_, err = d.signBitcoin(d.spendCoins(t, twice.authority(swap.PurposePayout, otherHalf, twice.requote(t, otherHalf, nil)), halfSat, feeSat, "y"))
			wantRefusal(t, err, fieldReceipt, "paid out from another quote")
			if again, err := d.signBitcoin(first); err != nil || again.GetTxid() == "" {
				t.Errorf("the first again: %v", err)
			}
		})
	}
}

// An extra deposit is paid out by itself, before or after the main leg, once; the
// deposit then belongs to that payout.
func TestExtraLegIsPaidOncePerDeposit(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	s := d.amended(t, asset.ETH, asset.BTC, nil)
	pay := func(sat int64, main bool, coin string, names ...string) error {
		deposits := s.half(names...)
		a := s.authority(swap.PurposePayout, deposits, s.requote(t, deposits, func(r *swap.Requote) {
			r.Main, r.Payout.Units = main, asset.NewUnits(uint64(sat))
		}))
		_, err := d.signBitcoin(d.spendCoins(t, a, sat, feeSat, coin))
		return err
	}
	for _, step := range []struct {
		name string
		err  error
	}{
		{"an extra deposit before the main leg", pay(halfSat, false, "x", "extra")},
		{"the main leg", pay(halfSat, true, "y", "main")},
		{"another extra deposit", pay(halfSat, false, "z", "another")},
		{"the first again, with more fee", pay(halfSat, false, "x", "extra")},
	} {
		if step.err != nil {
			t.Fatalf("%s: %v", step.name, step.err)
		}
	}
	d.reopen(t)
	wantRefusal(t, pay(halfSat-1, false, "x", "extra"), "authority", "other terms")
	wantRefusal(t, pay(halfSat, true, "x", "extra"), "authority", "other terms")
	wantRefusal(t, pay(halfSat, false, "q", "main"), "authority.deposits.deposit_id", "used up")
	wantRefusal(t, pay(halfSat, false, "q", "extra"), "unsigned_tx", "does not conflict")
	refund := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "extra")
	_, err := d.signEthereum(sendEther(t, refund, transfer(0, payoutWei())))
	wantRefusal(t, err, "authority.deposits.deposit_id", "used up")
	refunded := d.authority(t, swap.PurposeRefund, asset.ETH, asset.BTC, "back")
	if _, err := d.signEthereum(sendEther(t, refunded, transfer(0, new(big.Int).Set(payoutWei())))); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, pay(halfSat, false, "q", "back"), "authority.deposits.deposit_id", "used up")
}

// A quote that locks no price pays nothing by itself: whoever holds its documents needs the
// rate that was set for the very deposit, within its limits.
func TestVariableQuoteIsPaidByItsRate(t *testing.T) {
	t.Parallel()
	d := deskFor(t)
	s := d.amended(t, asset.ETH, asset.BTC, nil)
	s.quote.Variable = true
	s.quote.DepositMin, s.quote.DepositMax = s.quote.Deposit, s.quote.Deposit
	s.quote.DepositMin.Units = asset.MustUnits("125000000000000000")
	s.signedQuote, s.signedReceipt = d.signTerms(t, s.quote, s.receipt)
	half, whole := s.half("a"), s.half("b")
	whole[0].Units = s.quote.Deposit.Units.String()
	_, err := d.signBitcoin(d.spendCoins(t, s.authority(swap.PurposePayout, whole, ""), 2*halfSat, feeSat, "no rate"))
	wantRefusal(t, err, fieldRequote, "locks no price")
	_, err = d.signBitcoin(d.spendCoins(t, s.authority(swap.PurposePayout, whole, s.requote(t, half, nil)), halfSat, feeSat, "another's rate"))
	wantRefusal(t, err, fieldRequote, "other deposits")
	two := s.half("c", "d")
	_, err = d.signBitcoin(d.spendCoins(t, s.authority(swap.PurposePayout, two, s.requote(t, two, nil)), halfSat, feeSat, "two deposits"))
	wantRefusal(t, err, fieldRequote, "rate of its own")
	little := s.half("e")
	little[0].Units = "124999999999999999"
	_, err = d.signBitcoin(d.spendCoins(t, s.authority(swap.PurposePayout, little, s.requote(t, little, nil)), halfSat, feeSat, "too little"))
	wantRefusal(t, err, fieldRequote, "is not from")
	if _, err := d.signBitcoin(d.spendCoins(t, s.authority(swap.PurposePayout, half, s.requote(t, half, nil)), halfSat, feeSat, "its rate")); err != nil {
		t.Error(err)
	}
}
