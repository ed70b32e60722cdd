package signer

import (
	"crypto/ed25519"
	"strings"

	"google.golang.org/protobuf/proto"

	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// halfSat is what a requote pays for half of the deposit, at the locked rate.
const halfSat = 747_500

// amended is a swap whose terms a test amends: its policy requotes within 1 %.
type amended struct {
	desk                       *desk
	quote                      swap.Quote
	receipt                    swap.Receipt
	signedQuote, signedReceipt string
}

func (d *desk) amended(t swaptest.Reporter, from, to asset.ID, edit func(r *swap.Receipt)) amended {
	t.Helper()
	s := amended{desk: d, quote: quote(from, to)}
	s.receipt = d.receipt(s.quote)
	s.receipt.Policy = swap.Policy{OnShort: swap.AnswerRequote, OnOver: swap.AnswerRequote, OnLate: swap.AnswerRequote,
		OnExtra: swap.AnswerRequote, ToleranceBPS: 100}
	if edit != nil {
		edit(&s.receipt)
	}
	s.signedQuote, s.signedReceipt = d.signTerms(t, s.quote, s.receipt)
	return s
}

// asking is a receipt whose policy asks, so that a requote needs a consent.
func asking(r *swap.Receipt) {
	r.Policy = swap.Policy{OnShort: swap.AnswerAsk, OnOver: swap.AnswerAsk, OnLate: swap.AnswerAsk, OnExtra: swap.AnswerAsk}
}

// half are deposits of half of what was quoted, one for each name.
func (s amended) half(names ...string) []*ferryv1.AuthorityDeposit {
	a := &ferryv1.Authority{}
	for i, name := range names {
		units := "1"
		if i == 0 {
			units = map[asset.ID]string{asset.ETH: "125000000000000000", asset.BTC: "750000"}[s.quote.Pair.From]
		}
		a.Deposits = append(a.Deposits, &ferryv1.AuthorityDeposit{DepositId: depositID(s.quote.DepositChain(), name), Units: units})
	}
	sortDeposits(a)
	return a.GetDeposits()
}

// authority is for deposits of this swap, with a requote unless it is "".
func (s amended) authority(purpose swap.Purpose, deposits []*ferryv1.AuthorityDeposit, signedRequote string) *ferryv1.Authority {
	return proto.Clone(&ferryv1.Authority{Purpose: string(purpose), SignedQuote: s.signedQuote, SignedReceipt: s.signedReceipt,
		Deposits: deposits, FencingToken: 7, SignedRequote: signedRequote}).(*ferryv1.Authority)
}

// requote is one of the main leg at the locked rate, if the deposits are the half.
func (s amended) requote(t swaptest.Reporter, deposits []*ferryv1.AuthorityDeposit, edit func(r *swap.Requote)) string {
	return s.requoteBy(t, s.desk.quoteKey, deposits, edit)
}

func (s amended) requoteBy(t swaptest.Reporter, key ed25519.PrivateKey, deposits []*ferryv1.AuthorityDeposit, edit func(r *swap.Requote)) string {
	t.Helper()
	used := make([]swap.OrderDeposit, len(deposits))
	r := swap.Requote{SwapID: s.receipt.SwapID, ReceiptHash: swap.HashDocument(s.signedReceipt), Main: true,
		Deposit: asset.Amount{Asset: s.quote.Pair.From}, Payout: asset.Amount{Asset: s.quote.Pair.To, Units: asset.NewUnits(halfSat)},
		ServiceFee: asset.Amount{Asset: s.quote.Pair.To, Units: asset.NewUnits(2_500)},
		NetworkFee: s.quote.NetworkFee, Rate: "1", IssuedAt: s.quote.IssuedAt}
	for i, d := range deposits {
		used[i].ID, used[i].Amount = d.GetDepositId(), asset.Amount{Asset: s.quote.Pair.From, Units: asset.MustUnits(d.GetUnits())}
		sum, err := r.Deposit.Units.Add(used[i].Amount.Units)
		if err != nil {
			t.Fatalf("sum of deposits: %v", err)
		}
		r.Deposit.Units = sum
	}
	r.ID, r.DepositsHash = swap.RequestID(used[0].ID, 1), swap.HashDeposits(used)
	if edit != nil {
		edit(&r)
	}
	signed, err := swap.SignRequote(r, key)
	if err != nil {
		t.Fatalf("sign requote: %v", err)
	}
	return signed
}

// consent is the user's yes to at least sat for the first of the deposits.
func (s amended) consent(t swaptest.Reporter, deposit string, sat uint64, edit func(c *swap.Consent)) string {
	t.Helper()
	c := swap.Consent{SwapID: s.receipt.SwapID, ReceiptHash: swap.HashDocument(s.signedReceipt), DepositID: deposit,
		Answer: swap.AnswerRequote, AtLeast: asset.Amount{Asset: s.quote.Pair.To, Units: asset.NewUnits(sat)}, IssuedAt: s.quote.IssuedAt}
	if edit != nil {
		edit(&c)
	}
	signed, err := swap.SignConsent(c, s.desk.attestKey)
	if err != nil {
		t.Fatalf("sign consent: %v", err)
	}
	return signed
}

// refundAddress is a refund address set later.
func (s amended) refundAddress(t swaptest.Reporter, address string, edit func(a *swap.RefundAddress)) string {
	t.Helper()
	a := swap.RefundAddress{SwapID: s.receipt.SwapID, ReceiptHash: swap.HashDocument(s.signedReceipt), RefundAddress: address, IssuedAt: s.quote.IssuedAt}
	if edit != nil {
		edit(&a)
	}
	signed, err := swap.SignRefundAddress(a, s.desk.attestKey)
	if err != nil {
		t.Fatalf("sign refund address: %v", err)
	}
	return signed
}

// tampered changes one character in the middle of a document's payload.
func tampered(signed string) string {
	at := strings.Index(signed, ".") + 20
	other := byte('A')
	if signed[at] == other {
		other = 'B'
	}
	return signed[:at] + string(other) + signed[at+1:]
}
