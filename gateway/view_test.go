package gateway_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"ferry/gateway/api"
	"ferry/swap"
	"ferry/swap/asset"
)

func (b *bundle) look(t testing.TB, id string) api.Swap {
	t.Helper()
	return into[api.Swap](t, b.send(t, http.MethodGet, "/v1/swaps/"+id, ""), 200)
}

// The policy of a request is completed with the default and shown back, by the quote
// and by the swap, whose receipt has it.
func TestPolicyIsShownBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := map[string]any{"on_late": "ask", "tolerance_bps": 0}
	want := api.Policy{OnShort: "requote", OnOver: "requote", OnLate: "ask", OnExtra: "refund", ToleranceBps: 0}
	q := into[api.Quote](t, b.send(t, http.MethodPost, "/v1/quotes",
		body(t, "from", "BTC", "to", "ETH", "deposit_amount", "0.5", "policy", ask)), 201)
	if q.Policy != want {
		t.Errorf("quoted with %+v", q.Policy)
	}
	made := b.openSwap(t, aKey, "policy", ask)
	terms, err := swap.DecodeTerms(b.look(t, made.Id).SignedQuote, made.SignedReceipt)
	if err != nil || made.Policy != want || b.look(t, made.Id).Policy != want ||
		terms.Receipt.Policy != (swap.Policy{OnShort: "requote", OnOver: "requote", OnLate: "ask", OnExtra: "refund"}) {
		t.Errorf("made with %+v, receipt %+v, %v", made.Policy, terms.Receipt.Policy, err)
	}
	plain := into[api.Quote](t, b.send(t, http.MethodPost, "/v1/quotes", `{"from":"BTC","to":"ETH","deposit_amount":"0.5"}`), 201)
	if plain.Policy != (api.Policy{OnShort: "requote", OnOver: "requote", OnLate: "requote", OnExtra: "refund", ToleranceBps: 100}) {
		t.Errorf("the default is %+v", plain.Policy)
	}
}

// After a part has come the link names what is missing, and what is missing is told;
// an update that contradicts the terms changes nothing.
func TestMissingAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	for i, c := range []struct {
		missing asset.Amount
		shown   string
	}{
		{coins(t, asset.BTC, "0.3"), "0.3"}, {asset.Amount{}, ""}, {coins(t, asset.BTC, "0.00000001"), "0.00000001"},
		{coins(t, asset.ETH, "0.3"), ""}, {coins(t, asset.BTC, "0.6"), ""}, {asset.Amount{Asset: asset.BTC}, ""},
	} {
		u := update(made.Id, int64(i+1), swap.AwaitingDeposit)
		u.Missing = c.missing
		b.told(t, u)
		uri := made.PaymentUri
		if c.shown != "" {
			uri = strings.Replace(uri, "amount=0.5", "amount="+c.shown, 1)
		}
		if s := b.look(t, made.Id); s.MissingAmount != c.shown || s.PaymentUri != uri || s.DepositAmount != "0.5" {
			t.Errorf("missing %s: shown %q, link %s", c.missing, s.MissingAmount, s.PaymentUri)
		}
	}
}

// Each mismatch says what happened, who must act, by when, and what it would pay: at
// today's price where there is one, else at the one that was refused.
func TestMismatchesAreShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	if s := b.look(t, made.Id); s.Mismatches == nil || len(s.Mismatches) != 0 {
		t.Errorf("mismatches %+v", s.Mismatches)
	}
	by := swap.Millis(b.clock.now().Add(time.Hour)).UTC()
	asked := short(by)
	asked.Reason, asked.Offer = swap.RefusedBeyond, coins(t, asset.ETH, "0.200000001")
	list := []swap.Mismatch{asked,
		{ID: "x:2", Deposits: []string{"x:2", "x:3"}, Verdict: swap.VerdictLate, Wait: swap.WaitPrice, By: by, Asked: 1},
		{ID: "x:4", Deposits: []string{"x:4"}, Verdict: swap.VerdictExtra, Wait: swap.WaitAddress, Reason: "refund_address_needed"}}
	b.asks(t, made.Id, 3, list...)
	const answer = "Answer with the swap's secret by "
	day := by.Format("2006-01-02 15:04:05 UTC")
	want := []api.Mismatch{
		{DepositId: depositID, DepositIds: []string{depositID}, Amount: "0.2", Verdict: "short", Main: true, WaitsFor: "answer", NextActor: "user",
			Reason: "beyond_tolerance", ActBy: api.MillisOf(by), OfferAmount: "0.200000001", SuggestedAtLeast: "0.198",
			Message: "A deposit is less than the terms say, and the rest did not come in time. " + answer + day +
				" whether it is to be swapped for about 0.200000001 ETH or refunded; without an answer it is refunded."},
		{DepositId: "x:2", DepositIds: []string{"x:2", "x:3"}, Verdict: "late", WaitsFor: "price", NextActor: "ferry", ActBy: api.MillisOf(by),
			Message: "What was deposited came too late. We ask for today's price; there is nothing for you to do."},
		{DepositId: "x:4", DepositIds: []string{"x:4"}, Verdict: "extra", WaitsFor: "address", NextActor: "user", Reason: "refund_address_needed",
			Message: "A deposit came after the swap was decided. It is to be refunded, and you have not said where to: set a refund address with the swap's secret. It is kept until you do."},
	}
	if got := b.look(t, made.Id).Mismatches; !reflect.DeepEqual(got, want) {
		t.Errorf("shown\n%+v, want\n%+v", got, want)
	}
	// Today's price is known: 0.2 BTC at 20, less the network fee.
	b.gateway.HearRate(b.rateRecord(t, "20"))
	if got := b.look(t, made.Id).Mismatches[0]; got.OfferAmount != "3.998" || got.SuggestedAtLeast != "3.95802" {
		t.Errorf("offered %s, at least %s", got.OfferAmount, got.SuggestedAtLeast)
	}
}

// A stream tells the same of each update, to whoever comes late too.
func TestStreamsTellOfMismatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.stream(t)
	made := b.openSwap(t, aKey, "refund_address", nil)
	u := update(made.Id, 1, swap.AwaitingDeposit)
	u.Actor, u.By, u.Missing = "user", u.At.Add(time.Hour), coins(t, asset.BTC, "0.3")
	b.told(t, u)
	asked := short(u.By)
	asked.Offer = coins(t, asset.ETH, "0.2")
	many := []swap.Mismatch{asked}
	for range 30 {
		many = append(many, swap.Mismatch{ID: "x", Deposits: []string{"x"}, Verdict: swap.VerdictExtra, Wait: swap.WaitAddress})
	}
	b.asks(t, made.Id, 2, many...)
	l := b.listen(t, made.Id)
	l.line()
	l.event() // the gateway's own
	if _, _, got := l.event(); got.MissingAmount != "0.3" || got.NextActor != "user" || got.ActBy != api.MillisOf(u.By) || got.Mismatches != nil {
		t.Errorf("first %+v", got)
	}
	if _, _, got := l.event(); got.Reason != "deposit_short" || len(got.Mismatches) != 20 || got.Mismatches[0].OfferAmount != "0.2" ||
		got.Mismatches[0].SuggestedAtLeast != "0.198" || got.Mismatches[0].Message == "" {
		t.Errorf("second %+v", got)
	}
	s := b.look(t, made.Id)
	if len(s.Mismatches) != 31 {
		t.Errorf("all of them are %d", len(s.Mismatches))
	}
	if got := s.Updates; len(got) != 3 || got[1].MissingAmount != "0.3" || got[1].NextActor != "user" || got[2].Reason != "deposit_short" {
		t.Errorf("the history is %+v", got)
	}
	for _, h := range s.Updates {
		if h.Mismatches != nil {
			t.Errorf("the history of the swap repeats %d mismatches", len(h.Mismatches))
		}
	}
}

// A payout that is not the quote's shows the documents it rests on.
func TestARequotedPayoutShowsItsDocuments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.openSwap(t, aKey)
	u := update(made.Id, 1, swap.PayoutQueued)
	order := swap.PayoutOrderID(made.Id)
	u.Payments = []swap.Payment{{OrderID: "refund:x", Purpose: swap.PurposeRefund, Amount: coins(t, asset.BTC, "0.1")},
		{OrderID: order, Purpose: swap.PurposePayout, Amount: coins(t, asset.ETH, "0.2")}}
	u.Requotes = []swap.Repriced{{OrderID: order, SignedRequote: "r", SignedConsent: "c"}}
	b.told(t, u)
	if p := b.look(t, made.Id).Payments; len(p) != 2 || p[0].SignedRequote != "" || p[1].SignedRequote != "r" || p[1].SignedConsent != "c" {
		t.Errorf("shown %+v", p)
	}
}
