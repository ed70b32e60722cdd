package liquidity_test

import (
	"encoding/json"
	"testing"

	"connectrpc.com/connect"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	ferryv1 "ferry/swap/rpc/ferry/v1"
	"ferry/swap/swaptest"
)

// A variable quote names limits and an estimate, with or without an amount; its rate is
// answered for a deposit within them, at today's price and the quote's fees.
func TestVariableRate(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, nil)
	q := d.variableQuote(t, "")
	if !q.Variable || q.Deposit != q.DepositMin || q.DepositMax.Units.Less(q.DepositMin.Units) {
		t.Errorf("quote %+v", q)
	}
	if q = d.variableQuote(t, "0.01"); !q.Variable || q.Deposit != swaptest.Amount(asset.BTC, "0.01") || q.Payout.Units.IsZero() {
		t.Errorf("quote %+v", q)
	}
	terms := swaptest.NewTerms(t, d.signing, func(own *swap.Quote, r *swap.Receipt) {
		*own, r.QuoteID = q, q.ID
	})
	rate := asks(terms, 1)
	rate.Basis = swap.BasisDetected
	locked := asks(terms, 2)
	locked.Basis = swap.BasisLate
	d.ask(t, rate.SwapID, locked)
	d.becomes(t, liquidity.OutcomeFaulty)
	fixed := asks(d.terms(t), 3)
	fixed.Basis = swap.BasisDetected
	d.ask(t, fixed.SwapID, fixed)
	d.becomes(t, liquidity.OutcomeFaulty)
	d.ask(t, rate.SwapID, rate)
	d.becomes(t, liquidity.OutcomeRequoted)
	var body string
	var f swap.Fact
	if err := d.pool.QueryRow(t.Context(), "SELECT body::text FROM outbox WHERE topic = 'ferry.facts' ORDER BY xid DESC, id DESC LIMIT 1").Scan(&body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		t.Fatal(err)
	}
	requote, err := swap.VerifyRequote(f.Requoted.SignedRequote, d.signing.QuoteKeys())
	if err != nil {
		t.Fatal(err)
	}
	if err := terms.Permits(requote, rate.Deposits, nil, ""); err != nil || requote.ID != rate.ID {
		t.Errorf("requote %+v: %v", requote, err)
	}
}

// variableQuote asks for a variable rate of BTC to ETH.
func (d desk) variableQuote(t *testing.T, deposit string) swap.Quote {
	t.Helper()
	res, err := d.client.Lock(t.Context(), connect.NewRequest(&ferryv1.LockRequest{From: "BTC", To: "ETH", DepositAmount: deposit, Client: "alice", Variable: true}))
	if err != nil {
		t.Fatal(err)
	}
	q, err := swap.VerifyQuote(res.Msg.GetSignedQuote(), d.keys)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
