package statemachine_test

import (
	"fmt"
	"testing"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
	"ferry/swap/swaptest"
)

// story feeds facts about one swap to Fold and keeps what came of them.
type story struct {
	t     testing.TB
	rules statemachine.Rules
	terms swap.Terms
	seq   map[string]int64
	swap  *swap.Swap
	park  []swap.Fact
	all   statemachine.Folded
	// booked are the keys of all entries: each is booked once.
	booked map[string]bool
}

func newStory(t testing.TB) *story {
	keys := swaptest.NewKeys()
	return &story{t: t, rules: statemachine.Rules{QuoteKeys: keys.QuoteKeys(), AttestKeys: keys.AttestKeys()},
		terms: swaptest.NewTerms(t, keys, nil), seq: map[string]int64{}, booked: map[string]bool{}}
}

// created is a story whose swap exists.
func created(t testing.TB) *story {
	s := newStory(t)
	s.tell(s.creation())
	return s
}

func (s *story) creation() swap.Fact {
	return s.stamp("gateway", swap.Fact{Kind: swap.FactSwapCreated, At: swaptest.Start, Created: &swap.CreatedFact{
		SignedQuote: s.terms.SignedQuote, SignedReceipt: s.terms.SignedReceipt}})
}

func (s *story) stamp(source string, f swap.Fact) swap.Fact {
	s.seq[source]++
	f.SwapID, f.Source, f.Seq = s.terms.Receipt.SwapID, source, s.seq[source]
	if err := f.Validate(); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// deposit is a fact about deposit number n at a time after Start.
func (s *story) deposit(kind swap.FactKind, n int, amount string, after time.Duration) swap.Fact {
	at := swaptest.Start.Add(after)
	f := &swap.DepositFact{DepositID: fmt.Sprintf("bitcoin:tx%d:0", n), TxID: fmt.Sprintf("tx%d", n),
		Address: s.terms.Receipt.DepositAddress, Amount: swaptest.Amount(asset.BTC, amount), Needed: 3,
		FirstSeen: at, DustThreshold: asset.NewUnits(1000)}
	if kind == swap.FactDepositConfirmed {
		f.Confirmations, f.Height, f.ConfirmedAt, f.BlockTime = 3, 7, at, at
	}
	return s.stamp("hotwallet", swap.Fact{Kind: kind, At: at, Deposit: f})
}

// reorged is the fact that deposit n was taken back after its payment was planned.
func (s *story) reorged(n int, amount string, after time.Duration) swap.Fact {
	f := s.deposit(swap.FactDepositReorged, n, amount, after)
	f.Deposit.Used = true
	return f
}

// payment is a fact about the story's i-th ordered payment.
func (s *story) payment(kind swap.FactKind, i int) swap.Fact {
	o := s.all.Orders[i]
	return s.stamp("hotwallet", swap.Fact{Kind: kind, At: swaptest.Start.Add(time.Hour), Payment: &swap.PaymentFact{
		OrderID: o.ID, Purpose: o.Purpose, Amount: o.Amount, Destination: o.Destination,
		TxID: "paytx", Fee: asset.NewUnits(21000), Height: 9, Reason: "status 0"}})
}

func (s *story) deadline(name swap.DeadlineName, due time.Time) swap.Fact {
	return s.stamp("swap", swap.Fact{Kind: swap.FactDeadlinePassed, At: due.Add(time.Second),
		Deadline: &swap.DeadlineFact{Name: name, Due: due}})
}

// tell folds one batch of facts and checks what must hold after every batch.
func (s *story) tell(facts ...swap.Fact) statemachine.Folded {
	s.t.Helper()
	f, err := s.rules.Fold(s.terms.Receipt.SwapID, statemachine.Case{Swap: s.swap, Parked: s.park}, facts)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range f.Entries {
		if err := e.Validate(); err != nil {
			s.t.Error(err)
		}
		if s.booked[e.Key] {
			s.t.Errorf("entry %s is booked twice", e.Key)
		}
		s.booked[e.Key] = true
	}
	for _, o := range f.Orders {
		if err := o.Validate(); err != nil {
			s.t.Error(err)
		}
	}
	s.swap = f.Swap
	for _, p := range f.Park {
		s.park = append(s.park, p.Fact)
	}
	for _, gone := range f.Unpark {
		for i, p := range s.park {
			if p.Source == gone.Source && p.Seq == gone.Seq {
				s.park = append(s.park[:i:i], s.park[i+1:]...)
				break
			}
		}
	}
	s.all.Events = append(s.all.Events, f.Events...)
	s.all.Entries = append(s.all.Entries, f.Entries...)
	s.all.Orders = append(s.all.Orders, f.Orders...)
	s.all.Updates = append(s.all.Updates, f.Updates...)
	s.all.Requests = append(s.all.Requests, f.Requests...)
	s.all.Deadlines = append(s.all.Deadlines, f.Deadlines...)
	return f
}

// wants checks the state, the verdict of the first deposit, and the orders.
func (s *story) wants(state swap.State, verdict swap.Verdict, orders ...string) {
	s.t.Helper()
	if s.swap == nil || s.swap.State != state {
		s.t.Fatalf("state is %v, want %s", s.swap, state)
	}
	if verdict != swap.VerdictNone && s.swap.Deposits[0].Verdict != verdict {
		s.t.Errorf("verdict is %q, want %q", s.swap.Deposits[0].Verdict, verdict)
	}
	var got []string
	for _, o := range s.all.Orders {
		got = append(got, fmt.Sprintf("%s %s to %s", o.Purpose, o.Amount, o.Destination))
	}
	if fmt.Sprint(got) != fmt.Sprint(orders) {
		s.t.Errorf("orders are %v, want %v", got, orders)
	}
}
