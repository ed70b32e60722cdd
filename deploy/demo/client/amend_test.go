package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

const (
	firstID  = "bitcoin:1111111111111111111111111111111111111111111111111111111111111111:0"
	secondID = "bitcoin:2222222222222222222222222222222222222222222222222222222222222222:1"
)

// openTerms are those of a swap with the default policy that left its refund address open.
func openTerms(t *testing.T) swap.Terms {
	t.Helper()
	return swaptest.NewTerms(t, swaptest.NewKeys(), func(_ *swap.Quote, r *swap.Receipt) {
		r.DepositAddress, r.RefundAddress, r.Policy, r.SecretHash = swaptest.BitcoinAddress, "", swap.DefaultPolicy(), swap.HashDocument(secret)
	})
}

// amender answers as the gateway does, over what garble changed.
func amender(t *testing.T, terms swap.Terms, garble func(*swap.Consent, *swap.RefundAddress)) (c *Client, sent *[]string) {
	t.Helper()
	sent = &[]string{}
	now := swaptest.Start.Add(time.Hour)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		*sent = append(*sent, r.Method+" "+r.URL.Path)
		hash := swap.HashDocument(terms.SignedReceipt)
		consent := swap.Consent{SwapID: terms.Receipt.SwapID, ReceiptHash: hash, DepositID: body["deposit_id"], Answer: swap.Answer(body["answer"]), IssuedAt: now}
		if consent.Answer == swap.AnswerRequote {
			consent.AtLeast = swaptest.Amount(asset.ETH, body["at_least"])
		}
		address := swap.RefundAddress{SwapID: terms.Receipt.SwapID, ReceiptHash: hash, RefundAddress: body["refund_address"], IssuedAt: now}
		if body["secret"] != secret {
			answer(t, w, 403, `{"code":"wrong_secret","detail":"No."}`)
			return
		}
		garble(&consent, &address)
		signed, err := swap.SignConsent(consent, swaptest.NewKeys().Attest)
		member := "signed_consent"
		if strings.HasSuffix(r.URL.Path, "/refund-address") {
			member = "signed_refund_address"
			signed, err = swap.SignRefundAddress(address, swaptest.NewKeys().Attest)
		}
		if err != nil {
			t.Error(err)
		}
		answer(t, w, 200, `{"`+member+`":"`+signed+`"}`)
	}))
	t.Cleanup(server.Close)
	keys := swaptest.NewKeys()
	c, err := New(Config{URL: server.URL, Networks: swaptest.Networks, QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys(),
		Now: func() time.Time { return now }})
	must(t, err)
	return c, sent
}

func TestAmendmentsAreVerified(t *testing.T) {
	t.Parallel()
	terms := openTerms(t)
	honest, sent := amender(t, terms, func(*swap.Consent, *swap.RefundAddress) {})
	ask := AnswerRequest{Secret: secret, DepositID: firstID, Answer: swap.AnswerRequote, AtLeast: "0.1"}
	consent, err := honest.Answer(t.Context(), terms, ask)
	if err != nil || consent.AtLeast != swaptest.Amount(asset.ETH, "0.1") {
		t.Errorf("%+v, %v", consent, err)
	}
	if consent, err = honest.Answer(t.Context(), terms, AnswerRequest{Secret: secret, DepositID: firstID, Answer: swap.AnswerRefund}); err != nil || consent.Answer != swap.AnswerRefund {
		t.Errorf("%+v, %v", consent, err)
	}
	if set, err := honest.SetRefundAddress(t.Context(), terms, secret, refund); err != nil || set.RefundAddress != refund {
		t.Errorf("%+v, %v", set, err)
	}
	path := "POST /v1/swaps/" + terms.Receipt.SwapID
	if got := strings.Join(*sent, ", "); got != path+"/answer, "+path+"/answer, "+path+"/refund-address" {
		t.Errorf("sent %s", got)
	}
	var p *Problem
	if _, err := honest.SetRefundAddress(t.Context(), terms, "guess", refund); !errors.As(err, &p) || p.Code != swap.CodeWrongSecret || len(*sent) != 4 {
		t.Errorf("with another secret: %v", err)
	}
	liar, _ := amender(t, terms, func(c *swap.Consent, a *swap.RefundAddress) {
		c.AtLeast, a.RefundAddress = swaptest.Amount(asset.ETH, "0.01"), "sb1qsomebodyelse"
	})
	var refusal *Refusal
	if _, err := liar.Answer(t.Context(), terms, ask); !errors.As(err, &refusal) || refusal.Field != "signed_consent.at_least" {
		t.Errorf("a smaller least: %v", err)
	}
	if _, err := liar.SetRefundAddress(t.Context(), terms, secret, refund); !errors.As(err, &refusal) || refusal.Field != "signed_refund_address.refund_address" {
		t.Errorf("another address: %v", err)
	}
}

// shown is how a swap of 0.004 BTC in two deposits, requoted, is shown, with a refund
// of a third.
func shown(t *testing.T, terms swap.Terms) Swap {
	t.Helper()
	deposits := []swap.OrderDeposit{{ID: firstID, Amount: swaptest.Amount(asset.BTC, "0.001")}, {ID: secondID, Amount: swaptest.Amount(asset.BTC, "0.003")}}
	requote, err := swap.SignRequote(swap.Requote{ID: swap.RequestID(firstID, 1), SwapID: terms.Receipt.SwapID,
		ReceiptHash: swap.HashDocument(terms.SignedReceipt), Main: true, DepositsHash: swap.HashDeposits(deposits),
		Deposit: swaptest.Amount(asset.BTC, "0.004"), Payout: swaptest.Amount(asset.ETH, "0.1117"), ServiceFee: swaptest.Amount(asset.ETH, "0.0006"),
		NetworkFee: swaptest.Amount(asset.ETH, "0.0005"), Rate: "28.2", IssuedAt: swaptest.Start.Add(time.Minute)}, swaptest.NewKeys().Quote)
	must(t, err)
	r, q := terms.Receipt, terms.Quote
	return Swap{ID: r.SwapID, DepositAmount: "0.01", DepositAddress: r.DepositAddress, PaymentURI: "bitcoin:" + r.DepositAddress + "?amount=0.01",
		PayoutAmount: q.Payout.Decimal(), PayoutAddress: r.PayoutAddress, RefundAddress: refund, Policy: r.Policy,
		Deposits: []Deposit{{ID: secondID, Amount: "0.003"}, {ID: firstID, Amount: "0.001"}, {ID: "bitcoin:3:0", Amount: "0.02"}},
		Payments: []Payment{
			{Purpose: swap.PurposePayout, DepositIDs: []string{firstID, secondID}, Asset: asset.ETH, Amount: "0.1117", Destination: r.PayoutAddress, SignedRequote: requote},
			{Purpose: swap.PurposeRefund, DepositIDs: []string{"bitcoin:3:0"}, Asset: asset.BTC, Amount: "0.01998", Destination: refund}}}
}

func TestWhatIsShownIsVerified(t *testing.T) {
	t.Parallel()
	terms := openTerms(t)
	c, _ := amender(t, terms, nil)
	for name, test := range map[string]struct {
		edit  func(*Swap)
		field string
	}{
		"honest": {func(*Swap) {}, ""},
		"a part has come": {func(s *Swap) {
			s.MissingAmount, s.PaymentURI = "0.004", strings.Replace(s.PaymentURI, "0.01", "0.004", 1)
		}, ""},
		"an address set a moment ago":  {func(s *Swap) { s.RefundAddress, s.Payments = "", s.Payments[:1] }, ""},
		"a link to somewhere else":     {func(s *Swap) { s.PaymentURI = "bitcoin:" + refund + "?amount=0.01" }, "payment_uri"},
		"a link of more":               {func(s *Swap) { s.PaymentURI += "0" }, "payment_uri"},
		"a link of what is here":       {func(s *Swap) { s.MissingAmount = "0.004" }, "payment_uri"},
		"more missing than there was":  {func(s *Swap) { s.MissingAmount = "0.011" }, "missing_amount"},
		"another deposit address":      {func(s *Swap) { s.DepositAddress = refund }, "deposit_address"},
		"another refund address":       {func(s *Swap) { s.RefundAddress = "sb1qx" }, "refund_address"},
		"another policy":               {func(s *Swap) { s.Policy.OnExtra = swap.AnswerRequote }, "policy"},
		"a smaller payout":             {func(s *Swap) { s.Payments[0].Amount = "0.1116" }, "payments.amount"},
		"a payout to somebody else":    {func(s *Swap) { s.Payments[0].Destination = strange }, "payments.destination"},
		"a payout without its requote": {func(s *Swap) { s.Payments[0].SignedRequote = "" }, "payments.amount"},
		"a payout of other deposits":   {func(s *Swap) { s.Payments[0].DepositIDs = []string{firstID} }, "signed_requote"},
		"a payout of no deposit":       {func(s *Swap) { s.Payments[0].DepositIDs = nil }, "payments.deposit_ids"},
		"a deposit that is not shown":  {func(s *Swap) { s.Deposits = s.Deposits[1:] }, "payments.deposit_ids"},
		"a deposit of another amount":  {func(s *Swap) { s.Deposits[0].Amount = "0.004" }, "signed_requote"},
		"a refund to somebody else":    {func(s *Swap) { s.Payments[1].Destination = strange }, "payments.destination"},
		"a refund less too much":       {func(s *Swap) { s.Payments[1].Amount = "0.01997999" }, "payments.amount"},
		"a refund of more":             {func(s *Swap) { s.Payments[1].Amount = "0.02000001" }, "payments.amount"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shown(t, terms)
			test.edit(&s)
			err := c.CheckShown(terms, s, refund)
			var refusal *Refusal
			if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &refusal) || refusal.Field != test.field) {
				t.Errorf("got %v, want a refusal of %q", err, test.field)
			}
		})
	}
}
