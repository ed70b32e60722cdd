package main

import (
	"strings"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
)

// change is one member of a document, as it stands and changed.
type change struct{ name, old, by string }

func at(now time.Time) func(*Case) { return func(c *Case) { c.Now = now } }

func (s *set) quotes() {
	s.quoteCase("as asked, by deposit", "", s.signedQuote)
	s.quoteCase("as asked, by payout", "", s.signedQuote, func(c *Case) { c.Ask.Deposit, c.Ask.Payout = nil, &s.quote.Payout })
	s.quoteCase("at the last moment", "", s.signedQuote, at(s.quote.AcceptBy.Add(-time.Millisecond)))
	s.quoteCase("a client's clock a minute behind", "", s.signedQuote, at(start.Add(-time.Minute)))
	s.quoteCase("lapsed", "signed_quote.accept_by", s.signedQuote, at(s.quote.AcceptBy))
	s.quoteCase("from the future", "signed_quote.issued_at", s.signedQuote, at(start.Add(-time.Minute-time.Millisecond)))
	s.quoteCase("another pair than asked", "signed_quote.pair", s.signedQuote, func(c *Case) { c.Ask.Pair = &asset.Pair{From: asset.ETH, To: asset.BTC} })
	s.quoteCase("another deposit than asked", "signed_quote.deposit", s.signedQuote, func(c *Case) {
		c.Ask.Deposit = &asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(999_999)}
	})
	s.quoteCase("another payout than asked", "signed_quote.payout", s.signedQuote, func(c *Case) {
		c.Ask.Payout = &asset.Amount{Asset: asset.ETH, Units: asset.NewUnits(280_000_000_000_000_001)}
	})
	s.forms(s.quoteCase, "signed_quote", swap.TypeQuote, swap.TypeReceipt, s.signedQuote, s.quoteKey, s.attestKey, idOf("quote_id", quoteID))
	s.quoteCase("a receipt in its place", "signed_quote", s.signedReceipt)
	s.quoteCase("the receipt's signature", "signed_quote", part(s.signedQuote, 2, strings.Split(s.signedReceipt, ".")[2]))
	text := payload(s.signedQuote)
	for _, c := range []change{
		{"quote_id", quoteID, "quote_01kdyak348ysd8ajrjmmt8xec5"}, {"pair", `"from":"BTC"`, `"from":"ETH"`},
		{"deposit", `"1000000"`, `"100000"`}, {"payout", `"280000000000000000"`, `"380000000000000000"`}, {"rate", `"28.2"`, `"38.2"`},
		{"service_fee", `"1500000000000000"`, `"500000000000000"`}, {"network_fee", `"500000000000000"}`, `"400000000000000"}`},
		{"refund_fee_max", `"2000"`, `"1"`}, {"issued_at", "03:04:05Z", "03:04:04Z"}, {"accept_by", "03:05:05Z", "04:05:05Z"},
		{"deposit_window_seconds", "1200", "1201"}, {"confirm_window_seconds", "7200", "7201"},
	} {
		s.quoteCase("tampered "+c.name, "signed_quote", part(s.signedQuote, 1, encoded(replaced(text, c.old, c.by))))
	}
	for _, c := range []change{
		{"a malformed id", quoteID, "quote_1"}, {"a pair that leads nowhere", `"to":"ETH"`, `"to":"BTC"`}, {"an unknown asset", `"to":"ETH"`, `"to":"XXX"`},
		{"a deposit of nothing", `"1000000"`, `"0"`}, {"a payout in the wrong asset", `"payout":{"asset":"ETH"`, `"payout":{"asset":"BTC"`},
		{"a fee in the wrong asset", `"service_fee":{"asset":"ETH"`, `"service_fee":{"asset":"BTC"`},
		{"an amount as a number", `"1000000"`, `1000000`}, {"an amount with a sign", `"1000000"`, `"-1000000"`},
		{"an amount with leading zeros", `"1000000"`, `"01000000"`},
		{"an amount beyond 256 bits", `"1000000"`, `"115792089237316195423570985008687907853269984665640564039457584007913129639936"`},
		{"a lock that ends before it begins", "03:05:05Z", "03:04:05Z"}, {"a time with an offset", "03:05:05Z", "03:05:05+00:00"}, {"a time in another zone", "03:05:05Z", "04:05:05+01:00"},
		{"a time with idle zeros", "03:05:05Z", "03:05:05.500Z"},
		{"a day that is none", "2026-01-02T03:05:05Z", "2026-02-30T03:05:05Z"}, {"a rate that is no number", `"28.2"`, `"28.2<"`},
		{"a rate with an exponent", `"28.2"`, `"2e1"`}, {"a rate without digits after its point", `"28.2"`, `"28."`},
		{"a window of nothing", "1200", "0"}, {"a confirm window below the deposit's", "7200", "1199"},
	} {
		s.quoteCase(c.name+", signed", "signed_quote", sign(header(swap.TypeQuote, s.quoteKey), replaced(text, c.old, c.by), s.quoteKey))
	}
}

func (s *set) receipts() {
	s.receiptCase("as asked", "", s.signedReceipt)
	s.receiptCase("addresses asked in another form", "", s.signedReceipt, func(c *Case) {
		c.Ask.PayoutAddress, c.Ask.RefundAddress, c.NeedsAddressCodec = strings.ToLower(payout), strings.ToUpper(refund), true
	})
	s.receiptCase("after the quote has lapsed", "", s.signedReceipt, at(s.quote.AcceptBy.Add(time.Minute)))
	s.receiptCase("at the last moment", "", s.signedReceipt, at(s.receipt.DepositBy.Add(-time.Millisecond)))
	s.receiptCase("too late to deposit", "signed_receipt.deposit_by", s.signedReceipt, at(s.receipt.DepositBy))
	s.receiptCase("from the future", "signed_receipt.issued_at", s.signedReceipt, at(s.receipt.IssuedAt.Add(-time.Minute-time.Millisecond)))
	s.forms(s.receiptCase, "signed_receipt", swap.TypeReceipt, swap.TypeQuote, s.signedReceipt, s.attestKey, s.quoteKey, idOf("quote_id", quoteID))
	s.receiptCase("a quote in its place", "signed_receipt", s.signedQuote)
	s.receiptCase("no quote", "signed_quote", s.signedReceipt, func(c *Case) { c.SignedQuote = "" })
	s.receiptCase("a tampered quote", "signed_quote", s.signedReceipt, func(c *Case) {
		c.SignedQuote = part(s.signedQuote, 1, encoded(replaced(payload(s.signedQuote), `"1000000"`, `"100000"`)))
	})
	s.receiptCase("another payout address asked", "signed_receipt.payout_address", s.signedReceipt, func(c *Case) { c.Ask.PayoutAddress = stranger })
	s.receiptCase("another refund address asked", "signed_receipt.refund_address", s.signedReceipt, func(c *Case) { c.Ask.RefundAddress = deposit })
	s.receiptCase("another policy asked", "signed_receipt.policy", s.signedReceipt, func(c *Case) { c.Ask.Policy = &swap.Policy{} })
	s.receiptCase("another secret", "signed_receipt.secret_hash", s.signedReceipt, func(c *Case) { c.Ask.Secret = "guess" })
	s.receiptCase("an asked address that is none", "payout_address", s.signedReceipt, func(c *Case) {
		c.Ask.PayoutAddress, c.NeedsAddressCodec = replaced(payout, "5aA", "5AA"), true
	})
	text, hash := payload(s.signedReceipt), s.receipt.QuoteHash
	members := []change{
		{"swap_id", swapID, otherID}, {"quote_id", quoteID, "quote_01kdyak348ysd8ajrjmmt8xec5"}, {"quote_hash", hash, zeroHash},
		{"deposit_chain", `"deposit_chain":"bitcoin"`, `"deposit_chain":"ethereum"`}, {"deposit_asset", `"deposit_asset":"BTC"`, `"deposit_asset":"ETH"`},
		{"deposit_address", deposit, refund}, {"deposit_path", "0/0", "0/1"}, {"payout_address", payout, stranger}, {"refund_address", refund, deposit},
		{"policy", `"on_late":"refund"`, `"on_late":"keep"`}, {"secret_hash", s.receipt.SecretHash, otherHash},
		{"issued_at", "03:04:06.5Z", "03:04:05.5Z"}, {"deposit_by", "03:24:06.5Z", "03:34:06.5Z"}, {"confirm_by", "05:04:06.5Z", "05:14:06.5Z"},
	}
	for _, c := range members {
		s.receiptCase("tampered "+c.name, "signed_receipt", part(s.signedReceipt, 1, encoded(replaced(text, c.old, c.by))))
	}
	signed := func(c change) string {
		return sign(header(swap.TypeReceipt, s.attestKey), replaced(text, c.old, c.by), s.attestKey)
	}
	// Another swap's receipt: genuine, and not ours.
	for _, c := range []struct {
		change
		refused string
	}{
		{change{"of another swap with our quote, to its own payout address", payout, stranger}, "signed_receipt.payout_address"},
		{change{"of another swap with our quote, with its own secret", s.receipt.SecretHash, otherHash}, "signed_receipt.secret_hash"},
		{change{"of another quote", quoteID, "quote_01kdyak348ysd8ajrjmmt8xec5"}, "signed_receipt"},
		{change{"of another text of the quote", hash, otherHash}, "signed_receipt"},
		{change{"on another chain", `"deposit_chain":"bitcoin"`, `"deposit_chain":"ethereum"`}, "signed_receipt"},
		{change{"for another asset", `"deposit_asset":"BTC"`, `"deposit_asset":"ETH"`}, "signed_receipt"},
		{change{"with the client's refund address as deposit address", deposit, refund}, "signed_receipt.deposit_address"},
		{change{"with a later deposit_by than quoted", "03:24:06.5Z", "03:34:06.5Z"}, "signed_receipt.deposit_by"},
		{change{"with a later confirm_by than quoted", "05:04:06.5Z", "05:14:06.5Z"}, "signed_receipt.confirm_by"},
		{change{"with a policy that is not offered", `"on_late":"refund"`, `"on_late":"keep"`}, "signed_receipt"},
		{change{"with a tolerance beyond the most", `"tolerance_bps":0`, `"tolerance_bps":1001`}, "signed_receipt"},
		{change{"with a tolerance below nothing", `"tolerance_bps":0`, `"tolerance_bps":-1`}, "signed_receipt"},
		{change{"with a tolerance as a text", `"tolerance_bps":0`, `"tolerance_bps":"0"`}, "signed_receipt"},
		{change{"without a tolerance", `,"tolerance_bps":0`, ""}, "signed_receipt"},
		{change{"with another tolerance than asked", `"tolerance_bps":0`, `"tolerance_bps":100`}, "signed_receipt.policy"},
		{change{"with a refund address left open that was asked for", refund, ""}, "signed_receipt.refund_address"},
		{change{"with a malformed swap id", swapID, "swap_1"}, "signed_receipt"},
		{change{"with a hash that is none", s.receipt.SecretHash, "abc"}, "signed_receipt"},
		{change{"without a path", "m/84'/1'/0'/0/0", ""}, "signed_receipt"},
		{change{"with a time in another zone", "05:04:06.5Z", "06:04:06.5+01:00"}, "signed_receipt"},
		{change{"with deadlines out of order", "05:04:06.5Z", "03:04:07.5Z"}, "signed_receipt"},
	} {
		s.receiptCase(c.name+", signed", c.refused, signed(c.change))
	}
	s.receiptCase("with a refund address that was to be left open", "signed_receipt.refund_address", s.signedReceipt, func(c *Case) { c.Ask.RefundAddress = "" })
	s.receiptCase("with the refund address left open, as asked", "", signed(change{old: refund, by: ""}), func(c *Case) { c.Ask.RefundAddress = "" })
	s.receiptCase("with every answer there is, as asked", "",
		signed(change{old: `"on_short":"refund","on_over":"refund"`, by: `"on_short":"requote","on_over":"ask"`}), func(c *Case) {
			c.Ask.Policy = &swap.Policy{OnShort: swap.AnswerRequote, OnOver: swap.AnswerAsk, OnLate: swap.AnswerRefund, OnExtra: swap.AnswerRefund}
		})
	s.receiptCase("issued long before the quote, signed", "signed_receipt.issued_at", signed(change{old: "03:04:06.5Z", by: "03:03:04.9Z"}))
	s.receiptCase("with a deposit address of another network, signed", "signed_receipt.deposit_address",
		signed(change{old: deposit, by: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}), func(c *Case) { c.NeedsAddressCodec = true })
	s.receiptCase("with a mistyped deposit address, signed", "signed_receipt.deposit_address",
		signed(change{old: deposit, by: replaced(deposit, "sb1qw5", "sb1qw4")}), func(c *Case) { c.NeedsAddressCodec = true })
}
