package main

import "ferry/swap"

// variable adds the cases on a quote whose rate is set when its deposit is detected: the
// same estimate, for 0.005 to 0.02 BTC.
func (s *set) variable() error {
	q := s.quote
	q.Variable, q.DepositMin, q.DepositMax = true, sat(500_000), sat(2_000_000)
	signed, err := swap.SignQuote(q, s.quoteKey)
	if err != nil {
		return err
	}
	asked := func(c *Case) { c.Ask.Variable = true }
	s.quoteCase("a variable rate, as asked", "", signed, asked)
	s.quoteCase("a variable rate where a locked price was asked", "signed_quote.variable", signed)
	s.quoteCase("a locked price where a variable rate was asked", "signed_quote.variable", s.signedQuote, asked)
	text := payload(signed)
	for _, c := range []change{
		{"a variable rate without its least deposit", `,"deposit_min":{"asset":"BTC","units":"500000"}`, ""},
		{"a variable rate with limits out of order", `"units":"2000000"`, `"units":"499999"`},
		{"a variable rate with a limit of nothing", `"units":"500000"`, `"units":"0"`},
		{"a variable rate with a limit in the wrong asset", `"deposit_max":{"asset":"BTC"`, `"deposit_max":{"asset":"ETH"`},
		{"a variable rate estimated beyond its limits", `"units":"500000"`, `"units":"1000001"`},
		{"limits with a locked price", `"variable":true,`, ""},
		{"a variable rate that says no", `"variable":true`, `"variable":false`},
	} {
		s.quoteCase(c.name+", signed", "signed_quote", sign(header(swap.TypeQuote, s.quoteKey), replaced(text, c.old, c.by), s.quoteKey), asked)
	}
	for _, p := range []swap.Policy{swap.RefundPolicy(), {OnShort: swap.AnswerRefund, OnOver: swap.AnswerRefund, OnLate: swap.AnswerRefund, OnExtra: swap.AnswerRequote}} {
		if err := s.rates(signed, p); err != nil {
			return err
		}
	}
	return nil
}

// rates adds the cases on requotes of a variable quote under a policy.
func (s *set) rates(signedQuote string, policy swap.Policy) error {
	receipt := s.receipt
	receipt.QuoteHash, receipt.Policy = swap.HashDocument(signedQuote), policy
	signedReceipt, err := swap.SignReceipt(receipt, s.attestKey)
	if err != nil {
		return err
	}
	one := []swap.OrderDeposit{{ID: firstID, Amount: sat(1_000_000)}}
	good := swap.Requote{ID: swap.RequestID(firstID, 1), SwapID: swapID, ReceiptHash: swap.HashDocument(signedReceipt), Main: true,
		Deposit: sat(1_000_000), Payout: wei(280_000_000_000_000_000), ServiceFee: wei(1_500_000_000_000_000), NetworkFee: wei(500_000_000_000_000),
		Rate: "28.2", IssuedAt: later}
	try := func(name, refused string, deposits []swap.OrderDeposit, edit func(*swap.Requote)) {
		r := good
		edit(&r)
		r.DepositsHash = swap.HashDeposits(deposits)
		signed, signErr := swap.Sign(swap.TypeRequote, r, s.quoteKey)
		if signErr != nil {
			err = signErr
			return
		}
		s.amended("requote", "variable, extra deposits "+string(policy.OnExtra)+": "+name, refused, signed, Ask{Deposits: deposits},
			[]func(*Case){receiptIs(signedReceipt), func(c *Case) { c.SignedQuote = signedQuote }})
	}
	const no = "signed_requote"
	extra := no
	if policy.OnExtra == swap.AnswerRequote {
		extra = ""
	}
	of := func(units uint64) []swap.OrderDeposit { return []swap.OrderDeposit{{ID: firstID, Amount: sat(units)}} }
	scaled := func(units uint64) func(*swap.Requote) {
		return func(r *swap.Requote) {
			r.Deposit, r.ServiceFee = sat(units), wei(units*1_500_000_000)
			r.Payout = wei(units*280_500_000_000 - 500_000_000_000_000)
		}
	}
	try("as estimated", "", one, func(*swap.Requote) {})
	try("better", "", one, func(r *swap.Requote) { r.Payout = wei(380_000_000_000_000_000) })
	// A tenth below 0.282 before fees, less a step of rounding.
	try("a tenth worse", "", one, func(r *swap.Requote) {
		r.Payout, r.ServiceFee = wei(251_950_000_000_000_000-9_999_999_999), wei(1_350_000_000_000_000)
	})
	try("worse than that", no, one, func(r *swap.Requote) {
		r.Payout, r.ServiceFee = wei(251_950_000_000_000_000-10_000_000_001), wei(1_350_000_000_000_000)
	})
	try("an extra deposit", extra, one, func(r *swap.Requote) { r.Main = false })
	try("the least deposit", "", of(500_000), scaled(500_000))
	try("less than the least", no, of(499_999), scaled(499_999))
	try("the greatest deposit", "", of(2_000_000), scaled(2_000_000))
	try("more than the greatest", no, of(2_000_001), scaled(2_000_001))
	try("two deposits", no, []swap.OrderDeposit{{ID: firstID, Amount: sat(500_000)}, {ID: secondID, Amount: sat(500_000)}}, func(*swap.Requote) {})
	return err
}
