package liquidity_test

import (
	"encoding/json"
	"testing"
	"time"

	"ferry/liquidity"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/bus"
	"ferry/swap/swaptest"
)

// terms are a swap's of the desk's own quote, with a policy that requotes within 10 %.
func (d desk) terms(t *testing.T) swap.Terms {
	t.Helper()
	return swaptest.NewTerms(t, d.signing, func(_ *swap.Quote, r *swap.Receipt) {
		r.Policy = swap.DefaultPolicy()
		r.Policy.ToleranceBPS = swap.MaxToleranceBPS
	})
}

// asks is a request for the price of half a swap's deposit.
func asks(terms swap.Terms, n int) swap.RequoteRequest {
	deposit := swap.OrderDeposit{ID: "bitcoin:a:0", Amount: asset.Amount{Asset: asset.BTC, Units: asset.NewUnits(500_000)}}
	return swap.RequoteRequest{ID: swap.RequestID(deposit.ID, n), SwapID: terms.Receipt.SwapID, Main: true, Basis: swap.BasisMarket,
		Deposits: []swap.OrderDeposit{deposit}, SignedQuote: terms.SignedQuote, SignedReceipt: terms.SignedReceipt, At: time.Now()}
}

func (d desk) ask(t *testing.T, key string, request any) {
	t.Helper()
	if err := d.publisher.Publish(t.Context(), bus.TopicRequotes, key, bus.KindRequote, request); err != nil {
		t.Fatal(err)
	}
}

// becomes waits for what becomes of the next request.
func (d desk) becomes(t *testing.T, want string) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case got := <-d.requoted:
		if got != want {
			t.Errorf("the request was %s, want %s", got, want)
		}
	case <-limit.C:
		t.Fatalf("no request became %s", want)
	}
}

// Requests through Kafka: one is answered with a signed requote, once; what can't be
// read, or does not verify, stops nobody.
func TestRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	d := openForBusiness(t, nil)
	terms := d.terms(t)
	id := terms.Receipt.SwapID
	d.ask(t, id, "no request")
	d.becomes(t, liquidity.OutcomeFaulty)
	other := asks(terms, 1)
	other.SwapID = swap.NewID(swap.SwapPrefix, time.Now())
	d.ask(t, id, other) // under another swap's key
	d.becomes(t, liquidity.OutcomeFaulty)
	forged := asks(terms, 1)
	forged.SignedReceipt = forged.SignedQuote
	d.ask(t, id, forged)
	d.becomes(t, liquidity.OutcomeFaulty)
	d.ask(t, id, asks(terms, 2))
	d.becomes(t, liquidity.OutcomeRequoted)
	d.ask(t, id, asks(terms, 2))
	d.becomes(t, liquidity.OutcomeRepeated)

	var answers []swap.RequotedFact
	rows, err := d.pool.Query(t.Context(), "SELECT body::text FROM outbox WHERE topic = 'ferry.facts' AND key = $1 ORDER BY xid, id", id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var body string
		var f swap.Fact
		if err := rows.Scan(&body); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, *f.Requoted)
	}
	if len(answers) != 2 || answers[0].Refused != swap.RefusedUnavailable || answers[1].Refused != "" {
		t.Fatalf("answers %+v", answers)
	}
	requote, err := swap.VerifyRequote(answers[1].SignedRequote, d.signing.QuoteKeys())
	if err != nil {
		t.Fatal(err)
	}
	if err := terms.Permits(requote, asks(terms, 2).Deposits, nil, ""); err != nil {
		t.Error(err)
	}
	// 0.005 ÷ 0.036 × 99.8 % = 0.13861111; a 188th of it; 0.0005.
	if requote.Payout.String() != "0.13737381 ETH" || requote.ServiceFee.String() != "0.0007373 ETH" {
		t.Errorf("requote %+v", requote)
	}
}

// A request that comes before there is a price waits for it.
func TestRequestWaitsForAPrice(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.wallet.set(asset.BTC, "10", "")
	d.wallet.set(asset.ETH, "100", "")
	terms := d.terms(t)
	d.ask(t, terms.Receipt.SwapID, asks(terms, 1))
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-d.failed:
	case <-limit.C:
		t.Fatal("the request was not looked at")
	}
	d.venue.quote(3_500_000, 3_600_000)
	d.becomes(t, liquidity.OutcomeRequoted)
}
