package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

// A quote without a locked price says so, with its limits; so does the swap, whose link
// names no amount; and the rate is shown once it is set.
func TestVariableSwap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, amounts := range map[string][]any{"none": nil, "a deposit": {"deposit_amount", "0.3"}} {
		q := into[api.Quote](t, b.send(t, http.MethodPost, "/v1/quotes",
			body(t, append([]any{"from", "BTC", "to", "ETH", "variable", true}, amounts...)...)), 201)
		if !q.Variable || q.DepositMin != "0.01" || q.DepositMax != "0.5" || q.DepositAmount == "" {
			t.Errorf("%s: quote %+v", name, q)
		}
		if name != "none" {
			continue
		}
		made := into[api.CreatedSwap](t, b.create(t, aKey, body(t, "signed_quote", q.SignedQuote, "payout_address", userETH, "refund_address", userBTC)), 201)
		if !made.Variable || made.DepositMin != "0.01" || made.DepositMax != "0.5" || made.PaymentUri != "bitcoin:"+made.DepositAddress {
			t.Errorf("made %+v", made)
		}
		s := b.look(t, made.Id)
		if !s.Variable || s.DepositMin != "0.01" || s.MissingAmount != "" || len(s.Rates) != 0 || s.PaymentUri != made.PaymentUri ||
			!strings.Contains(s.Message, "0.01 BTC to 0.5 BTC") {
			t.Errorf("shown %+v", s)
		}
		u := update(made.Id, 2, swap.DepositDetected)
		u.Rates = []swap.SetRate{{DepositID: "x:1", Asked: 1, Gone: true},
			{DepositID: depositID, Asked: 1, SignedRequote: "signed", Deposit: coins(t, asset.BTC, "0.2"), Payout: coins(t, asset.ETH, "5.5"), Rate: "27.6"}}
		b.told(t, u)
		want := api.SetRate{DepositId: depositID, DepositAmount: "0.2", PayoutAmount: "5.5", Rate: "27.6", SignedRequote: "signed"}
		if s = b.look(t, made.Id); len(s.Rates) != 1 || s.Rates[0] != want {
			t.Errorf("rates %+v", s.Rates)
		}
	}
}

// Whoever asks for a locked price is given none that is not, and the other way round.
func TestVariableIsNotSwappedForLocked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, variable := range []bool{true, false} {
		b.liquidity.tamper = func(q *swap.Quote) {
			q.Variable, q.DepositMin, q.DepositMax = !q.Variable, asset.Amount{}, asset.Amount{}
			if q.Variable {
				q.DepositMin, q.DepositMax = q.Deposit, q.Deposit
			}
		}
		if a := b.send(t, http.MethodPost, "/v1/quotes", body(t, "from", "BTC", "to", "ETH", "deposit_amount", "0.3", "variable", variable)); a.status != 500 {
			t.Errorf("variable %t: %d %s", variable, a.status, a.body)
		}
	}
	b.liquidity.tamper = nil
	if a := b.send(t, http.MethodPost, "/v1/quotes", body(t, "from", "BTC", "to", "ETH")); a.status != 422 {
		t.Errorf("without an amount: %d %s", a.status, a.body)
	}
}
