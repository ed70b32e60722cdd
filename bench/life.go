package main

import (
	"crypto/sha256"
	"fmt"
	"time"

	"ferry/statemachine"
	"ferry/swap"
	"ferry/swap/asset"
)

var rules = statemachine.Rules{QuoteKeys: public(quoteKey), AttestKeys: public(attestKey)}

// lifeLength is how many facts a swap goes through from creation to settlement
// when nothing unusual happens: the mix of transitions that rows are made of.
const lifeLength = 8

// facts are those of one swap, in order, from the two outboxes that tell them.
func facts(t swap.Terms) []swap.Fact {
	id, q := t.Receipt.SwapID, t.Quote
	at := q.IssuedAt
	txid := fmt.Sprintf("%x", sha256.Sum256([]byte(id)))
	depositID := "bitcoin:" + txid + ":0"
	var all []swap.Fact
	add := func(source string, f swap.Fact) {
		at = at.Add(time.Second)
		f.SwapID, f.At, f.Source, f.Seq = id, at, source, int64(len(all)+1)
		all = append(all, f)
	}
	deposit := func(kind swap.FactKind, confirmations int64) {
		add("hotwallet", swap.Fact{Kind: kind, Deposit: &swap.DepositFact{DepositID: depositID, TxID: txid,
			Address: t.Receipt.DepositAddress, Amount: q.Deposit, Confirmations: confirmations, Needed: 3, Height: 100,
			FirstSeen: q.IssuedAt, BlockTime: at, ConfirmedAt: at, DustThreshold: asset.NewUnits(1000)}})
	}
	payment := func(kind swap.FactKind) {
		add("hotwallet", swap.Fact{Kind: kind, Payment: &swap.PaymentFact{OrderID: swap.PayoutOrderID(id), Purpose: swap.PurposePayout,
			Amount: q.Payout, Destination: t.Receipt.PayoutAddress, TxID: "0x" + txid,
			Fee: asset.NewUnits(42_000_000_000_000), Height: 200}})
	}
	add("gateway", swap.Fact{Kind: swap.FactSwapCreated, Created: &swap.CreatedFact{SignedQuote: t.SignedQuote, SignedReceipt: t.SignedReceipt}})
	deposit(swap.FactDepositSeen, 0)
	deposit(swap.FactDepositInBlock, 1)
	deposit(swap.FactDepositConfirmed, 3)
	payment(swap.FactPaymentQueued)
	payment(swap.FactPaymentBroadcast)
	payment(swap.FactPaymentConfirmed)
	payment(swap.FactPaymentFinal)
	return all
}

// life folds a new swap's facts one by one: what Apply is given for each of them.
func life(now time.Time) ([]statemachine.Folded, error) {
	terms, err := newTerms(now)
	if err != nil {
		return nil, err
	}
	var steps []statemachine.Folded
	var c statemachine.Case
	for _, fact := range facts(terms) {
		f, err := rules.Fold(fact.SwapID, c, []swap.Fact{fact})
		if err != nil {
			return nil, err
		}
		if len(f.Events) != 1 {
			return nil, fmt.Errorf("fact %s of %s was not applied: %v", fact.Kind, fact.SwapID, f.Park)
		}
		steps, c = append(steps, f), statemachine.Case{Swap: f.Swap}
	}
	if c.Swap.State != swap.Settled || len(steps) != lifeLength {
		return nil, fmt.Errorf("%d facts left swap %s %s", len(steps), c.Swap.ID, c.Swap.State)
	}
	return steps, nil
}

// lives are n swaps'.
func lives(n int) ([][]statemachine.Folded, error) {
	all := make([][]statemachine.Folded, n)
	for i := range all {
		var err error
		if all[i], err = life(time.Now()); err != nil {
			return nil, err
		}
	}
	return all, nil
}
