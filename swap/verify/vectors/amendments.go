package main

import (
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// The deposits of the cases on amendments.
const (
	firstID  = "bitcoin:1111111111111111111111111111111111111111111111111111111111111111:0"
	secondID = "bitcoin:2222222222222222222222222222222222222222222222222222222222222222:1"
	wrongID  = "bitcoincash:3333333333333333333333333333333333333333333333333333333333333333:0"
	// cashAddress and cashStranger are where its owner wants it, and another.
	cashAddress  = "bchsim:qqrswpc8qurswpc8qurswpc8qurswpc8quh8d8z4qc"
	cashStranger = "bchsim:qqyqszqgpqyqszqgpqyqszqgpqyqszqgpqplxasu93"
)

// later is when amendments are made, and a second after it they are judged: long
// after the deposit was due.
var later = start.Add(24 * time.Hour)

func sat(n uint64) asset.Amount { return asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(n)} }
func cash(n uint64) asset.Amount {
	return asset.Amount{Asset: asset.BCH, Units: asset.NewUnits(n)}
}
func wei(n uint64) asset.Amount { return asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(n)} }

// amendments adds the cases on what changes a swap's terms after its receipt.
func (s *set) amendments() error {
	open, lenient := s.receipt, s.receipt
	open.RefundAddress, lenient.Policy = "", swap.DefaultPolicy()
	signedOpen, err := swap.SignReceipt(open, s.attestKey)
	if err != nil {
		return err
	}
	signedLenient, err := swap.SignReceipt(lenient, s.attestKey)
	if err != nil {
		return err
	}
	consent := swap.Consent{SwapID: swapID, ReceiptHash: swap.HashDocument(s.signedReceipt), DepositID: firstID, Answer: swap.AnswerRequote,
		AtLeast: wei(100_000_000_000_000_000), IssuedAt: later}
	if err := s.consents(consent); err != nil {
		return err
	}
	address := swap.RefundAddress{SwapID: swapID, ReceiptHash: swap.HashDocument(signedOpen), RefundAddress: refund, IssuedAt: later}
	if err := s.refundAddresses(address, signedOpen); err != nil {
		return err
	}
	if err := s.wrongAssets(swap.WrongAssetRefund{SwapID: swapID, ReceiptHash: swap.HashDocument(s.signedReceipt), DepositID: wrongID,
		Deposit: cash(5_000_000), Fee: cash(2000), Destination: cashAddress, IssuedAt: later}); err != nil {
		return err
	}
	return s.requotes(consent, signedLenient)
}

// amended adds a case on one of the amendments.
func (s *set) amended(document, name, refused, signed string, ask Ask, change []func(*Case)) {
	c := Case{Name: document + ": " + name, Document: document, Now: later.Add(time.Second), SignedQuote: s.signedQuote,
		SignedReceipt: s.signedReceipt, Ask: ask, Refused: refused}
	switch document {
	case "consent":
		c.SignedConsent = signed
	case "refund_address":
		c.SignedRefundAddress = signed
	case "wrong_asset_refund":
		c.SignedWrongAssetRefund = signed
	default:
		c.SignedRequote = signed
	}
	s.add(c, signed, change)
}

func receiptIs(signed string) func(*Case) { return func(c *Case) { c.SignedReceipt = signed } }

func (s *set) consents(good swap.Consent) error {
	ask := Ask{DepositID: good.DepositID, Answer: good.Answer, AtLeast: &good.AtLeast}
	add := func(name, refused, signed string, change ...func(*Case)) {
		s.amended("consent", name, refused, signed, ask, change)
	}
	signedGood, err := swap.SignConsent(good, s.attestKey)
	if err != nil {
		return err
	}
	no := good
	no.Answer, no.AtLeast = swap.AnswerRefund, asset.Amount{}
	signedNo, err := swap.SignConsent(no, s.attestKey)
	if err != nil {
		return err
	}
	const field = "signed_consent"
	add("requote, as answered", "", signedGood)
	add("refund, as answered", "", signedNo, func(c *Case) { c.Ask.Answer, c.Ask.AtLeast = swap.AnswerRefund, nil })
	add("a client's clock a minute behind", "", signedGood, at(later.Add(-time.Minute)))
	s.forms(add, field, swap.TypeConsent, swap.TypeReceipt, signedGood, s.attestKey, s.quoteKey, idOf("swap_id", swapID))
	add("a refund address in its place", field, sign(header(swap.TypeRefundAddress, s.attestKey), payload(signedGood), s.attestKey))
	add("another deposit answered", field+".deposit_id", signedGood, func(c *Case) { c.Ask.DepositID = secondID })
	add("another answer given", field+".answer", signedNo)
	add("another least given", field+".at_least", signedGood, func(c *Case) { c.Ask.AtLeast = &s.quote.Payout })
	add("from the future", field+".issued_at", signedGood, at(later.Add(-time.Minute-time.Millisecond)))
	add("without a receipt", "signed_receipt", signedGood, receiptIs(""))
	for _, c := range []struct {
		change
		refused string
	}{
		{change{"of another swap", swapID, otherID}, field + ".swap_id"},
		{change{"of another receipt", good.ReceiptHash, otherHash}, field + ".receipt_hash"},
		{change{"issued before the receipt", "2026-01-03T03:04:05Z", "2026-01-02T03:03:06.4Z"}, field + ".issued_at"},
		{change{"with an answer that is none", `"requote"`, `"ask"`}, field},
		{change{"with nothing as the least", `"100000000000000000"`, `"0"`}, field},
		{change{"without a deposit", firstID, ""}, field},
		{change{"with a malformed swap id", swapID, "swap_1"}, field},
		{change{"with a hash that is none", good.ReceiptHash, "abc"}, field},
		{change{"with a time in another zone", "03:04:05Z", "04:04:05+01:00"}, field},
	} {
		add(c.name+", signed", c.refused, sign(header(swap.TypeConsent, s.attestKey), replaced(payload(signedGood), c.old, c.by), s.attestKey))
	}
	return nil
}

func (s *set) refundAddresses(good swap.RefundAddress, open string) error {
	add := func(name, refused, signed string, change ...func(*Case)) {
		s.amended("refund_address", name, refused, signed, Ask{RefundAddress: refund}, append([]func(*Case){receiptIs(open)}, change...))
	}
	signedGood, err := swap.SignRefundAddress(good, s.attestKey)
	if err != nil {
		return err
	}
	const field = "signed_refund_address"
	signed := func(old, by string) string {
		return sign(header(swap.TypeRefundAddress, s.attestKey), replaced(payload(signedGood), old, by), s.attestKey)
	}
	add("as set", "", signedGood)
	s.forms(add, field, swap.TypeRefundAddress, swap.TypeConsent, signedGood, s.attestKey, s.quoteKey, idOf("swap_id", swapID))
	add("another address set", field+".refund_address", signedGood, func(c *Case) { c.Ask.RefundAddress = deposit })
	add("the deposit address, signed", field+".refund_address", signed(refund, deposit), func(c *Case) { c.Ask.RefundAddress = deposit })
	add("for a receipt that names one, signed", field, signed(good.ReceiptHash, swap.HashDocument(s.signedReceipt)), receiptIs(s.signedReceipt))
	add("of another receipt", field+".receipt_hash", signedGood, receiptIs(s.signedReceipt))
	add("of another swap, signed", field+".swap_id", signed(swapID, otherID))
	add("without an address, signed", field, signed(refund, ""))
	add("from the future", field+".issued_at", signedGood, at(later.Add(-time.Minute-time.Millisecond)))
	return nil
}

// wrongAssets are cases on the refund of a deposit in another asset: Bitcoin Cash, sent
// to the form of the deposit address that both chains read.
func (s *set) wrongAssets(good swap.WrongAssetRefund) error {
	ask := Ask{DepositID: good.DepositID, Deposit: &good.Deposit, Fee: &good.Fee, Destination: good.Destination}
	add := func(name, refused, signed string, change ...func(*Case)) {
		s.amended("wrong_asset_refund", name, refused, signed, ask, change)
	}
	signedGood, err := swap.SignWrongAssetRefund(good, s.attestKey)
	if err != nil {
		return err
	}
	const field = "signed_wrong_asset_refund"
	add("as agreed", "", signedGood)
	s.forms(add, field, swap.TypeWrongAssetRefund, swap.TypeConsent, signedGood, s.attestKey, s.quoteKey, idOf("swap_id", swapID))
	other, dearer := cash(5_000_001), cash(2001)
	add("another deposit agreed on", field+".deposit_id", signedGood, func(c *Case) { c.Ask.DepositID = firstID })
	add("another amount that came", field+".deposit", signedGood, func(c *Case) { c.Ask.Deposit = &other })
	add("another fee agreed on", field+".fee", signedGood, func(c *Case) { c.Ask.Fee = &dearer })
	add("another destination agreed on", field+".destination", signedGood, func(c *Case) { c.Ask.Destination = cashStranger })
	add("from the future", field+".issued_at", signedGood, at(later.Add(-time.Minute-time.Millisecond)))
	add("without a receipt", "signed_receipt", signedGood, receiptIs(""))
	for _, c := range []struct {
		change
		refused string
	}{
		{change{"of another swap", swapID, otherID}, field + ".swap_id"},
		{change{"of another receipt", good.ReceiptHash, otherHash}, field + ".receipt_hash"},
		{change{"issued before the receipt", "2026-01-03T03:04:05Z", "2026-01-02T03:03:06.4Z"}, field + ".issued_at"},
		{change{"with a fee in another asset", `"fee":{"asset":"BCH"`, `"fee":{"asset":"BTC"`}, field},
		{change{"with a fee that leaves nothing", `"2000"`, `"5000000"`}, field},
		{change{"of a deposit on another chain than its asset's", wrongID, firstID}, field},
		{change{"without a destination", cashAddress, ""}, field},
		{change{"with a malformed swap id", swapID, "swap_1"}, field},
		{change{"with a hash that is none", good.ReceiptHash, "abc"}, field},
		{change{"with a time in another zone", "03:04:05Z", "04:04:05+01:00"}, field},
	} {
		add(c.name+", signed", c.refused, sign(header(swap.TypeWrongAssetRefund, s.attestKey), replaced(payload(signedGood), c.old, c.by), s.attestKey))
	}
	return nil
}
