package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"ferry/swap"
	"ferry/swap/bus"
	"ferry/swap/ledger"
	"ferry/swap/swaptest"
)

// asked is a swap whose user is asked about a deposit that is too much, with its terms.
func (b *bundle) asked(t *testing.T) (id string, terms swap.Terms) {
	t.Helper()
	terms = swaptest.NewTerms(t, b.keys, func(_ *swap.Quote, r *swap.Receipt) {
		r.Policy.OnOver, r.RefundAddress = swap.AnswerAsk, ""
	})
	b.handle(t, creation(terms), b.over(terms))
	return terms.Receipt.SwapID, terms
}

// over is the fact of a deposit of twice the amount.
func (b *bundle) over(terms swap.Terms) swap.Fact {
	f := deposit(terms, swap.FactDepositConfirmed)
	f.Deposit.Amount = swaptest.Amount(terms.Quote.Deposit.Asset, "0.02")
	return f
}

// answer is the user's yes, for any payout.
func (b *bundle) answer(t *testing.T, terms swap.Terms) swap.Fact {
	t.Helper()
	signed, err := swap.SignConsent(swap.Consent{SwapID: terms.Receipt.SwapID, ReceiptHash: swap.HashDocument(terms.SignedReceipt),
		DepositID: b.over(terms).Deposit.DepositID, Answer: swap.AnswerRequote,
		AtLeast: swaptest.Amount(terms.Quote.Payout.Asset, "0.1"), IssuedAt: swaptest.Start}, b.keys.Attest)
	if err != nil {
		t.Fatal(err)
	}
	return swap.Fact{Kind: swap.FactAnswered, SwapID: terms.Receipt.SwapID, At: swaptest.Start.Add(time.Hour),
		Answered: &swap.AnsweredFact{SignedConsent: signed}}
}

// Test: what was added to the terms, and what is not settled, is loaded as it was
// stored; a change of it in what was loaded changes nothing that is stored.
func testAmended(t *testing.T, b *bundle) {
	id, terms := b.asked(t)
	loaded := b.load(t, id).Swap
	if len(loaded.Amended.Mismatches) != 1 || loaded.State != swap.Held {
		t.Fatalf("loaded %+v", loaded)
	}
	m := loaded.Amended.Mismatches[0]
	if m.Wait != swap.WaitAnswer || m.ID != loaded.Deposits[0].ID || !m.By.Equal(swaptest.Start.Add(time.Minute+24*time.Hour)) {
		t.Errorf("the mismatch is %+v", m)
	}
	loaded.Amended.Mismatches[0].Wait = swap.WaitAddress
	if again := b.load(t, id).Swap.Amended.Mismatches[0]; again.Wait != swap.WaitAnswer {
		t.Errorf("loaded again: %+v", again)
	}
	signed, err := swap.SignRefundAddress(swap.RefundAddress{SwapID: id, ReceiptHash: swap.HashDocument(terms.SignedReceipt),
		RefundAddress: swaptest.BitcoinAddress, IssuedAt: swaptest.Start}, b.keys.Attest)
	if err != nil {
		t.Fatal(err)
	}
	staff := swap.Fact{Kind: swap.FactStaffAction, SwapID: id, At: swaptest.Start.Add(time.Hour),
		Staff: &swap.StaffFact{RequestID: "r", Actor: "ada", Action: swap.StaffRefund, Reason: "asked"}}
	b.handle(t, swap.Fact{Kind: swap.FactRefundAddressSet, SwapID: id, At: swaptest.Start.Add(time.Hour),
		Refund: &swap.RefundAddressFact{SignedRefundAddress: signed}}, staff)
	amended := b.load(t, id).Swap.Amended
	if amended.SignedRefundAddress != signed || amended.RefundAddress != swaptest.BitcoinAddress || len(amended.Mismatches) != 1 ||
		len(amended.Staff) != 1 || amended.Staff[0].StaffFact != *staff.Staff {
		t.Errorf("then %+v", amended)
	}
}

// Test: a request for a price is told once, with the batch that asks for it, and what
// it is for stays on the deposit's account.
func testRequests(t *testing.T, b *bundle) {
	id, terms := b.asked(t)
	answer := b.record(t, b.answer(t, terms))
	for range 2 {
		if err := b.handler.Handle(t.Context(), b.batch(answer)); err != nil {
			t.Fatal(err)
		}
	}
	var requests []swap.RequoteRequest
	for _, m := range b.Outbox(t) {
		if m.Topic != bus.TopicRequotes {
			continue
		}
		r, err := bus.Record{Topic: m.Topic, Key: m.Key, Kind: m.Kind, Body: m.Body}.RequoteRequest()
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, r)
	}
	got := b.load(t, id).Swap
	if len(requests) != 1 || requests[0].ID != swap.RequestID(got.Deposits[0].ID, 1) || requests[0].SignedConsent == "" ||
		requests[0].SignedConsent != got.Amended.Mismatches[0].SignedConsent {
		t.Errorf("requests are %+v, the mismatch is %+v", requests, got.Amended.Mismatches)
	}
	if owed := b.Balance(t, ledger.SwapDeposit(id), terms.Quote.Deposit.Asset); owed != "-2000000" {
		t.Errorf("the deposit account is %s", owed)
	}
}

// Test: a deadline replaces one of the same name, in a later batch and within one, and
// no other; the one that was replaced is never told.
func testReplacedDeadlines(t *testing.T, b *bundle) {
	id, terms := b.asked(t)
	other, _ := b.asked(t)
	b.handle(t, b.answer(t, terms)) // now a price is waited for: ten minutes from then
	due := swaptest.Start.Add(time.Hour + 10*time.Minute)
	wantDue := func(now time.Time, want map[string]time.Time) {
		t.Helper()
		before := len(b.Outbox(t))
		if _, err := b.Store.TellDue(t.Context(), now, 100); err != nil {
			t.Fatal(err)
		}
		got := map[string]time.Time{}
		for _, m := range b.Outbox(t)[before:] {
			var f swap.Fact
			if err := json.Unmarshal(m.Body, &f); err != nil {
				t.Fatal(err)
			}
			if f.Deadline.Name != swap.DeadlineDepositBy && f.Deadline.Name != swap.DeadlineConfirmBy {
				got[f.SwapID] = f.Deadline.Due
			}
		}
		if len(got) != len(want) {
			t.Fatalf("told %v, want %v", got, want)
		}
		for swapID, at := range want {
			if !got[swapID].Equal(at) {
				t.Errorf("%s was due at %s, want %s", swapID, got[swapID], at)
			}
		}
	}
	wantDue(due.Add(-time.Millisecond), nil)
	wantDue(due, map[string]time.Time{id: due})
	wantDue(swaptest.Start.Add(48*time.Hour), map[string]time.Time{other: swaptest.Start.Add(time.Minute + 24*time.Hour)})

	// Both at once: asked, and answered in the same batch.
	last := swaptest.NewTerms(t, b.keys, func(_ *swap.Quote, r *swap.Receipt) { r.Policy.OnOver = swap.AnswerAsk })
	b.handle(t, creation(last), b.over(last), b.answer(t, last))
	wantDue(due, map[string]time.Time{last.Receipt.SwapID: due})
	wantDue(swaptest.Start.Add(48*time.Hour), nil)
}
